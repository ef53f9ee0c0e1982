import { and, eq, exists, inArray, isNotNull, lt, lte, not, notExists, or, sql } from 'drizzle-orm';
import type { RunTurn } from '../../model/run-input.ts';
import type { Database, Transaction } from '../database.ts';
import { named } from '../named.ts';
import { executions, turns } from '../schema.ts';

/** A run that shares a key with others, until it has closed. */
export type TurnRow = typeof turns.$inferSelect;

/** A run that is to have a turn. */
export type TurnClaim = Pick<TurnRow, 'namespace' | 'workflowId' | 'tenant' | 'ref'> & { turn: RunTurn };

/** Who has, and who waits for, the turns of runs with concurrency keys. */
export interface TurnStore {
  /** Returns the runs that have a turn with a key, or wait for one, `most` at most: those that have it first. */
  rivals(turnClaim: TurnClaim, most: number): Promise<Pick<TurnRow, 'workflowId' | 'created'>[]>;
  /** Returns the runs of a namespace that have a turn or wait for one, in order, but for those that are to start later. */
  standing(namespace: string): Promise<TurnRow[]>;
  /**
   * Gives a run that is about to start its turn where there is room; else it waits, or gets none. One that is to start later
   * (`due`) comes to its turn then.
   */
  claim(turnClaim: TurnClaim, due?: Date): Promise<'begin' | 'wait' | 'skip' | 'fail'>;
  /** Whether a run has its turn. */
  isGranted(namespace: string, workflowId: string): Promise<boolean>;
  /** Takes back a claim. */
  leave(namespace: string, workflowId: string): Promise<void>;
  /**
   * Takes the turns of runs that have closed, and of those that never were (`since`: not claimed after it), and gives turns
   * as `decide` says, of all runs that have one or wait. Gives what is to be told to runs.
   */
  settle(namespace: string, since: Date, decide: (rows: readonly TurnRow[]) => TurnDecisions): Promise<TurnRow[]>;
  /** Notes that a run was told how it stands, or was asked to stop. */
  note(row: TurnRow, what: { told: true } | { stopped: true }): Promise<void>;
}

/** Makes the store over an open database. */
export function createTurnStore(db: Database): TurnStore {
  /** Work on the turns of a namespace that nobody else does at the same time. */
  function alone<T>(namespace: string, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return db.transaction(async (transaction) => {
      await transaction.execute(
        sql`select pg_advisory_xact_lock(hashtextextended(${`fermata turns ${namespace}`}, 0))`,
      );
      return work(transaction);
    });
  }

  const inOrder = (namespace: string, within: Database | Transaction) =>
    within
      .select()
      .from(turns)
      .where(and(eq(turns.namespace, namespace), DUE))
      .orderBy(turns.created, turns.workflowId);

  return named<TurnStore>('turns', {
    async rivals({ turn, ...run }, most) {
      return db
        .select({ workflowId: turns.workflowId, created: turns.created })
        .from(turns)
        .where(and(sameKey(run, turn.key), DUE, or(isNotNull(turns.granted), not(or(turns.refused, turns.cancelled)!))))
        .orderBy(sql`${turns.granted} nulls last`, turns.created, turns.workflowId)
        .limit(most);
    },

    async standing(namespace) {
      return inOrder(namespace, db);
    },

    async claim({ turn, ...run }, due) {
      return alone(run.namespace, async (transaction) => {
        if (due !== undefined) {
          await transaction.insert(turns).values({ ...run, ...turn, created: due });
          return 'wait';
        }
        const others = await transaction
          .select()
          .from(turns)
          .where(and(sameKey(run, turn.key), DUE));
        const held = others.filter(({ granted }) => granted !== null).length;
        const waiting = others.filter(({ granted, refused, cancelled }) => granted === null && !refused && !cancelled);
        const free = held + waiting.length < turn.limit;
        if (!free && (turn.policy === 'skip' || turn.policy === 'fail')) return turn.policy;
        // Whoever starts it tells it at once.
        await transaction
          .insert(turns)
          .values({ ...run, ...turn, ...(free ? { granted: new Date(), told: true } : {}) });
        return free ? 'begin' : 'wait';
      });
    },

    async isGranted(namespace, workflowId) {
      const [found] = await db
        .select({ granted: turns.granted })
        .from(turns)
        .where(and(eq(turns.namespace, namespace), eq(turns.workflowId, workflowId)));
      return (found?.granted ?? null) !== null;
    },

    async leave(namespace, workflowId) {
      await db.delete(turns).where(and(eq(turns.namespace, namespace), eq(turns.workflowId, workflowId)));
    },

    async settle(namespace, since, decide) {
      const [any] = await db.select({ one: sql`1` }).from(turns).where(eq(turns.namespace, namespace)).limit(1);
      if (any === undefined) return [];
      return alone(namespace, async (transaction) => {
        const run = and(eq(executions.namespace, turns.namespace), eq(executions.workflowId, turns.workflowId));
        const indexed = transaction.select({ one: sql`1` }).from(executions).where(run);
        const closed = transaction
          .select({ one: sql`1` })
          .from(executions)
          .where(and(run, isNotNull(executions.closed)));
        await transaction.delete(turns).where(and(eq(turns.namespace, namespace), exists(closed)));
        await transaction
          .delete(turns)
          .where(and(eq(turns.namespace, namespace), lt(turns.created, since), notExists(indexed)));
        const rows = await inOrder(namespace, transaction);
        const { granted, refused, cancelled } = decide(rows);
        const among = (ids: readonly string[]) =>
          and(eq(turns.namespace, namespace), inArray(turns.workflowId, [...ids]));
        if (granted.length > 0) await transaction.update(turns).set({ granted: new Date() }).where(among(granted));
        if (refused.length > 0) await transaction.update(turns).set({ refused: true }).where(among(refused));
        if (cancelled.length > 0) await transaction.update(turns).set({ cancelled: true }).where(among(cancelled));
        const untold = and(eq(turns.told, false), or(isNotNull(turns.granted), turns.refused));
        const unstopped = and(turns.cancelled, eq(turns.stopped, false));
        return transaction
          .select()
          .from(turns)
          .where(and(eq(turns.namespace, namespace), or(untold, unstopped)));
      });
    },

    async note({ namespace, workflowId }, what) {
      await db
        .update(turns)
        .set(what)
        .where(and(eq(turns.namespace, namespace), eq(turns.workflowId, workflowId)));
    },
  });
}

/** Workflow ids of runs that get their turn, that get none, and that are to make room. */
export interface TurnDecisions {
  granted: string[];
  refused: string[];
  cancelled: string[];
}

/** Notes open runs that nobody has claimed a turn for: a schedule has started them, or the run above them. */
export async function noteTurns(transaction: Transaction, claims: readonly TurnClaim[]): Promise<void> {
  if (claims.length === 0) return;
  await transaction
    .insert(turns)
    .values(claims.map(({ turn, ...run }) => ({ ...run, ...turn })))
    .onConflictDoNothing();
}

/** Those that are not to start later. */
const DUE = lte(turns.created, sql`now()`);

function sameKey({ namespace, tenant, ref }: Omit<TurnClaim, 'turn'>, key: string) {
  return and(eq(turns.namespace, namespace), eq(turns.tenant, tenant), eq(turns.ref, ref), eq(turns.key, key));
}
