import { createRoute, z } from '@hono/zod-openapi';
import { AppError } from '../model/app-error.ts';
import { integerId } from '../model/execution-id.ts';
import { ExecutionStartSchema, ReasonSchema, SignalSchema } from '../model/requests.ts';
import { type ExecutionStatus, statusesNamed } from '../model/status.ts';
import type { ExecutionService } from '../service/executions.ts';
import { createRouter, refuse } from './environment.ts';
import { errorResponses } from './errors.ts';
import { ExecutionListSchema, ExecutionSchema, executionBody, listOf, StatsSchema } from './execution-bodies.ts';
import { json, PAGE_QUERY, windowOf } from './routes.ts';

// Document 000: the Execution Management API, below /api/v1/executions.

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
    ...errorResponses('request_invalid', 'input_invalid', 'json_malformed', 'workflow_not_found'),
    ...errorResponses('workflow_disabled', 'sub_workflow_invalid'),
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

const signalRoute = createRoute({
  ...{ method: 'post', path: `${base}/{id}/signal`, tags, summary: 'Send a signal to an execution' },
  request: {
    params: IdParams,
    headers: z.object({ 'idempotency-key': z.string().min(1).max(200).optional() }),
    body: { required: true, content: { 'application/json': { schema: SignalSchema } } },
  },
  responses: {
    202: json(z.object({ data: ExecutionSchema }), 'Sent.'),
    ...errorResponses('request_invalid', 'json_malformed', 'execution_not_found', 'execution_closed'),
    ...errorResponses('execution_closed', 'signal_not_expected', 'signals_full', 'body_too_large'),
  },
});

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

function statusFilter(word: string): ExecutionStatus[] {
  const statuses = statusesNamed(word);
  if (statuses === undefined) throw new AppError('status_invalid', `Invalid execution status: ${word}`);
  return statuses;
}
