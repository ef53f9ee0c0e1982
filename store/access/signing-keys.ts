import { and, asc, eq, isNull, ne, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { apiKeys, auditLog, revisions, signingKeys, tenants } from '../schema.ts';

/** A key that signs statements; `sealed`: the private key, null where the table does not hold it. */
export type SigningKeyRow = typeof signingKeys.$inferSelect;

/** Keys that sign statements, of all tenants. */
export interface SigningKeyStore {
  /** Returns all keys that have ever signed, the oldest first. */
  list(): Promise<SigningKeyRow[]>;
  /**
   * Returns since when there has been an installation, as its oldest tenant, key, revision or change tells; null where nothing tells
   * it. Runs do not: anybody who reaches Temporal says when theirs began.
   */
  installed(): Promise<Date | null>;
  /**
   * Stores the key that `create` returns; null stores nothing. Processes that start together do this one after another, so that
   * each is told what the one before it has stored.
   */
  ensure(
    create: (known: SigningKeyRow[]) => Promise<Pick<SigningKeyRow, 'kid' | 'x' | 'sealed'> | null>,
  ): Promise<void>;
  /** Stores a key and retires all others: they no longer sign for new runs. */
  replace(key: Pick<SigningKeyRow, 'kid' | 'x' | 'sealed'>): Promise<void>;
  /**
   * Notes that a key was revoked, and returns it; the first time counts. Null where there is no such key. What `check` throws, given
   * all keys, prevents it; nobody else changes keys in between.
   */
  revoke(kid: string, check: (known: SigningKeyRow[]) => void): Promise<SigningKeyRow | null>;
}

/** Creates the store over an open database. */
export function createSigningKeyStore(db: Database): SigningKeyStore {
  /** Changes keys in a transaction while no other process does. */
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
        // The time of the transaction is that of its beginning, before its turn.
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
