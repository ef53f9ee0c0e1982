import type { z } from '@hono/zod-openapi';
import type { Execution, TaskExecution, TaskPosition } from '../../model/execution.ts';
import {
  deriveUuid,
  integerId,
  MAX_NUMBERED_VISITS,
  parseExecutionId,
  readScheduledTime,
} from '../../model/execution-id.ts';
import type { Failure } from '../../model/failure.ts';
import { type Json, jsonSize } from '../../model/json.ts';
import { deriveMode } from '../../model/run-mode.ts';
import { listSkippable } from '../../model/skips.ts';
import { type ExecutionStatus, executionWord, isHeldUp } from '../../model/status.ts';
import type { TaskChange } from '../../service/executions/live-events/entries.ts';
import type { ExecutionView } from '../../service/executions/reader.ts';
import type { ChildPage, TaskView } from '../../service/executions/task-executions.ts';
import { cursorText } from '../../service/index/cursors.ts';
import { errorCode } from '../../service/index/entries.ts';
import type { ListedExecution } from '../../service/index/rows.ts';
import { lastChange } from '../../service/projections/task-rows.ts';
import { buildPagination } from '../http/routes.ts';
import type {
  ExecutionSchema,
  ExecutionSummarySchema,
  LinkSchema,
  StatusSchema,
  TaskExecutionSchema,
  ViewQuery,
  WideSummarySchema,
} from './schemas.ts';

// The pure functions that build the response bodies of the Executions API.

/** Builds the body of a page of executions. */
export function executionPageBody(
  { rows, total, isLowerBound, nextCursor }: ChildPage,
  page: { page: number; per_page: number },
  view: 'summary' | 'wide' = 'summary',
) {
  return {
    data: rows.map(view === 'wide' ? wideSummaryBody : summaryBody),
    pagination: buildPagination(total, page),
    next_cursor: nextCursor,
    total_is_lower_bound: isLowerBound,
  };
}

/** Builds the body of an execution in a list. */
export function summaryBody(row: ListedExecution): z.infer<typeof ExecutionSummarySchema> {
  return {
    id: row.id,
    action_ref: row.ref,
    status: wordOf(row.status),
    state: row.state,
    parent: row.parent,
    enforcement: row.enforcement,
    created: row.created.toISOString(),
    updated: row.updated.toISOString(),
  };
}

/** Builds the body of a run in a list with `view=wide`. */
function wideSummaryBody(row: ListedExecution): z.infer<typeof WideSummarySchema | typeof ExecutionSummarySchema> {
  const { more, parent, enforcement, created } = row;
  if (more === undefined) return summaryBody(row);
  const { revision, tags, closed, waiting, errorCode: error_code, error, owner: started_by, cause } = more;
  const { version = null, label = null } = more.workflow ?? {};
  return {
    ...summaryBody(row),
    mode: deriveMode({ parent, enforcement, mode: more.mode }),
    version,
    revision,
    label,
    tags,
    closed: closed?.toISOString() ?? null,
    duration_ms: closed && closed.getTime() - created.getTime(),
    // A process of an earlier release changes the status alone.
    waiting: isHeldUp(row.status) ? waiting : null,
    error_code,
    error,
    started_by,
    cause,
  };
}

/** Builds the body of one execution. */
export function executionBody({ n, execution, retries }: ExecutionView): z.infer<typeof ExecutionSchema> {
  const { memo, run, status, created, updated, closed, waitingFor, moreTasks } = execution;
  const result = closed === null ? null : resultBody(execution);
  return {
    id: integerId(n),
    action: memo?.definition_id ?? null,
    action_ref: memo?.ref ?? execution.workflowType,
    config: execution.input,
    parent: memo?.parent ?? null,
    parent_task: memo?.parent_task ?? null,
    enforcement: memo?.enforcement ?? null,
    executor: memo?.executor ?? null,
    status: wordOf(status),
    state: status,
    result,
    created,
    updated,
    uuid: deriveUuid(n),
    workflow_id: execution.workflowId,
    run_id: execution.runId,
    // An action that was started directly has neither: its definition is not stored.
    version: run?.hash ? run.version : null,
    revision: run?.hash ? run.revision : null,
    tags: memo?.tags ?? [],
    tasks: tasksBody({ n, execution }),
    tasks_total: moreTasks?.total ?? execution.tasks.length,
    tasks_next: moreTasks === undefined ? null : restOf(integerId(n), '*', moreTasks.after),
    ...measuresOf(execution, result),
    waiting_for: waitingFor,
    signals: execution.signals,
    signals_refused: execution.signalsRefused,
    signals_dropped: execution.signalsDropped,
    authentic: execution.authentic,
    statements: statementsBody(execution),
    projection: execution.projection,
    expired: execution.expired ?? false,
    partial: execution.partial ?? false,
    retried_as: retries.filter(({ of }) => of === integerId(n)).map(({ id }) => id),
    task: null,
    attempt: null,
    ...originOf(memo),
    schedule: memo?.schedule ?? null,
    scheduled_at: run?.scheduled?.at ?? (memo?.schedule === undefined ? null : readScheduledTime(execution.workflowId)),
    memo: memo?.memo ?? null,
    _links: linksOf(integerId(n), memo?.parent ?? null),
  };
}

/** Returns how a run was started, and what began it. */
function originOf(memo: Execution['memo']) {
  const { cause = null, retry_of = null, retry_reason = null } = memo ?? {};
  return { mode: deriveMode({ parent: null, enforcement: null, ...memo }), cause, retry_of, retry_reason };
}

function statementsBody({ statements }: Execution): { accepted: number; refused: number } | null {
  return statements === null ? null : { accepted: statements.accepted, refused: statements.refused };
}

/** Builds the summary of a run at a given status. */
export function runSummaryBody(
  { n, execution: { memo, workflowType } }: ExecutionView,
  { status, created, updated }: Pick<Execution, 'status' | 'created' | 'updated'>,
): z.infer<typeof ExecutionSummarySchema> {
  return {
    id: integerId(n),
    action_ref: memo?.ref ?? workflowType,
    status: wordOf(status),
    state: status,
    parent: memo?.parent ?? null,
    enforcement: memo?.enforcement ?? null,
    created,
    updated,
  };
}

/** Builds the body of a change of a task execution. */
export function taskSummaryBody({ n, execution }: ExecutionView, task: TaskChange) {
  const { number, key, name, visit, item, action, status, state } = task;
  const { created, updated, started, ended, attempt, error, was } = task;
  return {
    id: taskId(n, number),
    action_ref: action,
    status: wordOf(status),
    state,
    parent: integerId(n),
    enforcement: execution.memo?.enforcement ?? null,
    created,
    updated,
    task: key,
    name,
    visit,
    item,
    attempt,
    started,
    ended,
    child: childId(task),
    error,
    was: was && wordOf(was),
  };
}

/** Builds the body of a task execution, which has the fields of an execution; its items are its tasks. */
export function taskExecutionBody({ task, items, more, ...found }: TaskView): z.infer<typeof ExecutionSchema> {
  const run = executionBody(found);
  const skippable = listSkippable(found.execution.waitingFor);
  const { id, child, attempts, can_skip, ended, skipped_by } = taskBody(found.n, task, skippable);
  const { failure, output } = task;
  const result = task.ended === null ? null : resultBody({ failure, output });
  return {
    ...run,
    id: id ?? run.id,
    action: null,
    action_ref: task.action,
    config: task.input,
    parent: run.id,
    parent_task: null,
    status: wordOf(task.status),
    state: task.state,
    result,
    created: task.created,
    updated: lastChange(task),
    uuid: null,
    tasks: items.map((item) => taskBody(found.n, item, skippable)),
    tasks_total: more?.total ?? items.length,
    tasks_next: more === undefined ? null : restOf(run.id, task.key, more.after),
    ...measuresOf({ input: task.input, closed: task.ended, lastEvent: found.execution.lastEvent }, result),
    waiting_for: run.waiting_for.filter((wait) => wait.task === task.key),
    retry_of: null,
    retry_reason: null,
    retried_as: [],
    task: task.key,
    attempt: task.attempts.at(-1)?.attempt ?? null,
    attempts,
    can_skip,
    ended,
    child,
    skipped_by,
    _links: {
      self: link(id === null ? `${BASE}/${run.id}/tasks/${encodeURIComponent(task.key)}` : `${BASE}/${id}`),
      parent: link(`${BASE}/${run.id}`),
      ...(child === null ? {} : { child: link(`${BASE}/${child}`) }),
    },
  };
}

const BASE = '/api/v1/executions';

function link(href: string, method = 'GET'): z.infer<typeof LinkSchema> {
  return { href, method };
}

function linksOf(id: number, parent: number | null) {
  const self = `${BASE}/${id}`;
  return {
    self: link(self),
    collection: link(BASE),
    children: link(`${BASE}?parent=${id}`),
    logs: link(`${self}/logs`),
    history: link(`${self}/history`),
    events: link(`${self}/events`),
    ...(parent === null ? {} : { parent: link(`${BASE}/${parent}`) }),
  };
}

/** Returns where the task executions of a run after a position are listed; `parent` is the key of their visit, or `*` for all. */
function restOf(id: number, parent: string, after: TaskPosition | null): string {
  const query = new URLSearchParams({ parent_key: parent });
  if (after !== null) query.set('cursor', cursorText(after.at, after.rank));
  return `${BASE}/${id}/tasks?${query}`;
}

/** Returns the sizes of an input and a result, and the last event of the history that they were read from. */
function measuresOf(
  { input, closed, lastEvent }: Pick<Execution, 'input' | 'closed'> & { lastEvent?: number | undefined },
  result: Json,
) {
  return {
    config_bytes: jsonSize(input),
    result_bytes: closed === null ? null : jsonSize(result),
    last_event: lastEvent ?? null,
  };
}

/** Returns the output, or `{ error, error_code, stack_trace, task, output }` after a failure. */
function resultBody({ failure, output }: Pick<Execution, 'failure' | 'output'>): Json {
  if (failure === null) return output;
  return {
    error: failure.message,
    error_code: errorCode(failure),
    stack_trace: null,
    task: failure.task ?? null,
    output,
  };
}

/** The most bytes of a value, as JSON, that a lean answer shows. */
const LEAN_BYTES = 64 * 1024;

/** Shows the body of an execution, or leaves out its tasks, and its input and result if they are large. */
export function showInView({ view }: z.infer<typeof ViewQuery>, body: ExecutionBody): ExecutionBody {
  if (view === 'full') return body;
  const little = (value: Json) => (jsonSize(value) > LEAN_BYTES ? null : value);
  const { id, task, parent, config, result, tasks_total } = body;
  // The tasks of a task execution are its items, which belong to its run.
  const rest = task === null ? restOf(id, '*', null) : restOf(parent ?? id, task, null);
  return {
    ...body,
    config: little(config),
    result: little(result),
    tasks: [],
    tasks_next: tasks_total === 0 ? null : rest,
  };
}

type ExecutionBody = z.infer<typeof ExecutionSchema>;

/** Builds the bodies of the task executions of a run. */
export function tasksBody({
  n,
  execution,
}: Pick<ExecutionView, 'n' | 'execution'>): z.infer<typeof TaskExecutionSchema>[] {
  const skippable = listSkippable(execution.waitingFor);
  return execution.tasks.map((task) => taskBody(n, task, skippable));
}

function taskBody(n: number, task: TaskExecution, skippable: ReadonlySet<string>): z.infer<typeof TaskExecutionSchema> {
  return {
    id: taskId(n, task.number),
    key: task.key,
    name: task.name,
    visit: task.visit,
    item: task.item,
    action_ref: task.action,
    status: task.status,
    state: task.state,
    input: task.input,
    output: task.output,
    error: failureBody(task.failure),
    attempts: task.attempts.map((attempt) => ({ ...attempt, error: failureBody(attempt.error) })),
    created: task.created,
    started: task.started,
    ended: task.ended,
    child: childId(task),
    skipped_by: task.skipped,
    can_skip: skippable.has(task.key),
    carried: task.carried,
  };
}

/** Returns the integer id of a visit by its number; null for an item (null), and for a late visit. */
export function taskId(n: number, number: number | null): number | null {
  return number !== null && number <= MAX_NUMBERED_VISITS ? integerId(n, number) : null;
}

/** Returns the integer id of the sub-workflow that a task execution started; null if it has none. */
export function childId({ child }: Pick<TaskExecution, 'child'>): number | null {
  const id = child === null ? undefined : parseExecutionId(child);
  return id === undefined ? null : integerId(id.n);
}

function failureBody(failure: Failure | null): Json {
  return failure as unknown as Json; // a failure consists of JSON
}

function wordOf(status: ExecutionStatus): z.infer<typeof StatusSchema> {
  return executionWord(status) as z.infer<typeof StatusSchema>; // the table contains only these words
}
