import { and, eq, isNull, type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import { STRIKE_LIMIT } from '../model/strike.ts';
import type { Database } from './database.ts';
import { dueEnforcements } from './events/enforcements.ts';
import { UNPLANNED_EVENTS } from './events/planning.ts';
import { selectTenants } from './events/waiting-tenants.ts';
import { isFree } from './executions/bulk-jobs.ts';
import { isStruck } from './executions/run-strikes.ts';
import { bulkJobs, executionCountChanges, executions, failureHooks, runStrikes } from './executions/tables.ts';
import { hasTurnsToSettle } from './executions/turns.ts';
import { isAsking, isReminded } from './inquiries/inquiries.ts';
import { isNoticeDue } from './inquiries/notice-events.ts';
import { inquiries, noticeEvents } from './inquiries/tables.ts';
import { named } from './named.ts';

/**
 * Work for one loop each: bulk jobs to continue, changed counts to add up, enforcements to start, events to plan, `on_failure` workflows
 * to start, inquiries to read, notices to send, runs to look at, runs to terminate, and slots to give.
 */
export type DueWork =
  | 'bulk'
  | 'counts'
  | 'enforcements'
  | 'events'
  | 'hooks'
  | 'inquiries'
  | 'notices'
  | 'runs'
  | 'strikes'
  | 'turns';

/** Finds out, for all loops of a process at once, what there is to do. */
export interface DueWorkStore {
  /** Lists what can be done in a namespace at a time, whoever has written it. */
  find(namespace: string, now: Date): Promise<DueWork[]>;
}

const NAMESPACE = sql.placeholder('namespace');
const NOW = sql.placeholder('now');

/** Creates the store over an open database. It asks with one statement, which reads little: there is a partial index for each condition. */
export function createDueWorkStore(db: Database): DueWorkStore {
  const look = db.select(conditionsOf(db)).from(sql`(select 1) as once`).prepare('due_work');

  return named<DueWorkStore>('due-work', {
    async find(namespace, now) {
      const [found = {}] = await look.execute({ namespace, now });
      return Object.entries(found).flatMap(([work, isDue]) => (isDue ? [work as DueWork] : [])); // the names of the conditions
    },
  });
}

/** Returns the conditions by which the loops themselves find what there is to do. */
function conditionsOf(db: Database): Record<DueWork, SQL<unknown>> {
  const now = sql.param(NOW, bulkJobs.leased);
  const isMarked = and(eq(executions.namespace, NAMESPACE), sql`version_closed = 0 and marked`);
  return {
    bulk: has(bulkJobs, isFree(NOW)),
    counts: has(executionCountChanges),
    enforcements: sql`exists (${selectTenants(dueEnforcements(sql`${now}`))})`,
    events: sql`exists (${selectTenants(UNPLANNED_EVENTS)})`,
    hooks: has(failureHooks, and(eq(failureHooks.namespace, NAMESPACE), isNull(failureHooks.done))),
    inquiries: has(executions, isAsking(NAMESPACE)),
    notices: sql`(${has(noticeEvents, isNoticeDue(db, NAMESPACE, NOW))} or ${has(inquiries, isReminded(NAMESPACE, NOW))})`,
    runs: has(executions, isMarked),
    strikes: has(runStrikes, isStruck(NAMESPACE, STRIKE_LIMIT)),
    turns: hasTurnsToSettle(NAMESPACE),
  };
}

function has(table: PgTable, condition: SQL | undefined = sql`true`): SQL {
  return sql`exists (select 1 from ${table} where ${condition})`;
}
