import { and, eq, isNotNull, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { connections, secrets, signingKeys, tenants, webhooks } from './tables.ts';

/** The tables with values that master keys encrypt. */
const TABLES = { connections, secrets, signing_keys: signingKeys, webhooks } as const;

/** A kind of values that master keys encrypt. */
export type SealKind = keyof typeof TABLES;

/** All values that master keys have encrypted, in all tenants. */
export interface SealStore {
  /** Lists all encrypted values of a kind with their names: `acme/TOKEN`, `acme/jira/default`, `acme/deploys`, the id of a key. */
  all(kind: SealKind): Promise<{ sealed: string; name: string }[]>;
  /** Replaces an encrypted value, unless it was stored anew meanwhile. */
  replace(kind: SealKind, old: string, sealed: string): Promise<void>;
}

/** Creates the store over an open database. */
export function createSealStore(db: Database): SealStore {
  return named<SealStore>('seals', {
    async all(kind) {
      if (kind === 'signing_keys') {
        const rows = await db.select().from(signingKeys).where(isNotNull(signingKeys.sealed));
        return rows.map(({ sealed, kid }) => ({ sealed: sealed!, name: kid }));
      }
      const table = TABLES[kind];
      const path = kind === 'connections' ? sql`${connections.pack} || '/' || ${connections.name}` : sql`${table.name}`;
      return db
        .select({
          sealed: sql<string>`${table.sealed}`,
          name: sql<string>`coalesce(${tenants.ref}, ${table.tenant}::text) || '/' || ${path}`,
        })
        .from(table)
        .leftJoin(tenants, eq(tenants.id, table.tenant));
    },

    async replace(kind, old, sealed) {
      await db
        .update(TABLES[kind])
        .set({ sealed })
        .where(and(isNotNull(TABLES[kind].sealed), eq(TABLES[kind].sealed, old)));
    },
  });
}
