import { and, asc, eq, sql } from 'drizzle-orm';
import type { ConnectedPack } from '../../model/connection.ts';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { connections } from './tables.ts';

/** A stored connection with encrypted secrets. */
export type ConnectionRow = typeof connections.$inferSelect;

/** The most tenants that are found by a setting. */
const MAX_TENANTS = 20;

/** The connections of tenants. */
export interface ConnectionStore {
  /** Finds a connection; null when there is none. */
  find(tenant: string, pack: ConnectedPack, name: string): Promise<ConnectionRow | null>;
  /** Finds at most MAX_TENANTS tenants whose connection with a name has a setting with a value. */
  tenantsWith(pack: ConnectedPack, name: string, setting: { key: string; value: string }): Promise<string[]>;
  /** Lists the connections of a tenant, by pack and name. */
  list(tenant: string): Promise<ConnectionRow[]>;
  /** Lists the connections of all tenants by tenant, pack and name. */
  places(): Promise<Pick<ConnectionRow, 'tenant' | 'pack' | 'name'>[]>;
  /** Creates or replaces a connection. */
  put(row: Omit<ConnectionRow, 'created' | 'updated'>): Promise<ConnectionRow>;
  /** Deletes a connection; returns false when there was none. */
  remove(tenant: string, pack: ConnectedPack, name: string): Promise<boolean>;
}

/** Creates the store over an open database. */
export function createConnectionStore(db: Database): ConnectionStore {
  const one = (tenant: string, pack: ConnectedPack, name: string) =>
    and(eq(connections.tenant, tenant), eq(connections.pack, pack), eq(connections.name, name));

  return named<ConnectionStore>('connections', {
    async find(tenant, pack, name) {
      const [found] = await db
        .select()
        .from(connections)
        .where(one(tenant, pack, name));
      return found ?? null;
    },

    async tenantsWith(pack, name, setting) {
      const given = sql`${connections.settings} ->> ${setting.key} = ${setting.value}`;
      const found = await db
        .select({ tenant: connections.tenant })
        .from(connections)
        .where(and(eq(connections.pack, pack), eq(connections.name, name), given))
        .limit(MAX_TENANTS);
      return found.map(({ tenant }) => tenant);
    },

    async list(tenant) {
      return db
        .select()
        .from(connections)
        .where(eq(connections.tenant, tenant))
        .orderBy(asc(connections.pack), asc(connections.name));
    },

    async places() {
      const { tenant, pack, name } = connections;
      return db.select({ tenant, pack, name }).from(connections).orderBy(asc(tenant), asc(pack), asc(name));
    },

    async put(row) {
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

    async remove(tenant, pack, name) {
      const gone = await db
        .delete(connections)
        .where(one(tenant, pack, name))
        .returning({ name: connections.name });
      return gone.length > 0;
    },
  });
}
