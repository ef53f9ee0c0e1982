import { isJsonObject, type Json } from '../model/json.ts';
import { TRUST_SIGNAL } from '../model/statement.ts';
import type { RunState } from './state.ts';
import { verifyStatement } from './statements.ts';

/** The number of keys that a run may trust. */
const MAX_KEYS = 100;

/**
 * Takes the payload of a trust signal, which a key that the run trusts must have signed: keys that count from now on, and keys that no
 * longer do. No key revokes itself, and a key that was revoked is never trusted again.
 */
export function takeTrust(state: RunState, payload: Json): void {
  const verified = verifyStatement(state, TRUST_SIGNAL, payload, 'trust', () => false);
  if (verified === null || state.trust === null) return;
  const { add, revoke = [] } = verified.payload;
  const revoked = new Set(state.trust.revoked);
  for (const kid of Array.isArray(revoke) ? revoke : []) {
    if (typeof kid === 'string' && kid !== verified.proof.kid) revoked.add(kid);
  }
  const keys = [...Object.entries(state.trust.keys), ...keysAdded(add)].filter(([kid]) => !revoked.has(kid));
  state.trust = { keys: Object.fromEntries(keys.slice(0, MAX_KEYS)), revoked: [...revoked].slice(0, MAX_KEYS) };
}

/** Reads the keys that a trust statement adds, each with its thumbprint; ignores invalid ones. */
export function keysAdded(add: Json | undefined): [kid: string, x: string][] {
  return (Array.isArray(add) ? add : []).flatMap((key): [string, string][] =>
    isJsonObject(key) && typeof key.kid === 'string' && typeof key.x === 'string' ? [[key.kid, key.x]] : [],
  );
}
