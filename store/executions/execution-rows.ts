import { and, eq, getTableColumns, inArray, type SQL, sql } from 'drizzle-orm';
import type { IndexEntry } from '../../model/index-entry.ts';
import type { ExecutionStatus } from '../../model/status.ts';
import type { Database, Transaction } from '../database.ts';
import { executions } from './tables.ts';
import type { TurnClaim } from './turns.ts';

/** A row of the execution index. */
export type IndexRow = typeof executions.$inferSelect;

/** Matches the rows of some workflow ids. */
export function among(namespace: string, workflowIds: readonly string[]): SQL | undefined {
  return and(eq(executions.namespace, namespace), inArray(executions.workflowId, [...workflowIds]));
}

/** Locks rows in the order of their numbers, so that writers do not deadlock. Returns their numbers. */
export function inOrder(db: Pick<Database | Transaction, 'select'>, where: SQL | undefined) {
  return db.select({ n: executions.n }).from(executions).where(where).orderBy(executions.n).for('update');
}

/** Holds for an entry that is not older than its row, as `isNotOlder` reports of two entries. */
export const NOT_OLDER = sql`case when ${executions.errorCode} = 'GONE' then true
  when excluded.version_run = ${executions.versionRun}
  then (excluded.version_closed, excluded.version_event) >= (${executions.versionClosed}, ${executions.versionEvent})
  else (excluded.version_start, excluded.version_run collate "C") > (${executions.versionStart}, ${executions.versionRun} collate "C")
  end`;

/** Keeps what a writer may not know: a list of runs has no inputs, and runs of other clients have no tenant. */
const KEPT_WHERE_UNKNOWN = {
  input: sql`coalesce(excluded.input, ${executions.input})`,
  tenant: sql`coalesce(excluded.tenant, ${executions.tenant})`,
  runId: sql`coalesce(${executions.runId}, excluded.run_id)`,
  listed: sql`${executions.listed}`,
  // A later run of a chain starts later; a row that only the start has written has the clock of the API until Temporal's time is known.
  created: sql`case when ${executions.versionStart} = 0 and ${executions.versionRun} in ('', excluded.version_run) then excluded.created
    else least(excluded.created, ${executions.created}) end`,
  asked: sql`greatest(excluded.asked, ${executions.asked})`,
  // A change feed reports changes of the status alone.
  changed: sql`case when (excluded.version_run, excluded.version_closed, excluded.status)
    = (${executions.versionRun}, ${executions.versionClosed}, ${executions.status})
    then ${executions.changed} else excluded.changed end`,
};

/** Returns by which values an insert replaces those of the row that exists; columns that no entry has keep theirs. */
export function replacedBy(row: ReturnType<typeof buildRow>): Record<string, SQL> {
  const columns = getTableColumns(executions);
  const names = Object.keys(row) as (keyof typeof row)[];
  const given = names.map((name) => [name, sql`excluded.${sql.identifier(columns[name].name)}`] as const);
  return { ...Object.fromEntries(given), ...KEPT_WHERE_UNKNOWN };
}

/** The most rows of a statement, which may have 65,535 parameters. */
const MAX_ROWS = 500;

/** Divides entries into those of one statement each, in order: a statement cannot write a row twice. */
export function inStatements(entries: readonly IndexEntry[]): IndexEntry[][] {
  const statements: IndexEntry[][] = [];
  let ids = new Set<string>();
  for (const entry of entries) {
    const id = `${entry.namespace} ${entry.workflowId}`;
    if (statements.length === 0 || ids.size === MAX_ROWS || ids.has(id)) {
      statements.push([]);
      ids = new Set();
    }
    ids.add(id);
    statements.at(-1)!.push(entry);
  }
  return statements;
}

/** Makes the row of an entry. */
export function buildRow({ version, asked = 0, turn: _, onFailure: __, ...entry }: IndexEntry) {
  return {
    ...entry,
    asked,
    changed: sql<number>`pg_current_xact_id()::text::bigint`,
    listed: entry.created,
    versionStart: version.start,
    versionRun: version.run,
    versionClosed: version.closed ? 1 : 0,
    versionEvent: version.event,
  };
}

/** Returns the claim of an open run with a concurrency key. */
export function listTurnClaims({ namespace, workflowId, tenant, ref, turn, version }: IndexEntry): TurnClaim[] {
  return turn === undefined || tenant === null || version.closed ? [] : [{ namespace, workflowId, tenant, ref, turn }];
}

/** Statuses after which `on_failure` is started, and the age in milliseconds up to which it is. */
const HOOKED: readonly ExecutionStatus[] = ['failed', 'timeout', 'abandoned'];
const HOOKED_FOR = 24 * 3_600_000;

/** Returns the hook of a run that failed recently, if its definition has one. */
export function listHooks({ namespace, workflowId, tenant, status, closed, onFailure: hook }: IndexEntry) {
  if (hook === undefined || tenant === null || closed === null || !HOOKED.includes(status)) return [];
  return Date.now() - closed.getTime() > HOOKED_FOR ? [] : [{ namespace, workflowId, tenant, hook }];
}
