import { expect, it } from 'vitest';
import type { Execution } from '../../../model/execution.ts';
import { createAuthenticator } from '../../../service/starts/warrants.ts';
import type { SigningKeyRow } from '../../../store/access/signing-keys.ts';
import { FOREIGN_KEY, KEY, signer } from '../../interpreter/signed.ts';

const STARTED = Date.UTC(2026, 5, 1);
const run = { n: 7, trust: signer.trust(), tenant: 'acme', ref: 'r', hash: 'h' };
const start = { input: {}, run, memo: { tenant: 'acme' } } as unknown as Parameters<typeof signer.withWarrant>[0];
const memo = signer.withWarrant(start, STARTED);
const execution = { run, memo, startContent: memo.warrant!.statement.content } as unknown as Execution;

const row = ({ kid, x }: { kid: string; x: string }, revoked: number | null = null): SigningKeyRow => ({
  kid,
  x,
  sealed: null,
  created: new Date(0),
  retired: null,
  revoked: revoked === null ? null : new Date(revoked),
});

/** An authenticator over rows that may change, at a time that may change too. */
function scene(rows: SigningKeyRow[]) {
  const state = { rows, now: STARTED, reads: 0 };
  const list = async () => {
    state.reads += 1;
    return state.rows;
  };
  return { state, authenticate: createAuthenticator({ store: { list }, clock: () => state.now }) };
}

it.each<[string, SigningKeyRow[], boolean]>([
  ['of a key that counts', [row(FOREIGN_KEY), row(KEY)], true],
  ['of a key that was revoked later', [row(KEY, STARTED + 1)], true],
  ['of a key that was revoked before', [row(KEY, STARTED)], false],
  ['of a key that nobody knows', [row(FOREIGN_KEY)], false],
  ['of another key under its name', [{ ...row(FOREIGN_KEY), kid: KEY.kid }], false],
])('a warrant %s', async (_, rows, authentic) => {
  expect(await scene(rows).authenticate(execution)).toBe(authentic);
});

it.each<[string, SigningKeyRow[], boolean, SigningKeyRow[], boolean]>([
  ['revoked', [row(KEY)], true, [row(KEY, STARTED)], false],
  ['stored', [], false, [row(KEY)], true],
])('that a key was %s meanwhile is seen after seconds, and keys are not read each time', async (_, ...rest) => {
  const [before, atFirst, after, later] = rest;
  const { state, authenticate } = scene(before);
  expect([await authenticate(execution), await authenticate(execution), state.reads]).toEqual([atFirst, atFirst, 1]);
  state.rows = after;
  state.now += 10_000;
  expect([await authenticate(execution), await authenticate(execution), state.reads]).toEqual([later, later, 2]);
});
