import { z } from '@hono/zod-openapi';
import type { ErrorCode } from '../../model/app-error.ts';
import { integerId } from '../../model/execution-id.ts';
import { ReasonSchema, RetrySchema, SkipSchema } from '../../model/execution-requests.ts';
import type { ControlService } from '../../service/controls/controls.ts';
import type { RetryService } from '../../service/executions/retries.ts';
import { errorResponses, PlanSchema } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, ExecutionParams, IdempotencyHeaders, jsonData, optionalJsonBody } from '../http/routes.ts';
import { executionBody } from './bodies.ts';
import { ExecutionSchema } from './schemas.ts';

// Controls of one execution: retry, pause, resume, and skip.

const tags = ['executions'];

const base = '/api/v1/executions';

/** The codes with which a retry may be refused. */
export const RETRY_ERRORS = [
  'input_invalid',
  'json_malformed',
  'execution_not_found',
  'workflow_not_found',
  'execution_open',
  'nothing_failed',
  'history_unusable',
  'workflow_disabled',
  'sub_workflow_invalid',
  'definition_outdated',
  'concurrency_conflict',
  'permission_missing',
  'state_kept',
  'event_not_found',
] as const satisfies readonly ErrorCode[];

const retryRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'post',
  path: `${base}/{id}/retry`,
  tags,
  summary: 'Retry a closed execution',
  description:
    'Starts a new execution that continues where this one ended: completed tasks are not run again. With `plan: true` it starts nothing and answers what the retry would do; `plan_hash` starts exactly that, or is refused with `plan_stale`, whose `details` have the plan as it is now.',
  request: {
    params: ExecutionParams,
    headers: IdempotencyHeaders,
    body: optionalJsonBody(RetrySchema),
  },
  responses: {
    200: jsonData(PlanSchema, 'Planned: nothing was started.'),
    201: jsonData(ExecutionSchema, 'Started.'),
    ...errorResponses(...RETRY_ERRORS, 'plan_stale', 'idempotency_mismatch'),
  },
});

const controlRoute = (what: 'pause' | 'resume', summary: string) =>
  createApiRoute({
    permission: 'execution:execute',
    method: 'post',
    path: `${base}/{id}/${what}`,
    tags,
    summary,
    request: { params: ExecutionParams, body: optionalJsonBody(ReasonSchema) },
    responses: {
      202: jsonData(ExecutionSchema, 'Done, or accepted and waiting for a worker.'),
      ...errorResponses(
        'execution_not_found',
        'execution_closed',
        'execution_paused',
        'execution_not_paused',
        'control_overtaken',
        'controls_full',
        'signing_key_missing',
        'json_malformed',
      ),
    },
  });

const pauseRoute = controlRoute('pause', 'Pause an execution: running tasks finish, nothing new is started');

const resumeRoute = controlRoute('resume', 'Resume a paused execution');

const skipRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'post',
  path: `${base}/{id}/tasks/{key}/skip`,
  tags,
  summary: 'End the wait of a task',
  description:
    'A task that waits for a signal, a timer or another attempt succeeds with the given output. An inquiry is withdrawn: its task fails with the type `withdrawn`, and no output may be given.',
  request: {
    params: ExecutionParams.extend({ key: z.string().max(200) }),
    body: optionalJsonBody(SkipSchema),
  },
  responses: {
    202: jsonData(ExecutionSchema, 'Done, or accepted and waiting for a worker.'),
    ...errorResponses(
      'execution_not_found',
      'execution_closed',
      'task_not_waiting',
      'skip_output_refused',
      'person_required',
      'not_an_approver',
      'self_approval',
      'controls_full',
      'json_malformed',
      'signing_key_missing',
      'response_invalid',
    ),
  },
});

/** Registers the routes for the controls of one execution. */
export function executionControlRoutes({ retries, controls }: { retries: RetryService; controls: ControlService }) {
  const router = createRouter();

  router.openapi(retryRoute, async (context) => {
    const { from = 'failed', plan = false, plan_hash: planHash, ...rest } = context.req.valid('json') ?? {};
    const { id } = context.req.valid('param');
    const principal = context.get('principal');
    if (plan) return context.json({ data: await retries.plan(principal, id, { from, ...rest }) }, 200);
    const idempotencyKey = context.req.valid('header')['idempotency-key'];
    const started = await retries.retry(principal, id, { from, ...rest, planHash, idempotencyKey });
    context.header('Location', `${base}/${integerId(started.n)}`);
    return context.json({ data: executionBody(started) }, 201);
  });

  for (const [what, route] of [
    ['pause', pauseRoute],
    ['resume', resumeRoute],
  ] as const) {
    router.openapi(route, async (context) => {
      const { reason = null } = context.req.valid('json') ?? {};
      const found = await controls.control(context.get('principal'), context.req.valid('param').id, { what }, reason);
      return context.json({ data: executionBody(found) }, 202);
    });
  }

  router.openapi(skipRoute, async (context) => {
    const { id, key } = context.req.valid('param');
    const { output = null, reason = null } = context.req.valid('json') ?? {};
    const found = await controls.control(context.get('principal'), id, { what: 'skip', key, output }, reason);
    return context.json({ data: executionBody(found) }, 202);
  });

  return router;
}
