import { createRoute, z } from '@hono/zod-openapi';
import { AppError } from '../model/app-error.ts';
import type { Execution, TaskExecution } from '../model/execution.ts';
import { integerId, MAX_NUMBERED_VISITS, uuidOf } from '../model/execution-id.ts';
import type { Failure } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import { ExecutionStartSchema, ReasonSchema } from '../model/requests.ts';
import { EXECUTION_WORDS, type ExecutionStatus, executionWord, statusesNamed } from '../model/status.ts';
import type { ExecutionService, ExecutionView } from '../service/executions.ts';
import { errorCode } from '../service/index-entries.ts';
import { createRouter, refuse } from './environment.ts';
import { errorResponses } from './errors.ts';
import { PAGE_QUERY, pagesOf, windowOf } from './paging.ts';

// Document 000: the Execution Management API, below /api/v1/executions.

const JsonSchema = z.any() as unknown as z.ZodType<Json>;
const StatusSchema = z.enum(EXECUTION_WORDS).openapi('ExecutionStatus');
const InstantSchema = z.iso.datetime();

const FailureSchema: z.ZodType<Json> = z
  .object({ type: z.string(), message: z.string() })
  .catchall(JsonSchema)
  .openapi('Failure') as unknown as z.ZodType<Json>;

const TaskSchema = z
  .object({
    id: z.int().nullable().describe('Null beyond the 1023rd visit: reached by its key.'),
    key: z.string(),
    name: z.string(),
    visit: z.int(),
    item: z.int().nullable(),
    action_ref: z.string(),
    status: z.string(),
    input: JsonSchema,
    output: JsonSchema,
    error: FailureSchema.nullable(),
    attempts: z.array(
      z.object({
        attempt: z.int(),
        started: InstantSchema.nullable(),
        ended: InstantSchema.nullable(),
        error: FailureSchema.nullable(),
        worker: z.string().nullable(),
      }),
    ),
    created: InstantSchema,
    started: InstantSchema.nullable(),
    ended: InstantSchema.nullable(),
  })
  .openapi('TaskExecution');

const SUMMARY = {
  id: z.int(),
  action_ref: z.string(),
  status: StatusSchema,
  parent: z.int().nullable(),
  enforcement: z.int().nullable(),
  created: InstantSchema,
  updated: InstantSchema,
};

/** One execution in a list (document 000, Execution Summary). */
export const ExecutionSummarySchema = z.object(SUMMARY).openapi('ExecutionSummary');

/** One execution (document 000, Execution), and beyond the document what Temporal's history tells. */
export const ExecutionSchema = z
  .object({
    ...SUMMARY,
    action: z.int().nullable().describe('Id of the workflow definition; null for a plain action.'),
    config: JsonSchema.describe('The input.'),
    executor: z.int().nullable().describe('Id of the caller who started it.'),
    result: JsonSchema.describe('The output, or what went wrong; null while it runs.'),
    uuid: z.string(),
    workflow_id: z.string(),
    run_id: z.string(),
    version: z.string().nullable(),
    revision: z.int().nullable(),
    tags: z.array(z.string()),
    tasks: z.array(TaskSchema),
    waiting_for: z.array(
      z.object({
        kind: z.string(),
        task: z.string().nullable(),
        since: InstantSchema.nullable(),
        until: InstantSchema.nullable(),
        detail: z.string().nullable(),
      }),
    ),
    projection: z.enum(['complete', 'diverged', 'partial', 'foreign']),
  })
  .openapi('Execution');

const ExecutionListSchema = z
  .object({
    data: z.array(ExecutionSummarySchema),
    pagination: z.object({ page: z.int(), page_size: z.int(), total_items: z.int(), total_pages: z.int() }),
  })
  .openapi('ExecutionList');

const STAT = z.int().min(0);
const StatsSchema = z
  .object({
    total: STAT,
    completed: STAT,
    failed: STAT,
    running: STAT,
    pending: STAT,
    cancelled: STAT,
    timeout: STAT,
    abandoned: STAT,
  })
  .openapi('ExecutionStats');

const integer = () => z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const ListQuery = z.strictObject({
  ...PAGE_QUERY,
  status: z.string().optional(),
  action_ref: z.string().max(200).optional().describe("The run's ref or one of its tasks' actions; * is a wildcard."),
  pack_name: z.string().max(64).optional(),
  result_contains: z.string().max(1000).optional().describe('Text anywhere in the result, in any case.'),
  enforcement: integer().optional(),
  parent: integer().optional(),
});

const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
const IdParams = z.object({ id: z.string().max(100).describe('Integer id, UUID or wf_ id.') });
const tags = ['executions'];
const base = '/api/v1/executions';

const listRoute = createRoute({
  ...{ method: 'get', path: base, tags, summary: 'List executions, newest first' },
  request: { query: ListQuery },
  responses: {
    200: json(ExecutionListSchema, 'A page of executions.'),
    ...errorResponses('request_invalid', 'status_invalid'),
  },
});
const byStatusRoute = createRoute({
  ...{ method: 'get', path: `${base}/status/{status}`, tags, summary: 'List executions of one status' },
  request: { params: z.object({ status: z.string() }), query: z.strictObject(PAGE_QUERY) },
  responses: {
    200: json(ExecutionListSchema, 'A page of executions.'),
    ...errorResponses('request_invalid', 'status_invalid'),
  },
});
const byEnforcementRoute = createRoute({
  ...{
    method: 'get',
    path: `${base}/enforcement/{enforcement_id}`,
    tags,
    summary: 'List executions of one enforcement',
  },
  request: { params: z.object({ enforcement_id: integer() }), query: z.strictObject(PAGE_QUERY) },
  responses: { 200: json(ExecutionListSchema, 'A page of executions.'), ...errorResponses('request_invalid') },
});
const statsRoute = createRoute({
  ...{ method: 'get', path: `${base}/stats`, tags, summary: 'Count executions' },
  responses: { 200: json(z.object({ data: StatsSchema }), 'All keys are there, also at zero.'), ...errorResponses() },
});
const getRoute = createRoute({
  ...{ method: 'get', path: `${base}/{id}`, tags, summary: 'Get an execution' },
  request: { params: IdParams },
  responses: {
    200: json(z.object({ data: ExecutionSchema }), 'The execution.'),
    ...errorResponses('execution_not_found'),
  },
});
const startRoute = createRoute({
  ...{ method: 'post', path: base, tags, summary: 'Start an execution' },
  request: {
    headers: z.object({ 'idempotency-key': z.string().min(1).max(200).optional() }),
    body: { required: true, content: { 'application/json': { schema: ExecutionStartSchema } } },
  },
  responses: {
    201: json(z.object({ data: ExecutionSchema }), 'Started.'),
    ...errorResponses('request_invalid', 'input_invalid', 'json_malformed', 'workflow_not_found', 'workflow_disabled'),
    ...errorResponses('idempotency_mismatch', 'body_too_large', 'unsupported_media_type', 'request_invalid'),
  },
});
const change = (verb: 'cancel' | 'terminate', summary: string) =>
  createRoute({
    ...{ method: 'post', path: `${base}/{id}/${verb}`, tags, summary },
    request: { params: IdParams, body: { content: { 'application/json': { schema: ReasonSchema } } } },
    responses: {
      202: json(z.object({ data: ExecutionSchema }), 'Asked.'),
      ...errorResponses('request_invalid', 'execution_not_found', 'execution_closed'),
    },
  });
const cancelRoute = change('cancel', 'Ask an execution to stop');
const terminateRoute = change('terminate', 'Stop an execution at once');

/** Document 000's routes. */
export function executionRoutes(service: ExecutionService) {
  const router = createRouter();

  router.openapi(
    listRoute,
    async (context) => {
      const { page, per_page, status, action_ref, pack_name, result_contains, enforcement, parent } =
        context.req.valid('query');
      const filter = {
        statuses: status === undefined ? undefined : statusFilter(status),
        ...{ actionRef: action_ref, packName: pack_name, resultContains: result_contains, enforcement, parent },
      };
      const { rows, total } = await service.list(context.get('principal'), filter, windowOf({ page, per_page }));
      return context.json(listOf(rows, total, { page, per_page }), 200);
    },
    refuse(listRoute),
  );

  router.openapi(
    byStatusRoute,
    async (context) => {
      const { status } = context.req.valid('param');
      const query = context.req.valid('query');
      const filter = { statuses: statusFilter(status) };
      const { rows, total } = await service.list(context.get('principal'), filter, windowOf(query));
      return context.json(listOf(rows, total, query), 200);
    },
    refuse(byStatusRoute),
  );

  router.openapi(
    byEnforcementRoute,
    async (context) => {
      const { enforcement_id: enforcement } = context.req.valid('param');
      const query = context.req.valid('query');
      const { rows, total } = await service.list(context.get('principal'), { enforcement }, windowOf(query));
      return context.json(listOf(rows, total, query), 200);
    },
    refuse(byEnforcementRoute),
  );

  router.openapi(statsRoute, async (context) => {
    return context.json({ data: await service.stats(context.get('principal')) }, 200);
  });

  router.openapi(
    getRoute,
    async (context) => {
      const found = await service.get(context.get('principal'), context.req.valid('param').id);
      return context.json({ data: executionBody(found) }, 200);
    },
    refuse(getRoute),
  );

  router.openapi(
    startRoute,
    async (context) => {
      const principal = context.get('principal');
      const body = context.req.valid('json');
      const { action_ref, workflow, parameters, input, version, revision, enforcement, wait } = body;
      const started = await service.start(principal, {
        ref: action_ref ?? workflow ?? '',
        input: parameters ?? input ?? {},
        inputField: input === undefined ? 'parameters' : 'input',
        idempotencyKey: context.req.valid('header')['idempotency-key'],
        ...{ version, revision, enforcement, tags: body.tags },
      });
      const answered = wait ? await service.waitFor(principal, started, wait) : started;
      context.header('Location', `${base}/${integerId(answered.n)}`);
      return context.json({ data: executionBody(answered) }, 201);
    },
    refuse(startRoute),
  );

  router.openapi(
    cancelRoute,
    async (context) => {
      const { id } = context.req.valid('param');
      const { reason = '' } = context.req.valid('json') ?? {};
      return context.json({ data: executionBody(await service.cancel(context.get('principal'), id, reason)) }, 202);
    },
    refuse(cancelRoute),
  );

  router.openapi(
    terminateRoute,
    async (context) => {
      const { id } = context.req.valid('param');
      const { reason = '' } = context.req.valid('json') ?? {};
      return context.json({ data: executionBody(await service.terminate(context.get('principal'), id, reason)) }, 202);
    },
    refuse(terminateRoute),
  );

  return router;
}

function statusFilter(word: string): ExecutionStatus[] {
  const statuses = statusesNamed(word);
  if (statuses === undefined) throw new AppError('status_invalid', `Invalid execution status: ${word}`);
  return statuses;
}

type Row = Awaited<ReturnType<ExecutionService['list']>>['rows'][number];

function listOf(rows: Row[], total: number, { page, per_page }: { page: number; per_page: number }) {
  return {
    data: rows.map(summaryBody),
    pagination: { page, page_size: per_page, total_items: total, total_pages: pagesOf(total, per_page) },
  };
}

function summaryBody(row: Row): z.infer<typeof ExecutionSummarySchema> {
  return {
    id: integerId(row.n),
    action_ref: row.ref,
    status: wordOf(row.status),
    parent: row.parent,
    enforcement: row.enforcement,
    created: row.created.toISOString(),
    updated: row.updated.toISOString(),
  };
}

/** Document 000's body of one execution. */
export function executionBody({ n, execution }: ExecutionView): z.infer<typeof ExecutionSchema> {
  const { memo, run, status, created, updated, closed, waitingFor } = execution;
  return {
    id: integerId(n),
    action: memo?.definition_id ?? null,
    action_ref: memo?.ref ?? execution.workflowType,
    config: execution.input,
    parent: memo?.parent ?? null,
    enforcement: memo?.enforcement ?? null,
    executor: memo?.executor ?? null,
    status: wordOf(status),
    result: closed === null ? null : resultBody(execution),
    created,
    updated,
    uuid: uuidOf(n),
    workflow_id: execution.workflowId,
    run_id: execution.runId,
    version: run?.version ?? null,
    revision: run?.revision ?? null,
    tags: memo?.tags ?? [],
    tasks: execution.tasks.map((task) => taskBody(n, task)),
    waiting_for: waitingFor,
    projection: execution.projection,
  };
}

/** The output, or `{ error, error_code, stack_trace, task, output }` (design/shapes.md, Executions). */
function resultBody({ failure, output }: Execution): Json {
  if (failure === null) return output;
  return {
    error: failure.message,
    error_code: errorCode(failure),
    stack_trace: null,
    task: failure.task ?? null,
    output,
  };
}

function taskBody(n: number, task: TaskExecution): z.infer<typeof TaskSchema> {
  return {
    id: task.number <= MAX_NUMBERED_VISITS ? integerId(n, task.number) : null,
    key: task.key,
    name: task.name,
    visit: task.visit,
    item: null,
    action_ref: task.action,
    status: task.status,
    input: task.input,
    output: task.output,
    error: failureBody(task.failure),
    attempts: task.attempts.map((attempt) => ({ ...attempt, error: failureBody(attempt.error) })),
    created: task.created,
    started: task.started,
    ended: task.ended,
  };
}

function failureBody(failure: Failure | null): Json {
  return failure as unknown as Json; // it came out of JSON, or is made of nothing else
}

function wordOf(status: ExecutionStatus): z.infer<typeof StatusSchema> {
  return executionWord(status) as z.infer<typeof StatusSchema>; // the table holds these words alone
}
