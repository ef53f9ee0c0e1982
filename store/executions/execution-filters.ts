import { and, arrayOverlaps, eq, gte, ilike, inArray, isNull, lt, or, type SQL, sql } from 'drizzle-orm';
import { FIRST_ENFORCEMENT } from '../../model/events/enforcement-number.ts';
import type { ExecutionStatus } from '../../model/status.ts';
import type { Database } from '../database.ts';
import { enforcements } from '../events/tables.ts';
import { likePattern, wildcardPattern } from '../like.ts';
import { executions, runActions } from './tables.ts';

/** The most runs that are counted one by one, where their number is not kept. */
export const MAX_COUNTED = 10_000;

/** Filters of lists and statistics. A run must match all that are given. */
export interface ExecutionFilter {
  statuses?: readonly ExecutionStatus[] | undefined;
  /** Matches the ref of the run or of an action of its tasks; `*` is a wildcard. */
  actionRef?: string | undefined;
  /** The exact ref of the run; the integer id of its workflow. */
  ref?: string | undefined;
  definition?: number | undefined;
  packName?: string | undefined;
  /** Text that the serialized result contains, in any case. */
  resultContains?: string | undefined;
  enforcement?: number | undefined;
  /** The event for which a rule began the run; the rule that did, by its integer id or its ref. */
  event?: number | undefined;
  rule?: number | string | undefined;
  /** Whether a rule began the run. */
  caused?: boolean | undefined;
  parent?: number | undefined;
  /** The integer id of the principal that started the run. */
  executor?: number | undefined;
  owner?: string | undefined;
  /** The fingerprint of the error. */
  fingerprint?: string | undefined;
  /** True: only runs that are open; false: only runs that have closed. */
  open?: boolean | undefined;
  /** Inclusive start and exclusive end of the time of creation. */
  createdAfter?: Date | undefined;
  createdBefore?: Date | undefined;
  /** The number of a run, or text that the workflow id contains. */
  search?: { n: number } | { text: string } | undefined;
}

/** A filter of one tenant whose `actionRef` is replaced by what it means for the runs there. */
export interface ResolvedFilter {
  tenant: string;
  filter: Omit<ExecutionFilter, 'actionRef'>;
  /** The refs that runs with such an action have; null when the filter names no action. */
  refs: readonly string[] | null;
  /** Matches those runs of the refs that have the action, where not all of them need have it. */
  hasAction: SQL | undefined;
}

/** Finds the refs of the runs that a filter by an action can match. */
export async function resolveFilter(
  db: Database,
  tenant: string,
  { actionRef, ...filter }: ExecutionFilter,
): Promise<ResolvedFilter> {
  if (actionRef === undefined) return { tenant, filter, refs: null, hasAction: undefined };
  const isNamed = actionRef.includes('*') ? sql`action like ${wildcardPattern(actionRef)}` : sql`action = ${actionRef}`;
  // Every list of actions of a ref stands next to the ref itself, as an action. Where one of them lacks the action, runs must be looked at.
  const { rows } = (await db.execute(sql`
    with found as (select distinct ref, list from ${runActions} where tenant = ${tenant} and ${isNamed})
    select ref, bool_and(found.list is not null) as always
    from (select distinct ref, list from ${runActions} where tenant = ${tenant} and action = ref and ref in (select ref from found)) as known
    left join found using (ref, list) group by ref`)) as unknown as { rows: { ref: string; always: boolean }[] };
  const always = rows.every((row) => row.always);
  return { tenant, filter, refs: rows.map(({ ref }) => ref), hasAction: always ? undefined : refMatches(actionRef) };
}

/** Matches the runs that match a filter. */
export function buildConditions({ tenant, filter, refs, hasAction }: ResolvedFilter): SQL | undefined {
  const { statuses, packName, resultContains, enforcement, parent, executor, owner, open } = filter;
  const { createdAfter, createdBefore, search, ref, definition, fingerprint, event, rule, caused } = filter;
  return and(
    eq(executions.tenant, tenant),
    statuses === undefined ? undefined : inArray(executions.status, [...statuses]),
    refs === null ? undefined : amongRefs(refs),
    hasAction,
    ref === undefined ? undefined : eq(executions.ref, ref),
    definition === undefined ? undefined : eq(executions.definition, definition),
    packName === undefined ? undefined : eq(executions.pack, packName),
    resultContains === undefined ? undefined : ilike(executions.result, likePattern(resultContains)),
    enforcement === undefined ? undefined : eq(executions.enforcement, enforcement),
    event === undefined ? undefined : ofEnforcements(tenant, eq(enforcements.event, event)),
    rule === undefined ? undefined : ofEnforcements(tenant, ruleIs(rule)),
    caused === undefined ? undefined : isCaused(caused),
    parent === undefined ? undefined : eq(executions.parent, parent),
    fingerprint === undefined ? undefined : eq(executions.fingerprint, fingerprint),
    owner === undefined ? undefined : eq(executions.owner, owner),
    executor === undefined ? undefined : eq(executions.executor, executor),
    createdAfter === undefined ? undefined : gte(executions.created, createdAfter),
    createdBefore === undefined ? undefined : lt(executions.created, createdBefore),
    search === undefined ? undefined : searchMatches(search),
    open === undefined ? undefined : eq(executions.versionClosed, open ? 0 : 1),
  );
}

/** Matches the runs of some enforcements. */
function ofEnforcements(tenant: string, which: SQL): SQL {
  const { id } = enforcements;
  return sql`${executions.enforcement} in (select ${id} from ${enforcements} where ${and(eq(enforcements.tenant, tenant), which)})`;
}

function ruleIs(rule: number | string): SQL {
  return typeof rule === 'number' ? eq(enforcements.rule, rule) : eq(enforcements.ruleRef, rule);
}

/** Matches the runs that a rule began, or all others. */
function isCaused(caused: boolean): SQL | undefined {
  const { enforcement } = executions;
  return caused ? gte(enforcement, FIRST_ENFORCEMENT) : or(isNull(enforcement), lt(enforcement, FIRST_ENFORCEMENT));
}

/** Matches rows by some refs, as one parameter. */
function amongRefs(refs: readonly string[]): SQL {
  return sql`${executions.ref} = any(${textArray(refs)})`;
}

/** Texts as one parameter of a statement. */
export function textArray(texts: readonly string[]): SQL {
  return sql`${sql.param([...texts], executions.actions)}::text[]`;
}

function searchMatches(search: { n: number } | { text: string }): SQL {
  return 'n' in search ? eq(executions.n, search.n) : ilike(executions.workflowId, likePattern(search.text));
}

function refMatches(ref: string): SQL | undefined {
  if (!ref.includes('*')) return or(eq(executions.ref, ref), arrayOverlaps(executions.actions, [ref]));
  const pattern = wildcardPattern(ref);
  return or(
    sql`${executions.ref} like ${pattern}`,
    sql`exists (select 1 from unnest(${executions.actions}) as action where action like ${pattern})`,
  );
}
