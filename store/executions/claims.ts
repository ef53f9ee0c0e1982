import { and, eq, type SQL } from 'drizzle-orm';
import type { IndexEntry } from '../../model/index-entry.ts';
import type { Database, Transaction } from '../database.ts';
import { insertOf } from './execution-rows.ts';
import { executions, idempotencyKeys } from './tables.ts';

/** A claim that a start makes before it calls Temporal: the row of the run, and the idempotency key with the hash of its request. */
export interface Claim {
  entry: IndexEntry;
  idempotency?: { key: string; bodyHash: string } | undefined;
  /** A key by which no more than one run is ever claimed, such as that of a plan. */
  sole?: string | undefined;
}

/** The rows of runs before Temporal has them. */
export interface ExecutionClaims {
  /**
   * Inserts the row of a run before its start together with its keys. Returns what the idempotency key was used for before, if it was,
   * `spent` when another run has the sole key, and `taken` when the number belongs to another run.
   */
  claim(tenant: string, claim: Claim): Promise<'claimed' | 'taken' | 'spent' | { n: number; bodyHash: string }>;
  /** Removes a claim whose run Temporal refused to start. */
  unclaim(tenant: string, claim: Claim): Promise<void>;
}

/** Creates the part of the store that keeps claims, over an open database. */
export function createExecutionClaims(db: Database): ExecutionClaims {
  return {
    async claim(tenant, { entry, idempotency, sole }) {
      // One statement, and no transaction around it, is a third of the calls.
      if (idempotency === undefined && sole === undefined) return insertRow(db, entry);
      return db.transaction(async (transaction) => {
        if (idempotency !== undefined) {
          const { key, bodyHash } = idempotency;
          const first = await insertKey(transaction, { tenant, key, bodyHash, n: entry.n });
          if (first !== null) return first;
        }
        const isSpent = sole !== undefined && !(await takeSoleKey(transaction, { tenant, key: sole, n: entry.n }));
        const claimed = isSpent ? 'spent' : await insertRow(transaction, entry);
        if (claimed !== 'claimed')
          await deleteKeys(transaction, tenant, { entry, idempotency, sole: isSpent ? undefined : sole });
        return claimed;
      });
    },

    async unclaim(tenant, claim) {
      await db.transaction(async (transaction) => {
        await transaction.delete(executions).where(isClaimed(claim.entry));
        await deleteKeys(transaction, tenant, claim);
      });
    },
  };
}

/** Inserts a key; returns what it was inserted with before, if it was. */
async function insertKey(
  transaction: Transaction,
  row: { tenant: string; key: string; bodyHash: string; n: number },
): Promise<{ n: number; bodyHash: string } | null> {
  // Whoever has the key may withdraw it before it is read.
  for (;;) {
    const inserted = await transaction
      .insert(idempotencyKeys)
      .values(row)
      .onConflictDoNothing()
      .returning({ n: idempotencyKeys.n });
    if (inserted.length > 0) return null;
    const [found] = await transaction
      .select({ n: idempotencyKeys.n, bodyHash: idempotencyKeys.bodyHash })
      .from(idempotencyKeys)
      .where(keyIs(row.tenant, row.key));
    if (found !== undefined) return found;
  }
}

/** Takes a sole key, also from a run whose row is gone because Temporal never had it. Returns false when another run has the key. */
async function takeSoleKey(
  transaction: Transaction,
  { tenant, key, n }: { tenant: string; key: string; n: number },
): Promise<boolean> {
  const before = await insertKey(transaction, { tenant, key, bodyHash: '', n });
  if (before === null) return true;
  const [holder] = await transaction
    .select({ n: executions.n })
    .from(executions)
    .where(and(eq(executions.tenant, tenant), eq(executions.n, before.n)));
  if (holder !== undefined) return false;
  const taken = await transaction
    .update(idempotencyKeys)
    .set({ n })
    .where(and(keyIs(tenant, key), eq(idempotencyKeys.n, before.n)))
    .returning({ n: idempotencyKeys.n });
  return taken.length > 0;
}

/** Deletes the keys of a claim; not a sole key that another run has taken since. */
async function deleteKeys(
  transaction: Transaction,
  tenant: string,
  { entry, idempotency, sole }: Claim,
): Promise<void> {
  for (const key of [idempotency?.key, sole]) {
    if (key === undefined) continue;
    await transaction.delete(idempotencyKeys).where(and(keyIs(tenant, key), eq(idempotencyKeys.n, entry.n)));
  }
}

async function insertRow(db: Database | Transaction, entry: IndexEntry): Promise<'claimed' | 'taken'> {
  const inserted = await db.execute(insertOf([entry]));
  return (inserted as unknown as { rows: unknown[] }).rows.length > 0 ? 'claimed' : 'taken';
}

function keyIs(tenant: string, key: string): SQL | undefined {
  return and(eq(idempotencyKeys.tenant, tenant), eq(idempotencyKeys.key, key));
}

/** Holds for the row of a run of which nothing but the claim is known. */
function isClaimed({ namespace, workflowId }: IndexEntry): SQL | undefined {
  return and(eq(executions.namespace, namespace), eq(executions.workflowId, workflowId), eq(executions.versionRun, ''));
}
