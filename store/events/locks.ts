import { type SQL, sql } from 'drizzle-orm';
import type { Transaction } from '../database.ts';

// Locks by name, which a transaction has until it ends.

const keyOf = (name: string): SQL => sql`hashtextextended(${name}, 0)`;
const planningOf = (tenant: string) => `fermata events ${tenant}`;

/** Takes a lock; returns false while another transaction has it. */
export async function tryLock(transaction: Transaction, name: string): Promise<boolean> {
  const tried = await transaction.execute(sql`select pg_try_advisory_xact_lock(${keyOf(name)}) as held`);
  return (tried as unknown as { rows: { held: boolean }[] }).rows[0]!.held;
}

/** Has a transaction alone plan the events of a tenant; returns false while another one does. */
export function tryPlanning(transaction: Transaction, tenant: string): Promise<boolean> {
  return tryLock(transaction, planningOf(tenant));
}

/** Waits until nobody plans events of a tenant, and keeps others from it. */
export async function awaitPlanning(transaction: Transaction, tenant: string): Promise<void> {
  await transaction.execute(sql`select pg_advisory_xact_lock(${keyOf(planningOf(tenant))})`);
}
