import { randomBytes } from 'node:crypto';
import { AppError } from '../model/app-error.ts';
import type { Principal } from '../model/principal.ts';
import type { PrincipalStore } from '../store/principals.ts';
import { sha256Hex } from './hash.ts';

const KEY_PREFIX = 'fmt_';

/** Authenticates callers. */
export type PrincipalService = ReturnType<typeof createPrincipalService>;

/** Makes the service over a store; `clock` gives milliseconds. */
export function createPrincipalService(store: PrincipalStore, clock: () => number) {
  return {
    /** Who has a key. Throws `unauthenticated`; the answer does not tell an unknown key from an expired one. */
    async authenticate(key: string | undefined): Promise<Principal> {
      if (key === undefined || key === '') {
        throw new AppError('unauthenticated', 'an API key is required: Authorization: Bearer <key>, or x-api-key');
      }
      const found = await store.findByKeyHash(sha256Hex(key), new Date(clock()));
      if (found === null) throw new AppError('unauthenticated', 'the API key is invalid, expired or revoked');
      return found;
    },
  };
}

/** A new API key: 256 random bits. */
export function newKey(): string {
  return KEY_PREFIX + randomBytes(32).toString('base64url');
}

/** What may be kept of a key: its beginning, for people, and its hash. */
export function keyRecord(key: string): { prefix: string; hash: string } {
  return { prefix: key.slice(0, KEY_PREFIX.length + 4), hash: sha256Hex(key) };
}
