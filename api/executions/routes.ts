import { z } from '@hono/zod-openapi';
import { integerId, parseExecutionId } from '../../model/execution-id.ts';
import {
  ExecutionStartSchema,
  ReasonSchema,
  SignalSchema,
  WorkflowExecuteSchema,
} from '../../model/execution-requests.ts';
import type { Principal } from '../../model/principal.ts';
import type { DeletionService } from '../../service/executions/deletions.ts';
import type { ExecutionService } from '../../service/executions/executions.ts';
import type { ExecutionView } from '../../service/executions/reader.ts';
import type { TaskExecutionService } from '../../service/executions/task-executions.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import {
  createApiRoute,
  ExecutionParams,
  IdempotencyHeaders,
  json,
  jsonBody,
  jsonData,
  jsonOrYaml,
  optionalJsonBody,
  SuccessSchema,
} from '../http/routes.ts';
import { executionBody, showInView, taskExecutionBody } from './bodies.ts';
import { ExecutionSchema, ViewQuery } from './schemas.ts';

// The Executions API for one execution, below /api/v1/executions.

const tags = ['executions'];

const base = '/api/v1/executions';

const getRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/{id}`,
  tags,
  summary: 'Get an execution',
  tagged: true,
  request: { params: ExecutionParams, query: ViewQuery },
  responses: {
    200: jsonData(ExecutionSchema, 'The execution.'),
    ...errorResponses('execution_not_found'),
  },
});

const START_RESPONSES = {
  201: jsonData(ExecutionSchema, 'Started.'),
  ...errorResponses(
    'input_invalid',
    'enforcement_reserved',
    'json_malformed',
    'workflow_not_found',
    'permission_missing',
    'workflow_disabled',
    'sub_workflow_invalid',
    'definition_outdated',
    'concurrency_conflict',
    'idempotency_mismatch',
  ),
};

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
  responses: START_RESPONSES,
});

const change = (verb: 'cancel' | 'terminate', summary: string) =>
  createApiRoute({
    permission: 'execution:execute',
    method: 'post',
    path: `${base}/{id}/${verb}`,
    tags,
    summary,
    request: { params: ExecutionParams, body: optionalJsonBody(ReasonSchema) },
    responses: {
      202: jsonData(ExecutionSchema, 'Asked.'),
      ...errorResponses('execution_not_found', 'execution_closed'),
    },
  });

const cancelRoute = change('cancel', 'Cancel an execution; its cleanup runs');

const terminateRoute = change('terminate', 'Terminate an execution at once, without cleanup');

const signalRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'post',
  path: `${base}/{id}/signal`,
  tags,
  summary: 'Send a signal to an execution',
  request: {
    params: ExecutionParams,
    headers: IdempotencyHeaders,
    body: jsonBody(SignalSchema),
  },
  responses: {
    202: jsonData(ExecutionSchema, 'Sent.'),
    ...errorResponses(
      'json_malformed',
      'execution_not_found',
      'execution_closed',
      'idempotency_mismatch',
      'signal_not_expected',
      'signals_full',
    ),
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
  responses: START_RESPONSES,
});

const deleteRoute = createApiRoute({
  permission: 'execution:admin',
  method: 'delete',
  path: `${base}/{id}`,
  tags,
  summary: 'Delete a closed execution, with its sub-workflows',
  request: { params: ExecutionParams },
  responses: {
    200: json(SuccessSchema, 'Deleted, including its history in Temporal.'),
    ...errorResponses('execution_not_found', 'execution_open'),
  },
});

/** Registers the routes for one execution. */
export function executionRoutes(service: ExecutionService, tasks: TaskExecutionService, deletions: DeletionService) {
  const router = createRouter();

  router.openapi(getRoute, async (context) => {
    const { id } = context.req.valid('param');
    const principal = context.get('principal');
    const body = isTaskId(id)
      ? taskExecutionBody(await tasks.get(principal, id))
      : executionBody(await service.get(principal, id));
    return context.json({ data: showInView(context.req.valid('query'), body) }, 200);
  });

  router.openapi(startRoute, async (context) => {
    const { action_ref, workflow, ...body } = context.req.valid('json');
    const key = context.req.valid('header')['idempotency-key'];
    const started = await start(context.get('principal'), action_ref ?? workflow ?? '', body, key);
    context.header('Location', `${base}/${integerId(started.n)}`);
    return context.json({ data: executionBody(started) }, 201);
  });

  router.openapi(executeRoute, async (context) => {
    const { ref } = context.req.valid('param');
    const key = context.req.valid('header')['idempotency-key'];
    const started = await start(context.get('principal'), ref, context.req.valid('json'), key);
    context.header('Location', `${base}/${integerId(started.n)}`);
    return context.json({ data: executionBody(started) }, 201);
  });

  async function start(
    principal: Principal,
    ref: string,
    { parameters, input, ...rest }: z.infer<typeof WorkflowExecuteSchema>,
    idempotencyKey: string | undefined,
  ): Promise<ExecutionView> {
    return service.start(principal, {
      ref,
      idempotencyKey,
      ...rest,
      input: parameters ?? input ?? {},
      inputField: input === undefined ? 'parameters' : 'input',
    });
  }

  router.openapi(cancelRoute, async (context) => {
    const { id } = context.req.valid('param');
    const { reason = '' } = context.req.valid('json') ?? {};
    return context.json({ data: executionBody(await service.cancel(context.get('principal'), id, reason)) }, 202);
  });

  router.openapi(terminateRoute, async (context) => {
    const { id } = context.req.valid('param');
    const { reason = '' } = context.req.valid('json') ?? {};
    return context.json({ data: executionBody(await service.terminate(context.get('principal'), id, reason)) }, 202);
  });

  router.openapi(deleteRoute, async (context) => {
    const { id } = context.req.valid('param');
    await deletions.deleteExecution(context.get('principal'), id);
    return context.json({ success: true as const, message: `Execution with ID ${id} deleted successfully` }, 200);
  });

  router.openapi(signalRoute, async (context) => {
    const { id } = context.req.valid('param');
    const { name, payload = null } = context.req.valid('json');
    const idempotencyKey = context.req.valid('header')['idempotency-key'];
    const signalled = await service.signal(context.get('principal'), id, { name, payload, idempotencyKey });
    return context.json({ data: executionBody(signalled) }, 202);
  });

  return router;
}

function isTaskId(id: string): boolean {
  return (parseExecutionId(id)?.visit ?? 0) !== 0;
}
