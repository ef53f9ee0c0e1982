import { z } from '@hono/zod-openapi';
import { integerId, parseExecutionId } from '../../model/execution-id.ts';
import { JsonValueSchema } from '../../model/json-value.ts';
import type { Principal } from '../../model/principal.ts';
import { ExecutionStartSchema, ReasonSchema, SignalSchema, WorkflowExecuteSchema } from '../../model/requests.ts';
import type { DeletionService } from '../../service/executions/deletions.ts';
import type { ExecutionService } from '../../service/executions/executions.ts';
import type { ExecutionView } from '../../service/executions/reader.ts';
import type { TaskExecutionService } from '../../service/executions/task-executions.ts';
import { createRouter, refuse } from '../http/environment.ts';
import { errorResponses } from '../http/errors.ts';
import { createApiRoute, ExecutionIdSchema, IdempotencyHeaders, json, jsonOrYaml } from '../http/routes.ts';
import { wholeNumberOr } from '../http/whole-number.ts';
import { ExecutionSchema, executionBody, taskExecutionBody } from './bodies.ts';

// Document 000, one execution: the Execution Management API, below /api/v1/executions.

const IdParams = z.object({ id: ExecutionIdSchema });

const LogEntrySchema = z
  .object({
    timestamp: z.iso.datetime(),
    level: z.enum(['debug', 'info', 'warn', 'error']),
    message: z.string(),
    task: z.string().nullable(),
    attempt: z.int().nullable(),
    metadata: z.record(z.string(), JsonValueSchema).nullable(),
  })
  .openapi('LogEntry');

const HistoryEventSchema = z
  .object({
    id: z.int(),
    event_type: z.string().describe("By Temporal's name."),
    timestamp: z.iso.datetime(),
    attributes: JsonValueSchema.describe('With payloads decoded.'),
  })
  .openapi('HistoryEvent');

const tags = ['executions'];

const base = '/api/v1/executions';

const getRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/{id}`,
  tags,
  summary: 'Get an execution',
  request: { params: IdParams },
  responses: {
    200: json(z.object({ data: ExecutionSchema }), 'The execution.'),
    ...errorResponses('execution_not_found'),
  },
});

const taskRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/{id}/tasks/{key}`,
  tags,
  summary: 'Get a task execution by its key',
  description: 'The key of a visit, as `name` or `name#2`, or of an item, as `name[0]`.',
  request: { params: IdParams.extend({ key: z.string().max(200) }) },
  responses: {
    200: json(z.object({ data: ExecutionSchema }), 'The task execution.'),
    ...errorResponses('execution_not_found'),
  },
});

const startRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'post',
  path: base,
  tags,
  summary: 'Start an execution',
  request: {
    headers: IdempotencyHeaders,
    body: { required: true, content: jsonOrYaml(ExecutionStartSchema) },
  },
  responses: {
    201: json(z.object({ data: ExecutionSchema }), 'Started.'),
    ...errorResponses('request_invalid', 'input_invalid', 'json_malformed', 'workflow_not_found', 'permission_missing'),
    ...errorResponses('workflow_disabled', 'sub_workflow_invalid', 'definition_outdated', 'concurrency_conflict'),
    ...errorResponses('idempotency_mismatch', 'body_too_large', 'unsupported_media_type', 'request_invalid'),
  },
});

const PageQuery = z.strictObject({
  limit: wholeNumberOr(100, 1, 1000),
  cursor: z.string().max(20).regex(/^\d+$/, 'is none that an answer gave').optional(),
});

const logsRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/{id}/logs`,
  tags,
  summary: 'Read the log of an execution',
  description: 'What has happened to it and what its `core.log` tasks said, in order of time; made from its history.',
  request: { params: IdParams, query: PageQuery },
  responses: {
    200: json(z.object({ data: z.array(LogEntrySchema), next_cursor: z.string().nullable() }), 'Entries.'),
    ...errorResponses('request_invalid', 'execution_not_found'),
  },
});

const historyRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/{id}/history`,
  tags,
  summary: "Read Temporal's history of an execution",
  request: { params: IdParams, query: PageQuery },
  responses: {
    200: json(z.object({ data: z.array(HistoryEventSchema), next_cursor: z.string().nullable() }), 'Events.'),
    ...errorResponses('request_invalid', 'execution_not_found'),
  },
});

const change = (verb: 'cancel' | 'terminate', summary: string) =>
  createApiRoute({
    permission: 'execution:execute',
    method: 'post',
    path: `${base}/{id}/${verb}`,
    tags,
    summary,
    request: { params: IdParams, body: { content: { 'application/json': { schema: ReasonSchema } } } },
    responses: {
      202: json(z.object({ data: ExecutionSchema }), 'Asked.'),
      ...errorResponses('request_invalid', 'execution_not_found', 'execution_closed'),
    },
  });

const cancelRoute = change('cancel', 'Ask an execution to stop');

const terminateRoute = change('terminate', 'Stop an execution at once');

const signalRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'post',
  path: `${base}/{id}/signal`,
  tags,
  summary: 'Send a signal to an execution',
  request: {
    params: IdParams,
    headers: IdempotencyHeaders,
    body: { required: true, content: { 'application/json': { schema: SignalSchema } } },
  },
  responses: {
    202: json(z.object({ data: ExecutionSchema }), 'Sent.'),
    ...errorResponses('request_invalid', 'json_malformed', 'execution_not_found', 'execution_closed'),
    ...errorResponses('idempotency_mismatch', 'signal_not_expected', 'signals_full', 'body_too_large'),
  },
});

const executeRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'post',
  path: '/api/v1/workflows/{ref}/execute',
  tags,
  summary: 'Start an execution of a workflow',
  request: {
    params: z.object({ ref: z.string().max(200) }),
    headers: IdempotencyHeaders,
    body: { required: true, content: jsonOrYaml(WorkflowExecuteSchema) },
  },
  responses: {
    201: json(z.object({ data: ExecutionSchema }), 'Started.'),
    ...errorResponses('request_invalid', 'input_invalid', 'json_malformed', 'workflow_not_found', 'permission_missing'),
    ...errorResponses('workflow_disabled', 'sub_workflow_invalid', 'definition_outdated', 'concurrency_conflict'),
    ...errorResponses('idempotency_mismatch', 'body_too_large', 'unsupported_media_type', 'request_invalid'),
  },
});

const deleteRoute = createApiRoute({
  permission: 'execution:admin',
  method: 'delete',
  path: `${base}/{id}`,
  tags,
  summary: 'Delete a closed execution, with its sub-workflows',
  request: { params: IdParams },
  responses: {
    200: json(z.object({ success: z.literal(true), message: z.string() }), 'Deleted, here and in Temporal.'),
    ...errorResponses('execution_not_found', 'execution_open'),
  },
});

/** Document 000's routes. */
export function executionRoutes(service: ExecutionService, tasks: TaskExecutionService, deletions: DeletionService) {
  const router = createRouter();

  router.openapi(
    getRoute,
    async (context) => {
      const { id } = context.req.valid('param');
      const principal = context.get('principal');
      if (isTaskId(id)) return context.json({ data: taskExecutionBody(await tasks.get(principal, id)) }, 200);
      return context.json({ data: executionBody(await service.get(principal, id)) }, 200);
    },
    refuse(getRoute),
  );

  router.openapi(
    taskRoute,
    async (context) => {
      const { id, key } = context.req.valid('param');
      const found = await tasks.getByKey(context.get('principal'), id, key);
      return context.json({ data: taskExecutionBody(found) }, 200);
    },
    refuse(taskRoute),
  );

  router.openapi(
    logsRoute,
    async (context) => {
      const entries = await service.logs(context.get('principal'), context.req.valid('param').id);
      return context.json(part(entries, context.req.valid('query')), 200);
    },
    refuse(logsRoute),
  );

  router.openapi(
    historyRoute,
    async (context) => {
      const { limit, cursor } = context.req.valid('query');
      const after = Number(cursor ?? 0);
      const window = { after, limit: limit + 1 };
      const { events } = await service.getWithHistory(context.get('principal'), context.req.valid('param').id, window);
      const next_cursor = events.length > limit ? String(after + limit) : null;
      return context.json({ data: events.slice(0, limit), next_cursor }, 200);
    },
    refuse(historyRoute),
  );

  router.openapi(
    startRoute,
    async (context) => {
      const { action_ref, workflow, ...body } = context.req.valid('json');
      const key = context.req.valid('header')['idempotency-key'];
      const started = await start(context.get('principal'), action_ref ?? workflow ?? '', body, key);
      context.header('Location', `${base}/${integerId(started.n)}`);
      return context.json({ data: executionBody(started) }, 201);
    },
    refuse(startRoute),
  );

  router.openapi(
    executeRoute,
    async (context) => {
      const { ref } = context.req.valid('param');
      const key = context.req.valid('header')['idempotency-key'];
      const started = await start(context.get('principal'), ref, context.req.valid('json'), key);
      context.header('Location', `${base}/${integerId(started.n)}`);
      return context.json({ data: executionBody(started) }, 201);
    },
    refuse(executeRoute),
  );

  async function start(
    principal: Principal,
    ref: string,
    { parameters, input, wait, ...rest }: z.infer<typeof WorkflowExecuteSchema>,
    idempotencyKey: string | undefined,
  ): Promise<ExecutionView> {
    const started = await service.start(principal, {
      ref,
      idempotencyKey,
      ...rest,
      input: parameters ?? input ?? {},
      inputField: input === undefined ? 'parameters' : 'input',
    });
    return wait ? service.waitFor(principal, started, wait) : started;
  }

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

  router.openapi(
    deleteRoute,
    async (context) => {
      const { id } = context.req.valid('param');
      await deletions.deleteExecution(context.get('principal'), id);
      return context.json({ success: true as const, message: `Execution with ID ${id} deleted successfully` }, 200);
    },
    refuse(deleteRoute),
  );

  router.openapi(
    signalRoute,
    async (context) => {
      const { id } = context.req.valid('param');
      const { name, payload = null } = context.req.valid('json');
      const idempotencyKey = context.req.valid('header')['idempotency-key'];
      const signalled = await service.signal(context.get('principal'), id, { name, payload, idempotencyKey });
      return context.json({ data: executionBody(signalled) }, 202);
    },
    refuse(signalRoute),
  );

  return router;
}

function isTaskId(id: string): boolean {
  return (parseExecutionId(id)?.visit ?? 0) !== 0;
}

/** A part of what only grows at its end: the cursor is how many came before. */
function part<T>(entries: T[], { limit, cursor = '0' }: z.infer<typeof PageQuery>) {
  const begin = Number(cursor);
  const end = begin + limit;
  return { data: entries.slice(begin, end), next_cursor: end < entries.length ? String(end) : null };
}
