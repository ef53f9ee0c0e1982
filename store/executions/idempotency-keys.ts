import { and, eq, lt, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { idempotencyKeys } from './tables.ts';

/** The stored part of the first request with an idempotency key: a hash of its content, and the number of its run. */
export interface KeptRequest {
  bodyHash: string;
  n: number;
}

/** Requests by idempotency key; the keys of starts are written with the rows of their runs. */
export interface IdempotencyKeyStore {
  /** Finds the first request of a tenant with a key; null when there is none. */
  find(tenant: string, key: string): Promise<KeptRequest | null>;
  /** Stores a request, unless there is one with its key. */
  add(tenant: string, request: KeptRequest & { key: string }): Promise<void>;
  /** Deletes the oldest requests from before a time, up to a number. */
  forget(before: Date, limit: number): Promise<void>;
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

    async forget(before, limit) {
      const { tenant, key, created } = idempotencyKeys;
      const oldest = db
        .select({ tenant, key })
        .from(idempotencyKeys)
        .where(lt(created, before))
        .orderBy(created)
        .limit(limit);
      await db.delete(idempotencyKeys).where(sql`(${tenant}, ${key}) in ${oldest}`);
    },
  });
}
