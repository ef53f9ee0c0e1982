import {
  and,
  eq,
  exists,
  gte,
  inArray,
  isNotNull,
  isNull,
  lt,
  lte,
  not,
  notExists,
  or,
  type Placeholder,
  type SQL,
  sql,
} from 'drizzle-orm';
import type { IndexEntry } from '../../model/index-entry.ts';
import type { RunTurn } from '../../model/run-input.ts';
import type { Database, Transaction } from '../database.ts';
import { named } from '../named.ts';
import { addEnders } from './execution-rows.ts';
import { executions, turns } from './tables.ts';

/** A run with a concurrency key, until it has closed. */
export type TurnRow = typeof turns.$inferSelect;

/** A run that needs a slot of its concurrency key. */
export type TurnClaim = Pick<TurnRow, 'namespace' | 'workflowId' | 'tenant' | 'ref'> & { turn: RunTurn };

/** The slots of concurrency keys: which runs hold one, and which wait. */
export interface TurnStore {
  /** Lists at most `most` runs that hold or await a slot of a claim's key, holders first. */
  rivals(wanted: TurnClaim, most: number): Promise<Pick<TurnRow, 'workflowId' | 'created'>[]>;
  /** Lists the runs of a namespace that hold or await a slot, in order, except for delayed ones. */
  standing(namespace: string): Promise<TurnRow[]>;
  /**
   * Claims a slot for a run that is about to start. Returns whether the run begins, waits, or is skipped or failed by its policy; a run
   * that is delayed until `due` waits, and so does one that was noted before: a repetition of its request may have started it without a
   * verdict, and it is told later.
   */
  claim(wanted: TurnClaim, due?: Date): Promise<'begin' | 'wait' | 'skip' | 'fail'>;
  /** Reports whether a run holds a slot. */
  isGranted(namespace: string, workflowId: string): Promise<boolean>;
  /** Removes the claim of a run. */
  leave(namespace: string, workflowId: string): Promise<void>;
  /**
   * Frees the slots of runs that have closed, and of runs claimed before `since` that never started; then applies what `decide` returns
   * for the others. Returns the runs that must be told.
   */
  settle(namespace: string, since: Date, decide: (rows: readonly TurnRow[]) => TurnDecisions): Promise<TurnRow[]>;
  /** Adds the starters of the later runs for which a run makes room to those who end it: to be called before it is asked to stop. */
  noteSuccessors(row: TurnRow): Promise<void>;
  /** Records that a run was told its verdict, or was asked to stop. */
  note(row: TurnRow, what: { told: true } | { stopped: true }): Promise<void>;
}

/** Creates the store over an open database. */
export function createTurnStore(db: Database): TurnStore {
  /** Runs work on the slots of a namespace while nobody else does. */
  function alone<T>(namespace: string, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return db.transaction(async (transaction) => {
      await transaction.execute(
        sql`select pg_advisory_xact_lock(hashtextextended(${`fermata turns ${namespace}`}, 0))`,
      );
      return work(transaction);
    });
  }

  const inOrder = (namespace: string | Placeholder, within: Database | Transaction) =>
    within
      .select()
      .from(turns)
      .where(and(eq(turns.namespace, namespace), DUE))
      .orderBy(turns.created, turns.workflowId);

  const standing = inOrder(sql.placeholder('namespace'), db).prepare('turns_standing');

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
      return standing.execute({ namespace });
    },

    async claim({ turn, ...run }, due) {
      return alone(run.namespace, async (transaction) => {
        if (due !== undefined) {
          await transaction
            .insert(turns)
            .values({ ...run, ...turn, created: due })
            .onConflictDoUpdate({ target: RUN, set: { created: due }, setWhere: isNull(turns.granted) });
          return 'wait';
        }
        const others = await transaction
          .select()
          .from(turns)
          .where(and(sameKey(run, turn.key), or(DUE, eq(turns.workflowId, run.workflowId))));
        if (others.some(({ workflowId }) => workflowId === run.workflowId)) return 'wait';
        const held = others.filter(({ granted }) => granted !== null).length;
        const waiting = others.filter(({ granted, refused, cancelled }) => granted === null && !refused && !cancelled);
        const free = held + waiting.length < turn.limit;
        if (!free && (turn.policy === 'skip' || turn.policy === 'fail')) return turn.policy;
        // The start itself carries the verdict.
        const added = await transaction
          .insert(turns)
          .values({ ...run, ...turn, ...(free ? { granted: new Date(), told: true } : {}) })
          .onConflictDoNothing()
          .returning({ workflowId: turns.workflowId });
        return free && added.length > 0 ? 'begin' : 'wait';
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
        return transaction
          .select()
          .from(turns)
          .where(and(eq(turns.namespace, namespace), UNTOLD));
      });
    },

    async noteSuccessors(row) {
      const { workflowId, created } = row;
      const isLater = and(sameKey(row, row.key), eq(turns.policy, 'cancel_previous'), gte(turns.created, created));
      const theirs = sql`
        select unnest(coalesce(executions.starters, array[executions.owner])) from ${turns}
        join ${executions} using (namespace, workflow_id) where ${isLater} and ${turns.workflowId} <> ${workflowId}`;
      await addEnders(db, row, workflowId, theirs);
    },

    async note({ namespace, workflowId }, what) {
      await db
        .update(turns)
        .set(what)
        .where(and(eq(turns.namespace, namespace), eq(turns.workflowId, workflowId)));
    },
  });
}

/** Returns the claim of an open run with a concurrency key. */
export function listTurnClaims({ namespace, workflowId, tenant, ref, turn, version }: IndexEntry): TurnClaim[] {
  return turn === undefined || tenant === null || version.closed ? [] : [{ namespace, workflowId, tenant, ref, turn }];
}

/** The workflow ids of runs that get a slot, get none by their policy, and must make room. */
export interface TurnDecisions {
  granted: string[];
  refused: string[];
  cancelled: string[];
}

/** Adds open runs that made no claim: a schedule or a parent run started them. */
export async function noteTurns(transaction: Transaction, claims: readonly TurnClaim[]): Promise<void> {
  if (claims.length === 0) return;
  await transaction
    .insert(turns)
    .values(claims.map(({ turn, ...run }) => ({ ...run, ...turn })))
    .onConflictDoNothing();
}

/** No two claims share these. */
const RUN = [turns.namespace, turns.workflowId];

/** Matches runs that must be told their verdict, or be asked to stop. */
const UNTOLD = sql`(not told and (granted is not null or refused) or cancelled and not stopped)`;

/** Holds if `settle` has something to do now for a `namespace`, other than to forget claims of runs that never started. */
export function hasTurnsToSettle(namespace: Placeholder): SQL {
  return sql`(exists (select 1 from ${turns} where namespace = ${namespace}
      and (created <= now() and granted is null and not refused and not cancelled or ${UNTOLD}))
    or exists (select 1 from ${turns} join ${executions} using (namespace, workflow_id)
      where namespace = ${namespace} and closed is not null))`;
}

/** Leaves out delayed runs. A transaction that has waited for another one also sees those that began in the meantime. */
const DUE = or(isNotNull(turns.granted), lte(turns.created, sql`clock_timestamp()`));

function sameKey({ namespace, tenant, ref }: Omit<TurnClaim, 'turn'>, key: string) {
  return and(eq(turns.namespace, namespace), eq(turns.tenant, tenant), eq(turns.ref, ref), eq(turns.key, key));
}
