import { z } from '@hono/zod-openapi';
import { CauseSchema as CauseShape } from '../../model/events/cause.ts';
import type { Json } from '../../model/json.ts';
import { JsonValueSchema } from '../../model/json-value.ts';
import { RUN_MODES } from '../../model/run-mode.ts';
import { EXECUTION_STATUSES, EXECUTION_WORDS, HOLDUPS, TASK_STATES } from '../../model/status.ts';
import { PaginationSchema } from '../http/routes.ts';

// Schemas of the response bodies of the Executions API.

/** A request that a client can send next. */
export const LinkSchema = z.object({ href: z.string(), method: z.string() });

/** A status, in the words of the Executions API. */
export const StatusSchema = z.enum(EXECUTION_WORDS).openapi('ExecutionStatus');

const InstantSchema = z.iso.datetime();

const FailureSchema: z.ZodType<Json> = z
  .object({ type: z.string(), message: z.string() })
  .catchall(JsonValueSchema)
  .openapi('Failure') as unknown as z.ZodType<Json>;

const AttemptSchema = z.object({
  attempt: z.int(),
  recorded: z
    .boolean()
    .describe('False if Temporal has no times of this attempt: of its own retries it records only the last one.'),
  started: InstantSchema.nullable(),
  ended: InstantSchema.nullable(),
  error: FailureSchema.nullable(),
  worker: z.string().nullable(),
});

/** A task execution, in the tree of its run. */
export const TaskExecutionSchema = z
  .object({
    id: z.int().nullable().describe('Null for an item, and after visit 1023: use the key instead.'),
    key: z.string(),
    name: z.string(),
    visit: z.int(),
    item: z.int().nullable().describe('The index of the item; null for the visit itself.'),
    action_ref: z.string(),
    status: z.string(),
    state: z.enum(TASK_STATES).describe('The detailed state, which distinguishes `skipped` and `paused`.'),
    input: JsonValueSchema,
    output: JsonValueSchema,
    error: FailureSchema.nullable(),
    attempts: z.array(AttemptSchema),
    created: InstantSchema,
    started: InstantSchema.nullable(),
    ended: InstantSchema.nullable(),
    child: z.int().nullable().describe('The id of the sub-workflow that the task started.'),
    skipped_by: z.string().nullable().describe('Who skipped the task.'),
    can_skip: z.boolean().describe('Whether it waits for something that a skip ends.'),
    carried: z.boolean().describe('Whether the task was run by the execution that this one is a retry of.'),
  })
  .openapi('TaskExecution');

/** The cause of an execution. */
const CauseSchema = z
  .object(CauseShape.shape)
  .openapi('Cause')
  .nullable()
  .describe('The rule that has started it, and for which event; null where no rule of Fermata did.');

const SUMMARY = {
  id: z.int(),
  action_ref: z.string(),
  status: StatusSchema,
  state: z
    .enum([...new Set([...EXECUTION_STATUSES, ...TASK_STATES])])
    .describe(
      'The detailed state; in addition to the values of `status`: `waiting`, `paused`, `terminated`, `skipped`.',
    ),
  parent: z.int().nullable(),
  enforcement: z.int().nullable(),
  created: InstantSchema,
  updated: InstantSchema,
};

/** One execution in a list (Executions API, Execution Summary). */
export const ExecutionSummarySchema = z.object(SUMMARY).openapi('ExecutionSummary');

/** One execution in a list with `view=wide`. */
export const WideSummarySchema = ExecutionSummarySchema.extend({
  mode: z.enum(RUN_MODES).describe('How the execution was started.'),
  version: z.string().nullable().describe('The version label of the revision; null if that is no longer stored.'),
  revision: z.int().nullable(),
  label: z.string().nullable().describe('The label that its workflow has now; null if that is no longer stored.'),
  tags: z.array(z.string()),
  closed: InstantSchema.nullable(),
  duration_ms: z.int().nullable().describe('Null while it is open.'),
  waiting: z
    .enum(HOLDUPS)
    .nullable()
    .describe(
      'What holds up a run whose state is `paused` or `waiting`, the first of these that does; null if unknown.',
    ),
  error_code: z.string().nullable(),
  error: z.string().nullable(),
  started_by: z.string().nullable().describe('The subject of the principal that started it; null if unknown.'),
  cause: CauseSchema,
}).openapi('WideExecutionSummary');

/** Something that an execution waits for. */
export const WaitSchema = z.object({
  kind: z.string(),
  task: z.string().nullable(),
  since: InstantSchema.nullable(),
  until: InstantSchema.nullable(),
  detail: z.string().nullable(),
});

/** One execution (Executions API, Execution), with additional data from Temporal's history. */
export const ExecutionSchema = z
  .object({
    ...SUMMARY,
    action: z
      .int()
      .nullable()
      .describe('The id of the workflow definition; null for an action that was started directly.'),
    config: JsonValueSchema.describe('The input of the execution.'),
    parent_task: z.string().nullable().describe('The key of the task in the parent that started it.'),
    executor: z.int().nullable().describe('The integer id of the principal that started it.'),
    result: JsonValueSchema.describe('The output, or the error; null while it is running.'),
    uuid: z.string().nullable().describe('Null for a task execution.'),
    workflow_id: z.string(),
    run_id: z.string(),
    version: z.string().nullable(),
    revision: z.int().nullable(),
    tags: z.array(z.string()),
    tasks: z
      .array(TaskExecutionSchema)
      .describe('The first 1,000 visits and items in the order in which they began, or fewer if they exceed 4 MiB.'),
    tasks_total: z.int().describe('The number of all visits and items.'),
    tasks_next: z.string().nullable().describe('Where the others are listed; null if there are none.'),
    config_bytes: z.int().describe('The size of `config` as JSON.'),
    result_bytes: z.int().nullable().describe('The size of `result` as JSON; null while there is none.'),
    last_event: z
      .int()
      .nullable()
      .describe(
        'The number of the last history event that this answer takes into account; null if only a part of the history is known.',
      ),
    waiting_for: z.array(WaitSchema),
    signals: z
      .array(z.object({ name: z.string(), payload: JsonValueSchema }))
      .describe('Buffered signals that no task has received yet.'),
    signals_refused: z
      .array(z.object({ name: z.string(), at: InstantSchema, encoding: z.string() }))
      .describe('Signals that were refused because their payloads are not JSON.'),
    signals_dropped: z.int().describe('The number of signals dropped because the buffer was full.'),
    authentic: z
      .boolean()
      .nullable()
      .describe(
        'Whether the start, with everything it contains, was signed by this service; null for a sub-workflow or an older execution.',
      ),
    statements: z
      .object({ accepted: z.int(), refused: z.int() })
      .nullable()
      .describe(
        'How many signed decisions and controls the execution has verified, and how many it has refused; null if it does not verify signatures.',
      ),
    projection: z.enum(['complete', 'diverged', 'partial', 'foreign']),
    expired: z.boolean().describe('Temporal no longer has the history; this is the data kept in the index.'),
    partial: z.boolean().describe('Temporal no longer has the first runs of the chain; their tasks are missing.'),
    retry_of: z.int().nullable().describe('The execution that this one is a retry of.'),
    retry_reason: z
      .string()
      .nullable()
      .describe('Why it was started as a retry, in the words of whoever did; null: nobody said why.'),
    retried_as: z.array(z.int()).describe('The retries of this execution, in order of start.'),
    task: z.string().nullable().describe('The key of a task execution; null for an execution of a workflow.'),
    attempt: z.int().nullable().describe('The latest attempt of a task execution.'),
    attempts: z.array(AttemptSchema).optional().describe('All attempts; only for a task execution.'),
    can_skip: z
      .boolean()
      .optional()
      .describe('Whether it waits for something that a skip ends; only for a task execution.'),
    ended: InstantSchema.nullable()
      .optional()
      .describe('When it ended; null while it is open. Only for a task execution.'),
    child: z
      .int()
      .nullable()
      .optional()
      .describe('The id of the sub-workflow that it started; null if there is none. Only for a task execution.'),
    skipped_by: z
      .string()
      .nullable()
      .optional()
      .describe('Who skipped it; null if nobody did. Only for a task execution.'),
    mode: z.enum(RUN_MODES).describe('How the execution was started.'),
    cause: CauseSchema,
    schedule: z.string().nullable().describe('The id of the schedule that started it.'),
    scheduled_at: InstantSchema.nullable().describe(
      'The scheduled time, if a schedule started it, its parent, or the execution that it is a retry of.',
    ),
    memo: z.record(z.string(), JsonValueSchema).nullable().describe('Data that the caller stored with the execution.'),
    _links: z.record(z.string(), LinkSchema),
  })
  .openapi('Execution');

/** How much of an execution is shown. */
export const ViewQuery = z.strictObject({
  view: z
    .enum(['full', 'lean'])
    .default('full')
    .describe('`lean` leaves out `tasks`, and shows null for a `config` or `result` above 64 KiB.'),
});

/** A page of executions (Executions API, List All Executions). */
export const ExecutionListSchema = z
  .object({
    data: z.array(z.union([WideSummarySchema, ExecutionSummarySchema])),
    pagination: PaginationSchema,
    next_cursor: z.string().nullable().describe('The cursor of the next page; null on the last page.'),
    total_is_lower_bound: z
      .boolean()
      .describe('Whether more executions may match than `total_items`, because not all of them were counted.'),
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

/** Counts of executions (Executions API, Get Execution Statistics), and of groups if requested. */
export const StatsSchema = z
  .object({
    ...STATS,
    groups: z.array(z.object({ key: z.string(), ...STATS })).optional(),
    is_lower_bound: z
      .literal(true)
      .optional()
      .describe('Present if more executions match, of which 10,000 were counted.'),
  })
  .openapi('ExecutionStats');
