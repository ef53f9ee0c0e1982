import { and, count, eq, exists, gt, gte, isNull, or, type SQL, sql } from 'drizzle-orm';
import { AppError } from '../model/app-error.ts';
import type { Database, Transaction } from './database.ts';
import { apiKeys, principals, tenants } from './schema.ts';

/** A key that is neither revoked nor expired. */
export function holds(now: Date): SQL | undefined {
  return and(isNull(apiKeys.revoked), or(isNull(apiKeys.expires), gt(apiKeys.expires, now)));
}

/** How a change is kept from taking a tenant's last admin away. */
export interface AdminGuard {
  now: Date;
  /** Whoever's token has granted `admin` since then counts as an admin. */
  seenSince: Date;
  /** Lets the change through all the same. */
  force: boolean;
}

/**
 * Makes a change in a transaction, one at a time for a tenant. Throws `last_admin`, and undoes the change, where the tenant had an
 * admin with a credential that holds and has none after it. `change` is told whether it had one.
 */
export async function keepAdmin<T>(
  db: Database,
  tenant: string,
  guard: AdminGuard,
  change: (transaction: Transaction, had: boolean) => Promise<T>,
): Promise<T> {
  return db.transaction(async (transaction) => {
    await transaction.select({ id: tenants.id }).from(tenants).where(eq(tenants.id, tenant)).for('no key update');
    const had = await hasAdmin(transaction, tenant, guard);
    const changed = await change(transaction, had);
    if (had && !guard.force && !(await hasAdmin(transaction, tenant, guard))) {
      throw new AppError('last_admin', 'the tenant would have no admin left whose credential holds');
    }
    return changed;
  });
}

async function hasAdmin(transaction: Transaction, tenant: string, { now, seenSince }: AdminGuard): Promise<boolean> {
  const key = transaction
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(and(eq(apiKeys.principal, principals.id), holds(now)));
  const [found] = await transaction
    .select({ admins: count() })
    .from(principals)
    .where(
      and(
        eq(principals.tenant, tenant),
        isNull(principals.disabled),
        or(and(GRANTED, exists(key)), and(CLAIMED, gte(principals.claimsSeen, seenSince))),
      ),
    );
  return found!.admins > 0;
}

/** The role and the permission of the same name allow everything. */
const GRANTED: SQL = sql`('admin' = any(${principals.roles}) or 'admin' = any(${principals.permissions}))`;
const CLAIMED: SQL = sql`(${principals.claims}::jsonb @> '{"roles":["admin"]}' or ${principals.claims}::jsonb @> '{"permissions":["admin"]}')`;
