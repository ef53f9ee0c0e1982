import { and, eq, getTableColumns, inArray, type SQL, sql } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { integerId } from '../../model/execution-id.ts';
import type { IndexEntry } from '../../model/index-entry.ts';
import type { ExecutionStatus } from '../../model/status.ts';
import type { Database, Transaction } from '../database.ts';
import { executions } from './tables.ts';

/** A row of the execution index. */
export type IndexRow = typeof executions.$inferSelect;

/** Holds for a row if an enabled rule of its tenant is about executions. */
const IS_HEARD = sql<boolean>`(executions.tenant is null or exists (select 1 from rules
  where rules.tenant = executions.tenant and rules.enabled and starts_with(rules.type, 'io.fermata.')))`;

/** Matches the rows of some workflow ids. */
export function among(namespace: string, workflowIds: readonly string[]): SQL | undefined {
  return and(eq(executions.namespace, namespace), inArray(executions.workflowId, [...workflowIds]));
}

/** Locks rows in the order of their numbers, so that writers do not deadlock. Returns their numbers. */
export function inOrder(db: Pick<Database | Transaction, 'select'>, where: SQL | undefined) {
  return db.select({ n: executions.n }).from(executions).where(where).orderBy(executions.n).for('update');
}

/** Locks rows in the order of their numbers. Returns the numbers of those whose ends no rule can match: no further statement needs to ask. */
export async function lockRows(transaction: Transaction, numbers: number[]): Promise<Set<number>> {
  const locked = await transaction
    .select({ n: executions.n, isHeard: IS_HEARD })
    .from(executions)
    .where(inArray(executions.n, numbers))
    .orderBy(executions.n)
    .for('update');
  return new Set(locked.filter(({ isHeard }) => !isHeard).map(({ n }) => n));
}

/**
 * Adds subjects, as a query selects them, to those who end a run, and with it maybe the runs above it. Returns whether the index has the run.
 */
export async function addEnders(
  db: Pick<Database, 'execute'>,
  { namespace, tenant }: { namespace: string; tenant: string },
  workflowId: string,
  subjects: SQL,
): Promise<boolean> {
  const noted = await db.execute(sql`
    with recursive above as (
      select n, parent from ${executions} where tenant = ${tenant} and namespace = ${namespace} and workflow_id = ${workflowId}
      union
      select e.n, e.parent from ${executions} e join above on e.n = above.parent / ${integerId(1)}::integer where e.tenant = ${tenant}
    ), ended as materialized (
      select n from ${executions} where n in (select n from above) order by n for update
    ), named as materialized (
      select array(select subject from (${subjects}) as given(subject) where subject is not null) as subjects
    )
    update ${executions} as kept set enders = array(select distinct unnest(kept.enders || named.subjects) order by 1)
    from ended, named where kept.n = ended.n and kept.tenant = ${tenant}
    returning kept.n`);
  return (noted as unknown as { rows: unknown[] }).rows.length > 0;
}

/** Holds for an entry that is not older than its row, as `isNotOlder` reports of two entries. */
export const NOT_OLDER = sql`case when ${executions.errorCode} = 'GONE' then true
  when excluded.version_run = ${executions.versionRun}
  then (excluded.version_closed, excluded.version_event) >= (${executions.versionClosed}, ${executions.versionEvent})
  else (excluded.version_start, excluded.version_run collate "C") > (${executions.versionStart}, ${executions.versionRun} collate "C")
  end`;

/** The columns that others write than those who write entries. */
const OF_OTHERS = [
  'changed',
  'marked',
  'looked',
  'askedSeen',
  'inquiriesOpen',
  'askedAt',
  'generation',
  'enders',
  'proven',
] as const;

/** The columns of a row that an entry has. */
type EntryRow = Omit<IndexRow, (typeof OF_OTHERS)[number]>;

const isOfOthers = (name: string) => OF_OTHERS.some((other) => other === name);
const WRITTEN = Object.entries(getTableColumns(executions)).filter(([name]) => !isOfOthers(name));
const COLUMNS = sql.join(
  WRITTEN.map(([, { name }]) => sql.identifier(name)),
  sql`, `,
);

/** Makes the row of an entry. */
function buildRow({ version, asked = 0, turn: _, onFailure: __, errorType: ___, ...entry }: IndexEntry): EntryRow {
  return {
    ...entry,
    asked,
    listed: entry.created,
    versionStart: version.start,
    versionRun: version.run,
    versionClosed: version.closed ? 1 : 0,
    versionEvent: version.event,
  };
}

/** Makes the row of an entry as JSON, with the values that the driver would send. */
function encodeRow(entry: IndexEntry): Record<string, unknown> {
  const row: Record<string, unknown> = buildRow(entry);
  return Object.fromEntries(
    WRITTEN.map(([name, column]) => [column.name, row[name] === null ? null : column.mapToDriverValue(row[name])]),
  );
}

/** The beginning of a statement that inserts rows. They are one parameter: one for each value would take longer than all else of a start. */
const INSERT = sql`insert into ${executions} (${COLUMNS}, changed)
  select ${COLUMNS}, pg_current_xact_id()::text::bigint
  from json_populate_recordset(null::${executions}, ${sql.placeholder('rows')}::text::json)`;

/** Makes the text of the rows of entries. */
export function rowsOf(entries: readonly IndexEntry[]): string {
  return JSON.stringify(entries.map(encodeRow));
}

/** Renders a statement with rows as its only parameter, once: that takes longer than what is done with it. */
function rendered(statement: SQL): (entries: readonly IndexEntry[]) => SQL {
  const [before, after] = new PgDialect().sqlToQuery(statement).sql.split('$1') as [string, string];
  return (entries) => sql`${sql.raw(before)}${rowsOf(entries)}${sql.raw(after)}`;
}

/** Inserts the rows whose number and workflow id are free, given as the text of `rowsOf`, and returns their numbers. */
export const INSERT_FREE = sql`${INSERT} on conflict do nothing returning n`;

/** Makes a statement that does what `INSERT_FREE` does. */
export const insertOf = rendered(INSERT_FREE);

/** Keeps what a writer may not know: a list of runs has no inputs, and runs of other clients have no tenant. */
const KEPT_WHERE_UNKNOWN: Record<string, SQL> = {
  starters: sql`coalesce(excluded.starters, ${executions.starters})`,
  input: sql`coalesce(excluded.input, ${executions.input})`,
  tenant: sql`coalesce(excluded.tenant, ${executions.tenant})`,
  runId: sql`coalesce(${executions.runId}, excluded.run_id)`,
  listed: sql`${executions.listed}`,
  // A later run of a chain starts later; a row that only the start has written has the clock of the API until Temporal's time is known.
  created: sql`case when ${executions.versionStart} = 0 and ${executions.versionRun} in ('', excluded.version_run) then excluded.created
    else least(excluded.created, ${executions.created}) end`,
  asked: sql`greatest(excluded.asked, ${executions.asked})`,
};

/** A change feed reports changes of the status alone. */
const CHANGED = sql`case when (excluded.version_run, excluded.version_closed, excluded.status)
    = (${executions.versionRun}, ${executions.versionClosed}, ${executions.status})
    then ${executions.changed} else excluded.changed end`;

const REPLACED = sql.join(
  WRITTEN.map(([name, column]) => {
    const given = sql.identifier(column.name);
    return sql`${given} = ${KEPT_WHERE_UNKNOWN[name] ?? sql`excluded.${given}`}`;
  }),
  sql`, `,
);

/** Makes a statement that inserts the rows of entries, or replaces those that exist and are not newer. */
export const upsertOf = rendered(
  sql`${INSERT} on conflict (namespace, workflow_id) do update set ${REPLACED}, changed = ${CHANGED} where ${NOT_OLDER}`,
);

/** The most rows of a statement, which travel in one message. */
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

/** Statuses after which `on_failure` is started, and the age in milliseconds up to which it is. */
const HOOKED: readonly ExecutionStatus[] = ['failed', 'timeout', 'abandoned'];
const HOOKED_FOR = 24 * 3_600_000;

/** Returns the hook of a run that failed recently, if its definition has one. */
export function listHooks({ namespace, workflowId, tenant, status, closed, onFailure: hook }: IndexEntry) {
  if (hook === undefined || tenant === null || closed === null || !HOOKED.includes(status)) return [];
  return Date.now() - closed.getTime() > HOOKED_FOR ? [] : [{ namespace, workflowId, tenant, hook }];
}
