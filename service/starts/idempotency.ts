import { AppError } from '../../model/app-error.ts';
import { IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_RULE } from '../../model/idempotency-key.ts';
import { canonicalJson, type Json } from '../../model/json.ts';
import { refusal } from '../../model/refusal.ts';
import type { IdempotencyKeyStore } from '../../store/executions/idempotency-keys.ts';
import { sha256Hex } from '../access/hash.ts';

/** What makes a request one however often it is sent: a key that a caller gives, or the parts of one that Fermata makes. */
export type IdempotencyKey = string | readonly [string, string, ...string[]];

/**
 * Returns the text that an idempotency key is kept as. What Fermata makes holds a line feed, so that no caller's key is the same.
 * Throws `request_invalid` for a caller's key that is not 1 to 200 visible ASCII characters.
 */
export function idempotencyText(key: IdempotencyKey): string {
  if (typeof key !== 'string') return key.join('\n');
  if (IDEMPOTENCY_KEY.test(key)) return key;
  throw refusal('request_invalid', [
    { code: 'value_invalid', path: '/idempotency-key', message: IDEMPOTENCY_KEY_RULE },
  ]);
}

/** Returns what is kept of what was asked, to tell another request with the same key. */
export function askedHash(asked: Json): string {
  return sha256Hex(canonicalJson(asked));
}

/** Knows requests again by their idempotency keys. */
export interface Repeats {
  /**
   * Returns the number of the run that the first request with a key was about; null: there was none. Throws `request_invalid`
   * for a key that no caller may give, and `idempotency_mismatch` where the first request asked for something else.
   */
  find(tenant: string, key: IdempotencyKey, asked: Json): Promise<number | null>;
  /**
   * Reserves a key for a request that is about to be made: of several at once, only those that ask for the same go on. Throws
   * `idempotency_mismatch` for the others.
   */
  claim(tenant: string, key: IdempotencyKey, asked: Json, n: number): Promise<void>;
  /** Notes that what was asked with a key has been done to a run. */
  note(tenant: string, key: IdempotencyKey, asked: Json, n: number): Promise<void>;
}

/** Makes it over a store. */
export function createRepeats(keys: IdempotencyKeyStore): Repeats {
  return {
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
    },

    async note(tenant, key, asked, n) {
      await keys.add(tenant, { key: idempotencyText(key), bodyHash: askedHash(asked), n });
    },
  };
}

/** The refusal of a request whose key came with another request before. */
export function mismatch(): AppError {
  return new AppError('idempotency_mismatch', 'this Idempotency-Key was used with another request');
}
