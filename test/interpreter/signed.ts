import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { Execution } from '../../model/execution.ts';
import type { Decision } from '../../model/inquiry.ts';
import type { Json } from '../../model/json.ts';
import type { RunInput } from '../../model/run-input.ts';
import { createStatementSigner } from '../../service/statements/statements.ts';

/** Creates a signing key from 32 bytes that are all the same, so that every test run signs alike. */
export function testKey(byte: number) {
  const seed = Buffer.alloc(32, byte);
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
  const privateKey = createPrivateKey({ key: Buffer.concat([prefix, seed]), format: 'der', type: 'pkcs8' });
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const kid = createHash('sha256')
    .update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url');
  return {
    kid,
    x,
    privateKey,
    sign: (text: string) => sign(null, Buffer.from(text), privateKey).toString('base64url'),
  };
}

/** The key that runs of tests trust, and one that no run trusts. */
export const KEY = testKey(1);
export const FOREIGN_KEY = testKey(2);

export const signer = createStatementSigner([KEY]);

/** The additional fields in the input of a run that demands signed statements. */
export const SIGNED = { tenant: 'acme', blind: '00'.repeat(16), trust: signer.trust() };

/** A run as far as a signer needs it. */
export const placeOf = (run: RunInput, chain: string) => ({ run, runId: chain }) as Execution;

/** A decision of Ann's. */
export const annDecides = (inquiry: string, given: Partial<Decision> = {}): Decision => ({
  id: `decision about ${inquiry}`,
  inquiry,
  option: 'approve',
  response: { why: 'fine', n: 1.5 },
  comment: 'go',
  by: 'ann',
  names: ['ann@example.com'],
  groups: ['ops'],
  channel: 'api',
  at: '2026-01-01T00:00:01.000Z',
  bound_to: null,
  ...given,
});

/** The payload of a decision of Ann's, signed for a run. */
export const signedDecision = (run: RunInput, chain: string, decision: Decision, what?: string): Json =>
  signer.sealDecision(placeOf(run, chain), decision, what);
