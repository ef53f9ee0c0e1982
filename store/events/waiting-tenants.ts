import { type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Database } from '../database.ts';

/** The rows of tenants that wait for something: there must be an index of those that are `waiting`, by tenant first. */
export interface WaitingRows {
  table: PgTable;
  waiting: SQL;
  /** The condition of those that need not wait any longer; without one, that is so of all. */
  due?: SQL;
}

/**
 * Lists tenants with rows that are due, up to a number: those behind a tenant in order of id, and then those from the first one on. One after
 * another is found through the index, whatever the number of rows.
 */
export async function listWaitingTenants(
  db: Pick<Database, 'execute'>,
  rows: WaitingRows,
  after: string | null,
  limit: number,
): Promise<string[]> {
  if (after === null) return listWithin(db, rows, sql`true`, limit);
  const behind = await listWithin(db, rows, sql`tenant > ${after}::uuid`, limit);
  if (behind.length >= limit) return behind;
  return [...behind, ...(await listWithin(db, rows, sql`tenant <= ${after}::uuid`, limit - behind.length))];
}

/** Lists such tenants within a range, in order of id. */
async function listWithin(
  db: Pick<Database, 'execute'>,
  rows: WaitingRows,
  range: SQL,
  limit: number,
): Promise<string[]> {
  const found = await db.execute(sql`${selectTenants(rows, range)} limit ${limit}`);
  return (found as unknown as { rows: { tenant: string }[] }).rows.map(({ tenant }) => tenant);
}

/** Selects such tenants within a range: all of them, unless one is given. */
export function selectTenants({ table, waiting, due }: WaitingRows, range = sql`true`): SQL {
  const hasDue = due && sql`and exists (select 1 from ${table} where tenant = owners.tenant and ${waiting} and ${due})`;
  return sql`
    with recursive owners as (
      (select tenant from ${table} where ${waiting} and ${range} order by tenant limit 1)
      union all
      select (select tenant from ${table} where ${waiting} and ${range} and tenant > owners.tenant order by tenant limit 1)
      from owners where owners.tenant is not null
    ) select tenant from owners where tenant is not null ${hasDue}`;
}
