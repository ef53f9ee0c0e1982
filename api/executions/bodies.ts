import { z } from '@hono/zod-openapi';
import type { Execution, TaskExecution } from '../../model/execution.ts';
import { integerId, MAX_NUMBERED_VISITS, parseExecutionId, scheduledTimeOf, uuidOf } from '../../model/execution-id.ts';
import type { Failure } from '../../model/failure.ts';
import type { Json } from '../../model/json.ts';
import { JsonValueSchema } from '../../model/json-value.ts';
import { modeOf, RUN_MODES } from '../../model/run-mode.ts';
import {
  EXECUTION_STATUSES,
  EXECUTION_WORDS,
  type ExecutionStatus,
  executionWord,
  TASK_STATES,
} from '../../model/status.ts';
import type { ExecutionView } from '../../service/executions/reader.ts';
import {
  type ChildPage,
  type ListedExecution,
  lastChange,
  type TaskView,
} from '../../service/executions/task-executions.ts';
import { errorCode } from '../../service/projections/index-entries.ts';
import { PaginationSchema, paginationOf } from '../http/routes.ts';

// The bodies of document 000: the schemas of its answers, and the pure functions that fill them.

/** Where a client may go from here. */
const LinkSchema = z.object({ href: z.string(), method: z.string() });

const StatusSchema = z.enum(EXECUTION_WORDS).openapi('ExecutionStatus');

const InstantSchema = z.iso.datetime();

const FailureSchema: z.ZodType<Json> = z
  .object({ type: z.string(), message: z.string() })
  .catchall(JsonValueSchema)
  .openapi('Failure') as unknown as z.ZodType<Json>;

/** A task execution, in the tree of its run. */
export const TaskSchema = z
  .object({
    id: z.int().nullable().describe('Null for an item, and beyond the 1023rd visit: reached by its key.'),
    key: z.string(),
    name: z.string(),
    visit: z.int(),
    item: z.int().nullable().describe('Which item of the visit; null for the visit itself.'),
    action_ref: z.string(),
    status: z.string(),
    state: z.enum(TASK_STATES).describe('How it stands: `skipped` and `paused` are told apart here.'),
    input: JsonValueSchema,
    output: JsonValueSchema,
    error: FailureSchema.nullable(),
    attempts: z.array(
      z.object({
        attempt: z.int(),
        recorded: z
          .boolean()
          .describe('False where Temporal keeps no times of it: of its own retries it records the last attempt alone.'),
        started: InstantSchema.nullable(),
        ended: InstantSchema.nullable(),
        error: FailureSchema.nullable(),
        worker: z.string().nullable(),
      }),
    ),
    created: InstantSchema,
    started: InstantSchema.nullable(),
    ended: InstantSchema.nullable(),
    child: z.int().nullable().describe('Id of the sub-workflow that it has started.'),
    skipped_by: z.string().nullable().describe('Who has relieved it of what it waited for.'),
    carried: z.boolean().describe('Done by the execution that this one is a retry of.'),
  })
  .openapi('TaskExecution');

const SUMMARY = {
  id: z.int(),
  action_ref: z.string(),
  status: StatusSchema,
  state: z
    .enum([...new Set([...EXECUTION_STATUSES, ...TASK_STATES])])
    .describe('How it stands, in more words than `status`: also `waiting`, `paused`, `terminated`, `skipped`.'),
  parent: z.int().nullable(),
  enforcement: z.int().nullable(),
  created: InstantSchema,
  updated: InstantSchema,
};

/** One execution in a list (document 000, Execution Summary). */
const ExecutionSummarySchema = z.object(SUMMARY).openapi('ExecutionSummary');

/** Something that a run waits for. */
export const WaitSchema = z.object({
  kind: z.string(),
  task: z.string().nullable(),
  since: InstantSchema.nullable(),
  until: InstantSchema.nullable(),
  detail: z.string().nullable(),
});

/** One execution (document 000, Execution), and beyond the document what Temporal's history tells. */
export const ExecutionSchema = z
  .object({
    ...SUMMARY,
    action: z.int().nullable().describe('Id of the workflow definition; null for a plain action.'),
    config: JsonValueSchema.describe('The input.'),
    parent_task: z.string().nullable().describe('Key of the task there that has started it.'),
    executor: z.int().nullable().describe('Id of the caller who started it.'),
    result: JsonValueSchema.describe('The output, or what went wrong; null while it runs.'),
    uuid: z.string().nullable().describe('Null for a task execution.'),
    workflow_id: z.string(),
    run_id: z.string(),
    version: z.string().nullable(),
    revision: z.int().nullable(),
    tags: z.array(z.string()),
    tasks: z.array(TaskSchema),
    waiting_for: z.array(WaitSchema),
    signals: z
      .array(z.object({ name: z.string(), payload: JsonValueSchema }))
      .describe('Signals that no task has waited for yet.'),
    signals_refused: z
      .array(z.object({ name: z.string(), at: InstantSchema, encoding: z.string() }))
      .describe('Signals that no task was given, since their payloads are not JSON.'),
    signals_dropped: z.int().describe('Signals that were beyond what is kept.'),
    authentic: z
      .boolean()
      .nullable()
      .describe(
        'Whether this API has started it, by a signature over all that it was started with; null: older, or a sub-workflow.',
      ),
    statements: z
      .object({ accepted: z.int(), refused: z.int() })
      .nullable()
      .describe(
        'Signed decisions and controls that the run has verified, and those that it has refused; null: it asks for none.',
      ),
    projection: z.enum(['complete', 'diverged', 'partial', 'foreign']),
    expired: z.boolean().describe('Temporal has its history no more; this is what the index kept.'),
    partial: z.boolean().describe('Temporal has the first runs of its chain no more; what they have done is missing.'),
    retry_of: z.int().nullable().describe('The run that it is a retry of.'),
    retried_as: z.array(z.int()).describe('Its own retries, in order of start.'),
    task: z.string().nullable().describe('Key of a task execution; null for a run.'),
    attempt: z.int().nullable().describe('Of a task execution: its latest attempt.'),
    mode: z.enum(RUN_MODES).describe('What has led to the run.'),
    schedule: z.string().nullable().describe('Id of the schedule that has started it.'),
    scheduled_at: InstantSchema.nullable().describe(
      'The time for which a schedule has started it, the run that it is a retry of, or the run above it.',
    ),
    memo: z.record(z.string(), JsonValueSchema).nullable().describe('What the caller keeps with the run.'),
    _links: z.record(z.string(), LinkSchema),
  })
  .openapi('Execution');

/** A page of executions (document 000, List All Executions). */
export const ExecutionListSchema = z
  .object({
    data: z.array(ExecutionSummarySchema),
    pagination: PaginationSchema,
    next_cursor: z.string().nullable().describe('Where the list goes on; null at its end.'),
  })
  .openapi('ExecutionList');

const STAT = z.int().min(0);

const STATS = {
  total: STAT,
  completed: STAT,
  failed: STAT,
  running: STAT,
  pending: STAT,
  cancelled: STAT,
  timeout: STAT,
  abandoned: STAT,
};

/** Counts of executions (document 000, Get Execution Statistics), and of groups when they were asked for. */
export const StatsSchema = z
  .object({ ...STATS, groups: z.array(z.object({ key: z.string(), ...STATS })).optional() })
  .openapi('ExecutionStats');

/** Document 000's body of a page. */
export function listOf({ rows, total, nextCursor }: ChildPage, page: { page: number; per_page: number }) {
  return {
    data: rows.map(summaryBody),
    pagination: paginationOf(total, page),
    next_cursor: nextCursor,
  };
}

/** Document 000's body of an execution in a list. */
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

/** Document 000's body of one execution. */
export function executionBody({ n, execution, retries }: ExecutionView): z.infer<typeof ExecutionSchema> {
  const { memo, run, status, created, updated, closed, waitingFor } = execution;
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
    result: closed === null ? null : resultBody(execution),
    created,
    updated,
    uuid: uuidOf(n),
    workflow_id: execution.workflowId,
    run_id: execution.runId,
    // A plain action has neither: its run of one task was never stored.
    version: run?.hash ? run.version : null,
    revision: run?.hash ? run.revision : null,
    tags: memo?.tags ?? [],
    tasks: tasksBody({ n, execution }),
    waiting_for: waitingFor,
    signals: execution.signals,
    signals_refused: execution.signalsRefused,
    signals_dropped: execution.signalsDropped,
    authentic: execution.authentic,
    statements: statementsBody(execution),
    projection: execution.projection,
    expired: execution.expired ?? false,
    partial: execution.partial ?? false,
    retry_of: memo?.retry_of ?? null,
    retried_as: retries.filter(({ of }) => of === integerId(n)).map(({ id }) => id),
    task: null,
    attempt: null,
    mode: modeOf({ parent: null, enforcement: null, ...memo }),
    schedule: memo?.schedule ?? null,
    scheduled_at: run?.scheduled?.at ?? (memo?.schedule === undefined ? null : scheduledTimeOf(execution.workflowId)),
    memo: memo?.memo ?? null,
    _links: linksOf(integerId(n), memo?.parent ?? null),
  };
}

function statementsBody({ statements }: Execution): { accepted: number; refused: number } | null {
  return statements === null ? null : { accepted: statements.accepted, refused: statements.refused };
}

/** The summary of a run that is followed, with the status that it has then. */
export function runSummaryBody(
  found: ExecutionView,
  { status, created, updated }: Pick<Execution, 'status' | 'created' | 'updated'>,
): z.infer<typeof ExecutionSummarySchema> {
  const { id, action_ref, parent, enforcement } = executionBody(found);
  return { id, action_ref, status: wordOf(status), state: status, parent, enforcement, created, updated };
}

/** The summary of a task execution of a run that is followed. */
export function taskSummaryBody({ n, execution }: ExecutionView, task: TaskExecution) {
  const { number, key, action, status, state, attempts, created } = task;
  return {
    id: number !== null && number <= MAX_NUMBERED_VISITS ? integerId(n, number) : null,
    action_ref: action,
    status: wordOf(status),
    state,
    parent: integerId(n),
    enforcement: execution.memo?.enforcement ?? null,
    created,
    updated: lastChange(task),
    task: key,
    attempt: attempts.at(-1)?.attempt ?? null,
  };
}

/** A task execution has the fields of an execution (design/shapes.md, Executions); its items are its tasks. */
export function taskExecutionBody({ task, items, ...found }: TaskView): z.infer<typeof ExecutionSchema> {
  const run = executionBody(found);
  const { id, error, ...body } = taskBody(found.n, task);
  const { failure, output } = task;
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
    result: task.ended === null ? null : resultBody({ failure, output }),
    created: task.created,
    updated: lastChange(task),
    uuid: null,
    tasks: items.map((item) => taskBody(found.n, item)),
    waiting_for: run.waiting_for.filter((wait) => wait.task === task.key),
    retry_of: null,
    retried_as: [],
    task: task.key,
    attempt: task.attempts.at(-1)?.attempt ?? null,
    _links: {
      self: link(id === null ? `${BASE}/${run.id}/tasks/${encodeURIComponent(task.key)}` : `${BASE}/${id}`),
      parent: link(`${BASE}/${run.id}`),
      ...(body.child === null ? {} : { child: link(`${BASE}/${body.child}`) }),
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

/** The output, or `{ error, error_code, stack_trace, task, output }` (design/shapes.md, Executions). */
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

/** The task executions of a run. */
export function tasksBody({ n, execution }: Pick<ExecutionView, 'n' | 'execution'>): z.infer<typeof TaskSchema>[] {
  return execution.tasks.map((task) => taskBody(n, task));
}

function taskBody(n: number, task: TaskExecution): z.infer<typeof TaskSchema> {
  return {
    id: task.number !== null && task.number <= MAX_NUMBERED_VISITS ? integerId(n, task.number) : null,
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
    carried: task.carried,
  };
}

function childId({ child }: TaskExecution): number | null {
  const id = child === null ? undefined : parseExecutionId(child);
  return id === undefined ? null : integerId(id.n);
}

function failureBody(failure: Failure | null): Json {
  return failure as unknown as Json; // it came out of JSON, or is made of nothing else
}

function wordOf(status: ExecutionStatus): z.infer<typeof StatusSchema> {
  return executionWord(status) as z.infer<typeof StatusSchema>; // the table holds these words alone
}
