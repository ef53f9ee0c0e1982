import { z } from '@hono/zod-openapi';
import { JsonValueSchema } from '../../model/json-value.ts';
import { PreviewSchema } from '../../model/preview-schema.ts';
import { TASK_STATES, TASK_STATUSES, type TaskStatus } from '../../model/status.ts';
import { entryId } from '../../service/executions/live-events/entries.ts';
import type { TaskExecutionService, TaskListing } from '../../service/executions/task-executions.ts';
import { cursorText, readCursor } from '../../service/index/cursors.ts';
import type { TaskRow } from '../../service/projections/task-rows.ts';
import { nameDownload } from '../http/downloads.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, ExecutionParams, json, jsonData } from '../http/routes.ts';
import { wholeNumberOr } from '../http/whole-number.ts';
import { childId, showInView, taskExecutionBody, taskId } from './bodies.ts';
import { ExecutionSchema, TaskExecutionSchema, ViewQuery } from './schemas.ts';

// The task executions of one execution, below /api/v1/executions/{id}/tasks.

const StatusCountsSchema = z.object(
  Object.fromEntries(TASK_STATUSES.map((status) => [status, z.int().min(0)])) as Record<TaskStatus, z.ZodInt>,
);

const NamedPreviewSchema = z.object(PreviewSchema.shape).openapi('Preview');

const TaskRowSchema = z
  .object({
    ...TaskExecutionSchema.omit({ input: true, output: true, error: true, attempts: true }).shape,
    waiting: z.string().nullable().describe('The kind of its entry in `waiting_for`; null if it waits for nothing.'),
    attempt: z.int().nullable().describe('The latest attempt.'),
    attempts: z.int().describe('The number of attempts.'),
    worker: z.string().nullable().describe('The worker of the latest attempt.'),
    from: z.array(z.string()).describe('The keys of the tasks whose transitions led to it.'),
    error: z.object({ type: z.string(), message: z.string() }).nullable(),
    input: NamedPreviewSchema,
    output: NamedPreviewSchema,
    items: z
      .object({ total: z.int(), by_status: StatusCountsSchema })
      .nullable()
      .describe('The number of entries of its list, and of the items that have begun; null for a task without items.'),
    events: z
      .object({ scheduled: z.int().nullable(), ended: z.int().nullable() })
      .describe(
        'The history events that scheduled its first try and ended its last; null where there is none, as for a delay, or not yet.',
      ),
  })
  .openapi('TaskExecutionSummary');

/** A page of task executions. */
export const TaskListSchema = z
  .object({
    data: z.array(TaskRowSchema),
    next_cursor: z.string().nullable().describe('The cursor of the next page; null on the last page.'),
    total: z.int().describe('The number of task executions that match.'),
    counts: z
      .object({
        total: z.int(),
        by_status: StatusCountsSchema,
        by_task: z.record(
          z.string(),
          z.object({
            visits: StatusCountsSchema,
            items: StatusCountsSchema.nullable(),
            newest: z
              .object({ key: z.string(), state: z.enum(TASK_STATES) })
              .nullable()
              .describe('Its newest visit; null if it has not begun.'),
          }),
        ),
      })
      .describe('Counts of all task executions of the execution, whatever the filters.'),
    taken: z
      .array(z.object({ from: z.string(), to: z.string() }))
      .describe('The transitions between tasks that the execution has taken, each once, whatever the filters.'),
    last_event: z.int().nullable().describe('The history event up to which this is; null if the history is unknown.'),
    stream_id: z
      .string()
      .nullable()
      .describe('The Last-Event-ID with which `/events` continues from here; null if the history is unknown.'),
  })
  .openapi('TaskExecutionList');

const KeySchema = z.string().max(200);

const ListQuery = z.strictObject({
  limit: wholeNumberOr(100, 1, 500),
  cursor: z.string().max(200).optional().describe('The `next_cursor` of the previous page.'),
  status: z
    .string()
    .max(200)
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(TASK_STATUSES)))
    .optional()
    .openapi({ type: 'string', description: `Some of ${TASK_STATUSES.join(', ')}, separated by commas.` }),
  name: z.string().max(200).optional().describe('The name of a task.'),
  parent_key: KeySchema.optional().describe(
    'The key of a visit, whose items are listed; `*` lists visits and items. Visits only if absent.',
  ),
  order: z.enum(['asc', 'desc']).default('asc').describe('In the order in which they began, or the reverse.'),
});

const tags = ['executions'];
const base = '/api/v1/executions/{id}/tasks';

const listRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: base,
  tags,
  summary: 'List the task executions of an execution',
  description:
    'In the order in which they began; a cursor neither repeats nor misses any while others begin. Of the input and the output only the beginning is shown.',
  tagged: true,
  request: { params: ExecutionParams, query: ListQuery },
  responses: { 200: json(TaskListSchema, 'A page of task executions.'), ...errorResponses('execution_not_found') },
});

const taskRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/{key}`,
  tags,
  summary: 'Get a task execution by its key',
  tagged: true,
  description: 'The key of a visit, such as `name` or `name#2`, or of an item, such as `name[0]`.',
  request: { params: ExecutionParams.extend({ key: KeySchema }), query: ViewQuery },
  responses: {
    200: jsonData(ExecutionSchema, 'The task execution.'),
    ...errorResponses('execution_not_found'),
  },
});

const valueRoute = <P extends 'input' | 'output'>(what: P) =>
  createApiRoute({
    permission: 'execution:read',
    method: 'get',
    path: `${base}/{key}/${what}`,
    tags,
    summary: `Get the ${what} of a task execution`,
    description: 'The whole value, by itself.',
    request: {
      params: ExecutionParams.extend({ key: KeySchema }),
      query: z.strictObject({
        download: z.literal('1').optional().describe('Has browsers save the value as a file.'),
      }),
    },
    responses: {
      200: json(JsonValueSchema, `The ${what}.`),
      ...errorResponses('execution_not_found'),
    },
  });
const inputRoute = valueRoute('input');
const outputRoute = valueRoute('output');

/** Registers the routes for the task executions of one execution. */
export function taskRoutes(tasks: TaskExecutionService) {
  const router = createRouter();

  router.openapi(listRoute, async (context) => {
    const { cursor, status, name, parent_key, order, limit } = context.req.valid('query');
    const [at, rank] = cursor === undefined ? [] : readCursor(cursor);
    const listed = await tasks.list(context.get('principal'), context.req.valid('param').id, {
      limit,
      order,
      after: at === undefined || rank === undefined ? null : { at, rank },
      statuses: status ?? null,
      name: name ?? null,
      parent: parent_key ?? null,
    });
    return context.json(listBody(listed), 200);
  });

  router.openapi(taskRoute, async (context) => {
    const { id, key } = context.req.valid('param');
    const found = await tasks.getByKey(context.get('principal'), id, key);
    return context.json({ data: showInView(context.req.valid('query'), taskExecutionBody(found)) }, 200);
  });

  router.openapi(inputRoute, async (context) => {
    const { id, key } = context.req.valid('param');
    const { task } = await tasks.getByKey(context.get('principal'), id, key);
    nameDownload(context, context.req.valid('query').download, `${id}-${key}-input`);
    return context.json(task.input, 200);
  });

  router.openapi(outputRoute, async (context) => {
    const { id, key } = context.req.valid('param');
    const { task } = await tasks.getByKey(context.get('principal'), id, key);
    nameDownload(context, context.req.valid('query').download, `${id}-${key}-output`);
    return context.json(task.output, 200);
  });

  return router;
}

/** An index that no entry of an event in a stream has. */
const BEHIND_ALL = 999_999_999;

function listBody({ n, rows, next, total, progress, last }: TaskListing): z.infer<typeof TaskListSchema> {
  return {
    data: rows.map((row) => rowBody(n, row)),
    next_cursor: next === null ? null : cursorText(next.at, next.rank),
    total,
    ...progressBody(progress),
    last_event: last?.number ?? null,
    // A stream that continues after this place has everything that is not in the list.
    stream_id: last === null ? null : entryId({ run: last.runId, event: last.eventId, index: BEHIND_ALL }),
  };
}

function progressBody({ counts, newest, taken }: TaskListing['progress']) {
  const visits = new Map(newest.map(({ name, key, state }) => [name, { key, state }]));
  const by_task = Object.fromEntries(
    Object.entries(counts.tasks).map(([name, counted]) => [name, { ...counted, newest: visits.get(name) ?? null }]),
  );
  return { counts: { total: counts.total, by_status: counts.statuses, by_task }, taken };
}

function rowBody(n: number, row: TaskRow): z.infer<typeof TaskRowSchema> {
  const { number, action, skipped, child, items, canSkip, updated: _, ...rest } = row;
  return {
    ...rest,
    id: taskId(n, number),
    action_ref: action,
    child: childId({ child }),
    skipped_by: skipped,
    can_skip: canSkip,
    items: items && { total: items.total, by_status: items.statuses },
  };
}
