import { and, eq, isNotNull } from 'drizzle-orm';
import type { Database } from './database.ts';
import { named } from './named.ts';
import { connections, secrets, signingKeys } from './schema.ts';

/** What master keys seal, and where it is. */
const TABLES = { connections, secrets, signing_keys: signingKeys } as const;

/** A kind of what master keys seal. */
export type SealKind = keyof typeof TABLES;

/** Everything that master keys have sealed, of all tenants. */
export type SealStore = ReturnType<typeof createSealStore>;

/** Creates the store over an open database. */
export function createSealStore(db: Database) {
  return named('seals', {
    /** Returns all seals of a kind. */
    async all(kind: SealKind): Promise<string[]> {
      const { sealed } = TABLES[kind];
      const rows = await db.select({ sealed }).from(TABLES[kind]).where(isNotNull(sealed));
      return rows.map((row) => row.sealed!);
    },

    /** Puts one seal in the place of another; what has been stored anew in the meantime stays. */
    async replace(kind: SealKind, old: string, sealed: string): Promise<void> {
      await db
        .update(TABLES[kind])
        .set({ sealed })
        .where(and(isNotNull(TABLES[kind].sealed), eq(TABLES[kind].sealed, old)));
    },
  });
}
