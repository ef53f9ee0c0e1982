import { and, eq } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { idempotencyKeys } from '../schema.ts';

/** What is kept of the first request with an idempotency key: a hash of what it asked for, and the number of its run. */
export interface KeptRequest {
  bodyHash: string;
  n: number;
}

/** Requests by their idempotency keys; those of starts are written with the rows of their runs. */
export interface IdempotencyKeyStore {
  /** Returns the first request of a tenant with a key, or null. */
  find(tenant: string, key: string): Promise<KeptRequest | null>;
  /** Keeps a request, unless there is one with its key. */
  add(tenant: string, request: KeptRequest & { key: string }): Promise<void>;
}

/** Creates the store over an open database. */
export function createIdempotencyKeyStore(db: Database): IdempotencyKeyStore {
  return named<IdempotencyKeyStore>('idempotency-keys', {
    async find(tenant, key) {
      const [found] = await db
        .select({ bodyHash: idempotencyKeys.bodyHash, n: idempotencyKeys.n })
        .from(idempotencyKeys)
        .where(and(eq(idempotencyKeys.tenant, tenant), eq(idempotencyKeys.key, key)));
      return found ?? null;
    },

    async add(tenant, { key, bodyHash, n }) {
      await db.insert(idempotencyKeys).values({ tenant, key, bodyHash, n }).onConflictDoNothing();
    },
  });
}
