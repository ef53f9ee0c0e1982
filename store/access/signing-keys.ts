import { and, asc, eq, isNull, ne, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { revisions } from '../definitions/tables.ts';
import { named } from '../named.ts';
import { apiKeys, auditLog, signingKeys, tenants } from './tables.ts';

/** A key that signs statements; `sealed` is the encrypted private key, null when the table does not hold it. */
export type SigningKeyRow = typeof signingKeys.$inferSelect;

/** The keys that sign statements, for all tenants. */
export interface SigningKeyStore {
  /** Lists all keys that have ever signed, oldest first. */
  list(): Promise<SigningKeyRow[]>;
  /**
   * Returns since when the installation has existed, by its oldest tenant, key, revision or change; null if there is none. Runs do not
   * count: whoever reaches Temporal chooses their times.
   */
  installed(): Promise<Date | null>;
  /**
   * Stores the key that `create` returns, if any. Concurrent processes do this one after another, so that each sees what the one before
   * it has stored.
   */
  ensure(
    create: (known: SigningKeyRow[]) => Promise<Pick<SigningKeyRow, 'kid' | 'x' | 'sealed'> | null>,
  ): Promise<void>;
  /** Stores a key and retires all others, which then no longer sign for new runs. */
  replace(key: Pick<SigningKeyRow, 'kid' | 'x' | 'sealed'>): Promise<void>;
  /**
   * Revokes a key and returns it; a second revocation keeps the time of the first. Returns null when there is no such key. `check` gets
   * all keys and can prevent the revocation by throwing; nobody else changes keys meanwhile.
   */
  revoke(kid: string, check: (known: SigningKeyRow[]) => void): Promise<SigningKeyRow | null>;
}

/** Creates the store over an open database. */
export function createSigningKeyStore(db: Database): SigningKeyStore {
  /** Runs a change of keys in a transaction while no other process changes keys. */
  function alone<T>(change: (transaction: Database, known: SigningKeyRow[]) => Promise<T>): Promise<T> {
    return db.transaction(async (transaction) => {
      await transaction.execute(sql`select pg_advisory_xact_lock(hashtextextended('fermata signing keys', 0))`);
      return change(transaction, await createSigningKeyStore(transaction).list());
    });
  }

  return named<SigningKeyStore>('signing-keys', {
    list() {
      return db.select().from(signingKeys).orderBy(asc(signingKeys.created), asc(signingKeys.kid));
    },

    async installed() {
      const oldest = sql`least(
        min(${tenants.created}),
        (select min(${apiKeys.created}) from ${apiKeys}),
        (select min(${revisions.created}) from ${revisions}),
        (select ${auditLog.at} from ${auditLog} order by ${auditLog.id} limit 1)
      )`;
      const [found] = await db.select({ at: oldest.mapWith(tenants.created) }).from(tenants);
      return found?.at ?? null;
    },

    async ensure(create) {
      await alone(async (transaction, known) => {
        const key = await create(known);
        if (key !== null) await transaction.insert(signingKeys).values(key).onConflictDoNothing();
      });
    },

    async replace(key) {
      await alone(async (transaction) => {
        // The transaction began before it got the lock, so its time is too early.
        await transaction.insert(signingKeys).values({ ...key, created: sql`clock_timestamp()` });
        const others = and(ne(signingKeys.kid, key.kid), isNull(signingKeys.retired));
        await transaction.update(signingKeys).set({ retired: new Date() }).where(others);
      });
    },

    revoke(kid, check) {
      return alone(async (transaction, known) => {
        check(known);
        const revoked = sql`coalesce(${signingKeys.revoked}, clock_timestamp())`;
        const found = await transaction
          .update(signingKeys)
          .set({ revoked })
          .where(eq(signingKeys.kid, kid))
          .returning();
        return found[0] ?? null;
      });
    },
  });
}
