import { randomUUID } from 'node:crypto';
import { AppError } from '../../model/app-error.ts';
import { IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_RULE } from '../../model/idempotency-key.ts';
import { canonicalJson, type Json } from '../../model/json.ts';
import { refusal } from '../../model/refusal.ts';
import type { IdempotencyKeyStore } from '../../store/executions/idempotency-keys.ts';
import { sha256Hex } from '../access/hash.ts';

/** An idempotency key: that of a caller, or the parts of one that Fermata makes. */
export type IdempotencyKey = string | readonly [string, string, ...string[]];

/**
 * Returns the stored form of an idempotency key. Fermata's own keys contain a line feed, which callers' keys cannot. Throws
 * `request_invalid` for a caller's key that is not 1 to 200 visible ASCII characters.
 */
export function idempotencyText(key: IdempotencyKey): string {
  if (typeof key !== 'string') return key.join('\n');
  if (IDEMPOTENCY_KEY.test(key)) return key;
  throw refusal('request_invalid', [
    { code: 'value_invalid', path: '/idempotency-key', message: IDEMPOTENCY_KEY_RULE },
  ]);
}

/** Returns the hash by which a request is compared with an earlier one. */
export function askedHash(asked: Json): string {
  return sha256Hex(canonicalJson(asked));
}

/**
 * Returns the id of a request, a UUID: the same one each time for a caller's key, and another one each time without a key. Throws
 * `request_invalid` for a key that no caller may give.
 */
export function deriveRequestId(tenant: string, key: string | undefined): string {
  if (key === undefined) return randomUUID();
  const digest = sha256Hex(`${tenant}\n${idempotencyText(key)}`);
  const variant = ((Number.parseInt(digest[16]!, 16) & 0b11) | 0b1000).toString(16);
  const parts = [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
  ];
  return [...parts, digest.slice(20, 32)].join('-');
}

/** Recognizes repeated requests by their idempotency keys. */
export interface Repeats {
  /**
   * Returns the number that the first request with a key has recorded, usually that of a run; null if there was none. Throws
   * `request_invalid` for a key that no caller may give, and `idempotency_mismatch` where the first request asked for something else.
   */
  find(tenant: string, key: IdempotencyKey, asked: Json): Promise<number | null>;
  /**
   * Reserves a key for a request that is about to be carried out, and returns the number with which it was first reserved. Of concurrent
   * requests, only those with the same content continue. Throws `idempotency_mismatch` for the others.
   */
  claim(tenant: string, key: IdempotencyKey, asked: Json, n: number): Promise<number>;
  /** Records that the request with a key was carried out, with the number by which a repetition finds the result. */
  note(tenant: string, key: IdempotencyKey, asked: Json, n: number): Promise<void>;
  /**
   * Acts once for a caller's key, and each time without one. `prepare` checks the request and chooses a number for it; `act` gets the
   * number that the first request with the key chose, and must be repeatable with it after a crash. Returns that number. Throws what
   * `find` and `claim` throw.
   */
  once(
    request: { tenant: string; key: string | undefined; asked: Json },
    prepare: () => Promise<number>,
    act: (n: number) => Promise<void>,
  ): Promise<number>;
}

/** Creates the memory of requests over a store. */
export function createRepeats(keys: Pick<IdempotencyKeyStore, 'find' | 'add'>): Repeats {
  const repeats: Repeats = {
    async find(tenant, key, asked) {
      const first = await keys.find(tenant, idempotencyText(key));
      if (first === null) return null;
      if (first.bodyHash !== askedHash(asked)) throw mismatch();
      return first.n;
    },

    async claim(tenant, key, asked, n) {
      const name = `${idempotencyText(key)}\nclaim`;
      await keys.add(tenant, { key: name, bodyHash: askedHash(asked), n });
      const first = await keys.find(tenant, name);
      if (first !== null && first.bodyHash !== askedHash(asked)) throw mismatch();
      return first?.n ?? n;
    },

    async note(tenant, key, asked, n) {
      await keys.add(tenant, { key: idempotencyText(key), bodyHash: askedHash(asked), n });
    },

    async once({ tenant, key, asked }, prepare, act) {
      const done = key === undefined ? null : await repeats.find(tenant, key, asked);
      if (done !== null) return done;
      const chosen = await prepare();
      const n = key === undefined ? chosen : await repeats.claim(tenant, key, asked, chosen);
      await act(n);
      if (key !== undefined) await repeats.note(tenant, key, asked, n);
      return n;
    },
  };
  return repeats;
}

/** Returns the refusal of a request whose key was used for another one. */
export function mismatch(): AppError {
  return new AppError('idempotency_mismatch', 'this Idempotency-Key has already been used with a different request');
}
