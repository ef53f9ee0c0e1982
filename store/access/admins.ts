import { and, count, eq, exists, gt, gte, isNull, or, type Placeholder, type SQL, sql } from 'drizzle-orm';
import { AppError } from '../../model/app-error.ts';
import type { Database, Transaction } from '../database.ts';
import { apiKeys, principals, tenants } from './tables.ts';

/** Matches keys that are neither revoked nor expired. */
export function holds(now: Date | Placeholder): SQL | undefined {
  return and(isNull(apiKeys.revoked), or(isNull(apiKeys.expires), gt(apiKeys.expires, now)));
}

/** The conditions under which a change may leave a tenant without an admin. */
export interface AdminGuard {
  now: Date;
  /** Counts as admins those whose tokens have granted `admin` since then. */
  seenSince: Date;
  /** Allows the change in any case. */
  force: boolean;
}

/** The admins of a tenant: none; only by keys that expire; or at least one by a lasting key or by a token. */
const NONE = 0;
const EXPIRING = 1;
const LASTING = 2;

/**
 * Makes a change in a transaction, one at a time for each tenant; `change` is told whether the tenant had an admin. Throws
 * `last_admin`, and rolls the change back, where the tenant had an admin with a valid credential and has none afterwards, or only ones
 * that expire.
 */
export async function keepAdmin<T>(
  db: Database,
  tenant: string,
  guard: AdminGuard,
  change: (transaction: Transaction, had: boolean) => Promise<T>,
): Promise<T> {
  return db.transaction(async (transaction) => {
    await transaction.select({ id: tenants.id }).from(tenants).where(eq(tenants.id, tenant)).for('no key update');
    const before = await adminsOf(transaction, tenant, guard);
    const changed = await change(transaction, before !== NONE);
    const after = guard.force ? before : await adminsOf(transaction, tenant, guard);
    if (after < before) {
      const left = after === NONE ? 'no admin left with a valid credential' : 'no admin left whose key does not expire';
      throw new AppError('last_admin', `the tenant would have ${left}`);
    }
    return changed;
  });
}

async function adminsOf(transaction: Transaction, tenant: string, { now, seenSince }: AdminGuard): Promise<number> {
  const keys = transaction
    .select({ expires: apiKeys.expires })
    .from(apiKeys)
    .where(and(eq(apiKeys.principal, principals.id), holds(now)));
  const lastingKey = transaction
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(and(eq(apiKeys.principal, principals.id), isNull(apiKeys.revoked), isNull(apiKeys.expires)));
  const byToken = and(CLAIMED, gte(principals.claimsSeen, seenSince));
  const lasting = or(and(GRANTED, exists(lastingKey)), byToken);
  const [found] = await transaction
    .select({ admins: count(), lasting: sql<number>`count(*) filter (where ${lasting})`.mapWith(Number) })
    .from(principals)
    .where(and(eq(principals.tenant, tenant), isNull(principals.disabled), or(and(GRANTED, exists(keys)), byToken)));
  if (found!.admins === 0) return NONE;
  return found!.lasting > 0 ? LASTING : EXPIRING;
}

/** The role and the permission of the same name allow everything. */
const GRANTED: SQL = sql`('admin' = any(${principals.roles}) or 'admin' = any(${principals.permissions}))`;
const CLAIMED: SQL = sql`(${principals.claims}::jsonb @> '{"roles":["admin"]}' or ${principals.claims}::jsonb @> '{"permissions":["admin"]}')`;
