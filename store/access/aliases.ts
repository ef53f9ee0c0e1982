import { and, eq, inArray, or, type SQL, sql } from 'drizzle-orm';
import { grantName } from '../../model/names.ts';
import type { Database } from '../database.ts';
import { aliases, principals } from './tables.ts';

/** An alias of a person. */
export type AliasRow = typeof aliases.$inferSelect;

/** The other names of people. */
export interface Aliases {
  /**
   * Returns subjects with all other names of the same people: their aliases, and the subjects that an alias joins to them with the
   * aliases of these.
   */
  namesOf(tenant: string, subjects: readonly string[]): Promise<string[]>;
  /** Lists the aliases in a tenant. */
  listAliases(tenant: string): Promise<(AliasRow & { subject: string })[]>;
  /** Creates an alias; returns null when it is taken. */
  createAlias(row: Omit<AliasRow, 'id' | 'created'>): Promise<AliasRow | null>;
  /** Deletes an alias; returns false when the tenant has none with this id. */
  deleteAlias(tenant: string, id: number): Promise<boolean>;
}

/** Creates this part of the store of principals. */
export function createAliases(db: Database): Aliases {
  return {
    async namesOf(tenant, subjects) {
      const names = new Set(subjects);
      for (let before = 0; before < names.size; ) {
        before = names.size;
        const joined = db
          .select({ id: aliases.principal })
          .from(aliases)
          .where(
            and(
              eq(aliases.tenant, tenant),
              inArray(aliases.kind, ['subject', 'email']),
              inArray(aliases.value, [...names].map(grantName)),
            ),
          );
        const rows = await db
          .select({ subject: principals.subject, alias: aliases.value })
          .from(principals)
          .leftJoin(aliases, eq(aliases.principal, principals.id))
          .where(and(eq(principals.tenant, tenant), or(isSubject([...names]), inArray(principals.id, joined))))
          .orderBy(principals.id, aliases.id);
        for (const { subject, alias } of rows) {
          names.add(subject);
          if (alias !== null) names.add(alias);
        }
      }
      return [...names];
    },

    async listAliases(tenant) {
      const rows = await db
        .select({ alias: aliases, subject: principals.subject })
        .from(aliases)
        .innerJoin(principals, eq(principals.id, aliases.principal))
        .where(eq(aliases.tenant, tenant))
        .orderBy(aliases.id);
      return rows.map(({ alias, subject }) => ({ ...alias, subject }));
    },

    async createAlias(row) {
      const [created] = await db.insert(aliases).values(row).onConflictDoNothing().returning();
      return created ?? null;
    },

    async deleteAlias(tenant, id) {
      const deleted = await db
        .delete(aliases)
        .where(and(eq(aliases.tenant, tenant), eq(aliases.id, id)))
        .returning({ id: aliases.id });
      return deleted.length > 0;
    },
  };
}

/** Matches principals by subject; mail addresses in any case. */
export function isSubject(subjects: readonly string[]): SQL | undefined {
  const addresses = subjects.filter((subject) => subject.includes('@')).map(grantName);
  return or(
    inArray(principals.subject, [...subjects]),
    addresses.length === 0 ? undefined : inArray(sql`lower(trim(${principals.subject}))`, addresses),
  );
}
