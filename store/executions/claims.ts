import { and, eq, getTableName, type SQL, sql } from 'drizzle-orm';
import type { IndexEntry } from '../../model/index-entry.ts';
import type { Database, Transaction } from '../database.ts';
import { isTaken } from '../engines/refusals.ts';
import { INSERT_FREE, insertOf, rowsOf } from './execution-rows.ts';
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
  const number = { n: sql<number>`n`.as('n') };
  const row = db.$with('row', number).as(INSERT_FREE);
  const key = db.$with('key', number).as(sql`
    insert into ${idempotencyKeys} (tenant, key, body_hash, n)
    select ${sql.placeholder('tenant')}::uuid, ${sql.placeholder('key')}::text, ${sql.placeholder('bodyHash')}::text, n from ${row}
    returning n`);
  // Planning takes as long as inserting.
  const insertRow = db.with(row).select().from(row).prepare('claim');
  const insertBoth = db.with(row, key).select().from(key).prepare('claim_with_key');

  async function claimBare(entry: IndexEntry): Promise<'claimed' | 'taken'> {
    const inserted = await insertRow.execute({ rows: rowsOf([entry]) });
    return inserted.length > 0 ? 'claimed' : 'taken';
  }

  /** Claims a row with an idempotency key. One statement, which fails as a whole where the key is in use, is a quarter of the calls. */
  async function claimWithKey(
    tenant: string,
    entry: IndexEntry,
    { key, bodyHash }: NonNullable<Claim['idempotency']>,
  ): Promise<'claimed' | 'taken' | { n: number; bodyHash: string }> {
    // Whoever has the key may withdraw it before it is read.
    for (;;) {
      const inserted = await insertBoth.execute({ rows: rowsOf([entry]), tenant, key, bodyHash }).catch((error) => {
        if (isTaken(error, getTableName(idempotencyKeys))) return null;
        throw error;
      });
      if (inserted !== null && inserted.length > 0) return 'claimed';
      const first = await findKey(db, tenant, key);
      if (first !== null) return first;
      if (inserted !== null) return 'taken';
    }
  }

  return {
    async claim(tenant, { entry, idempotency, sole }) {
      if (sole === undefined)
        return idempotency === undefined ? claimBare(entry) : claimWithKey(tenant, entry, idempotency);
      return db.transaction(async (transaction) => {
        if (idempotency !== undefined) {
          const { key, bodyHash } = idempotency;
          const first = await insertKey(transaction, { tenant, key, bodyHash, n: entry.n });
          if (first !== null) return first;
        }
        const isSpent = !(await takeSoleKey(transaction, { tenant, key: sole, n: entry.n }));
        const claimed = isSpent ? 'spent' : await insertWithin(transaction, entry);
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
    const found = await findKey(transaction, row.tenant, row.key);
    if (found !== null) return found;
  }
}

/** Finds what a key was inserted with; null when there is none. */
async function findKey(
  db: Pick<Database, 'select'>,
  tenant: string,
  key: string,
): Promise<{ n: number; bodyHash: string } | null> {
  const [found] = await db
    .select({ n: idempotencyKeys.n, bodyHash: idempotencyKeys.bodyHash })
    .from(idempotencyKeys)
    .where(keyIs(tenant, key));
  return found ?? null;
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

async function insertWithin(transaction: Transaction, entry: IndexEntry): Promise<'claimed' | 'taken'> {
  const inserted = await transaction.execute(insertOf([entry]));
  return (inserted as unknown as { rows: unknown[] }).rows.length > 0 ? 'claimed' : 'taken';
}

function keyIs(tenant: string, key: string): SQL | undefined {
  return and(eq(idempotencyKeys.tenant, tenant), eq(idempotencyKeys.key, key));
}

/** Holds for the row of a run of which nothing but the claim is known. */
function isClaimed({ namespace, workflowId }: IndexEntry): SQL | undefined {
  return and(eq(executions.namespace, namespace), eq(executions.workflowId, workflowId), eq(executions.versionRun, ''));
}
