import { z } from '@hono/zod-openapi';
import type { ErrorCode } from '../../model/app-error.ts';
import { integerId } from '../../model/execution-id.ts';
import { ReasonSchema, RetrySchema, SkipSchema } from '../../model/requests.ts';
import type { ControlService } from '../../service/controls/controls.ts';
import type { RetryService } from '../../service/executions/retries.ts';
import { createRouter, refuse } from '../http/environment.ts';
import { errorResponses } from '../http/errors.ts';
import { createApiRoute, ExecutionIdSchema, IdempotencyHeaders, json } from '../http/routes.ts';
import { ExecutionSchema, executionBody } from './bodies.ts';

// Control over one execution: try it again, pause it, have it go on, relieve a task of what it waits for.

const IdParams = z.object({ id: ExecutionIdSchema });

const tags = ['executions'];

const base = '/api/v1/executions';

/** Why a retry may be refused. */
export const RETRY_ERRORS = [
  ...(['request_invalid', 'input_invalid', 'json_malformed', 'execution_not_found', 'workflow_not_found'] as const),
  ...([
    'execution_open',
    'nothing_failed',
    'history_unusable',
    'workflow_disabled',
    'sub_workflow_invalid',
    'definition_outdated',
    'concurrency_conflict',
  ] as const),
  ...(['permission_missing', 'state_kept', 'body_too_large', 'unsupported_media_type'] as const),
] as const satisfies readonly ErrorCode[];

const retryRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'post',
  path: `${base}/{id}/retry`,
  tags,
  summary: 'Try an execution again, which has ended',
  description: 'A new execution that goes on where this one stood: nothing that is done is done again.',
  request: {
    params: IdParams,
    headers: IdempotencyHeaders,
    body: { content: { 'application/json': { schema: RetrySchema } } },
  },
  responses: {
    201: json(z.object({ data: ExecutionSchema }), 'Started.'),
    ...errorResponses(...RETRY_ERRORS, 'idempotency_mismatch'),
  },
});

const controlRoute = (what: 'pause' | 'resume', summary: string) =>
  createApiRoute({
    permission: 'execution:execute',
    method: 'post',
    path: `${base}/{id}/${what}`,
    tags,
    summary,
    request: { params: IdParams, body: { content: { 'application/json': { schema: ReasonSchema } } } },
    responses: {
      202: json(z.object({ data: ExecutionSchema }), 'Done, or waiting for a worker.'),
      ...errorResponses(
        ...(['request_invalid', 'execution_not_found', 'execution_closed', 'execution_paused'] as const),
        ...(['execution_not_paused', 'control_overtaken', 'controls_full'] as const),
        ...(['signing_key_missing', 'json_malformed'] as const),
      ),
    },
  });

const pauseRoute = controlRoute('pause', 'Have an execution start nothing new; what runs goes on');

const resumeRoute = controlRoute('resume', 'Have a paused execution go on');

const skipRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'post',
  path: `${base}/{id}/tasks/{key}/skip`,
  tags,
  summary: 'Relieve a task of what it waits for',
  description:
    'For what waits for a signal, time or another attempt: it succeeds with the output that is given. A question to people is withdrawn: its task fails with the type `withdrawn`, and no output may be given.',
  request: {
    params: IdParams.extend({ key: z.string().max(200) }),
    body: { content: { 'application/json': { schema: SkipSchema } } },
  },
  responses: {
    202: json(z.object({ data: ExecutionSchema }), 'Done, or waiting for a worker.'),
    ...errorResponses(
      ...(['request_invalid', 'execution_not_found', 'execution_closed', 'task_not_waiting'] as const),
      ...(['skip_output_refused', 'person_required', 'not_an_approver', 'self_approval'] as const),
      ...(['controls_full', 'json_malformed', 'body_too_large', 'unsupported_media_type'] as const),
      ...(['signing_key_missing', 'response_invalid'] as const),
    ),
  },
});

/** The routes of control over one execution. */
export function executionControlRoutes({ retries, controls }: { retries: RetryService; controls: ControlService }) {
  const router = createRouter();

  router.openapi(
    retryRoute,
    async (context) => {
      const { from = 'failed', ...rest } = context.req.valid('json') ?? {};
      const idempotencyKey = context.req.valid('header')['idempotency-key'];
      const command = { from, ...rest, idempotencyKey };
      const started = await retries.retry(context.get('principal'), context.req.valid('param').id, command);
      context.header('Location', `${base}/${integerId(started.n)}`);
      return context.json({ data: executionBody(started) }, 201);
    },
    refuse(retryRoute),
  );

  for (const [what, route] of [
    ['pause', pauseRoute],
    ['resume', resumeRoute],
  ] as const) {
    router.openapi(
      route,
      async (context) => {
        const { reason = null } = context.req.valid('json') ?? {};
        const found = await controls.control(context.get('principal'), context.req.valid('param').id, { what }, reason);
        return context.json({ data: executionBody(found) }, 202);
      },
      refuse(route),
    );
  }

  router.openapi(
    skipRoute,
    async (context) => {
      const { id, key } = context.req.valid('param');
      const { output = null, reason = null } = context.req.valid('json') ?? {};
      const found = await controls.control(context.get('principal'), id, { what: 'skip', key, output }, reason);
      return context.json({ data: executionBody(found) }, 202);
    },
    refuse(skipRoute),
  );

  return router;
}
