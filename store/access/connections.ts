import { and, asc, eq, sql } from 'drizzle-orm';
import type { ConnectedPack } from '../../model/connection.ts';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { connections } from '../schema.ts';

/** A connection as it is stored: its secrets sealed. */
export type ConnectionRow = typeof connections.$inferSelect;

/** Tenants with the same setting that are found. */
const MAX_TENANTS = 20;

/** Connections of tenants. */
export type ConnectionStore = ReturnType<typeof createConnectionStore>;

/** Makes the store over an open database. */
export function createConnectionStore(db: Database) {
  const one = (tenant: string, pack: ConnectedPack, name: string) =>
    and(eq(connections.tenant, tenant), eq(connections.pack, pack), eq(connections.name, name));

  return named('connections', {
    /** A connection, or null. */
    async find(tenant: string, pack: ConnectedPack, name: string): Promise<ConnectionRow | null> {
      const [found] = await db
        .select()
        .from(connections)
        .where(one(tenant, pack, name));
      return found ?? null;
    },

    /** The tenants whose connection of a name has a setting of a value, some at most. */
    async tenantsWith(pack: ConnectedPack, name: string, setting: { key: string; value: string }): Promise<string[]> {
      const given = sql`${connections.settings} ->> ${setting.key} = ${setting.value}`;
      const found = await db
        .select({ tenant: connections.tenant })
        .from(connections)
        .where(and(eq(connections.pack, pack), eq(connections.name, name), given))
        .limit(MAX_TENANTS);
      return found.map(({ tenant }) => tenant);
    },

    /** All connections of a tenant, by pack and name. */
    async list(tenant: string): Promise<ConnectionRow[]> {
      return db
        .select()
        .from(connections)
        .where(eq(connections.tenant, tenant))
        .orderBy(asc(connections.pack), asc(connections.name));
    },

    /** Where the connections of all tenants are stored, by tenant, pack and name. */
    async places(): Promise<Pick<ConnectionRow, 'tenant' | 'pack' | 'name'>[]> {
      const { tenant, pack, name } = connections;
      return db.select({ tenant, pack, name }).from(connections).orderBy(asc(tenant), asc(pack), asc(name));
    },

    /** Stores a connection, over one of that name. */
    async put(row: Omit<ConnectionRow, 'created' | 'updated'>): Promise<ConnectionRow> {
      const { tenant, pack, name, ...fields } = row;
      const [stored] = await db
        .insert(connections)
        .values(row)
        .onConflictDoUpdate({
          target: [connections.tenant, connections.pack, connections.name],
          set: { ...fields, updated: new Date() },
        })
        .returning();
      return stored!;
    },

    /** Deletes a connection; false when there was none. */
    async remove(tenant: string, pack: ConnectedPack, name: string): Promise<boolean> {
      const gone = await db
        .delete(connections)
        .where(one(tenant, pack, name))
        .returning({ name: connections.name });
      return gone.length > 0;
    },
  });
}
