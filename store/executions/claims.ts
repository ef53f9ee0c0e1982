import { and, eq, type SQL } from 'drizzle-orm';
import type { IndexEntry } from '../../model/index-entry.ts';
import type { Database, Transaction } from '../database.ts';
import { insertOf } from './execution-rows.ts';
import { executions, idempotencyKeys } from './tables.ts';

/** A claim that a start makes before it calls Temporal: the row of the run, and the idempotency key with the hash of its request. */
export interface Claim {
  entry: IndexEntry;
  idempotency?: { key: string; bodyHash: string } | undefined;
}

/** The rows of runs before Temporal has them. */
export interface ExecutionClaims {
  /**
   * Inserts the row of a run before its start together with its idempotency key. Returns what the key was used for before, if it was,
   * and `taken` when the number belongs to another run.
   */
  claim(tenant: string, claim: Claim): Promise<'claimed' | 'taken' | { n: number; bodyHash: string }>;
  /** Removes a claim whose run Temporal refused to start. */
  unclaim(tenant: string, claim: Claim): Promise<void>;
}

/** Creates the part of the store that keeps claims, over an open database. */
export function createExecutionClaims(db: Database): ExecutionClaims {
  return {
    async claim(tenant, { entry, idempotency }) {
      // One statement, and no transaction around it, is a third of the calls.
      if (idempotency === undefined) return insertRow(db, entry);
      const { key, bodyHash } = idempotency;
      const isKey = keyIs(tenant, key);
      return db.transaction(async (transaction) => {
        const inserted = await transaction
          .insert(idempotencyKeys)
          .values({ tenant, key, bodyHash, n: entry.n })
          .onConflictDoNothing()
          .returning({ n: idempotencyKeys.n });
        if (inserted.length === 0) {
          const [found] = await transaction
            .select({ n: idempotencyKeys.n, bodyHash: idempotencyKeys.bodyHash })
            .from(idempotencyKeys)
            .where(isKey);
          return found!;
        }
        const claimed = await insertRow(transaction, entry);
        if (claimed === 'taken') await transaction.delete(idempotencyKeys).where(isKey);
        return claimed;
      });
    },

    async unclaim(tenant, { entry, idempotency }) {
      await db.transaction(async (transaction) => {
        await transaction.delete(executions).where(isClaimed(entry));
        if (idempotency !== undefined) await transaction.delete(idempotencyKeys).where(keyIs(tenant, idempotency.key));
      });
    },
  };
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
