import { z } from '@hono/zod-openapi';
import { AppError } from '../../model/app-error.ts';
import { ManagementStartSchema, ReasonSchema, SignalTokenSchema } from '../../model/execution-requests.ts';
import { hasPermission } from '../../model/permissions.ts';
import type { Principal } from '../../model/principal.ts';
import { OWN_TASK_QUEUE } from '../../model/run-input.ts';
import { EXECUTION_STATUSES, managementWord } from '../../model/status.ts';
import type { ExecutionService } from '../../service/executions/executions.ts';
import type { ExecutionView } from '../../service/executions/reader.ts';
import type { ExecutionLists } from '../../service/index/lists.ts';
import { presentationUrl, type SignalTokenService } from '../../service/inquiries/signal-tokens.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import {
  createApiRoute,
  ExecutionParams,
  IdempotencyHeaders,
  json,
  jsonBody,
  jsonData,
  optionalJsonBody,
} from '../http/routes.ts';

// The Management API, at the root and below /api/v1 (/api/v1/executions belongs to the Executions API).

const StatusSchema = z.enum(['running', 'completed', 'failed', 'cancelled', 'terminated', 'timeout']);

const SUMMARY = {
  workflow_id: z.string(),
  run_id: z.string(),
  status: StatusSchema,
  state: z.enum(EXECUTION_STATUSES).describe('The detailed state; `status` has fewer values.'),
  start_time: z.iso.datetime(),
  execution_time: z.string().describe('ISO 8601 duration until now, or until the execution closed.'),
  task_queue: z.string(),
  user: z.string(),
  workflow_type: z.object({ name: z.string() }),
};
const SummarySchema = z.object(SUMMARY).openapi('ManagedExecution');
const DetailSchema = z
  .object({ ...SUMMARY, history: z.array(z.object({ event_type: z.string(), timestamp: z.iso.datetime() })) })
  .openapi('ManagedExecutionDetail');
const StartedSchema = z
  .object({ workflow_id: z.string(), run_id: z.string(), status: StatusSchema })
  .openapi('ManagedExecutionStarted');
const SignalledSchema = z.object({ message: z.string(), workflow_id: z.string() }).openapi('ManagedExecutionSignalled');
const OkSchema = z.object({ status: z.literal('ok'), message: z.string() }).openapi('ManagedExecutionOk');

const tags = ['execution management'];

const listRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: '/executions',
  tags,
  summary: 'List the open executions of the caller',
  responses: {
    200: json(z.object({ executions: z.array(SummarySchema) }), 'At most 1,000, newest first.'),
    ...errorResponses(),
  },
});
const startRoute = (prefix: string) =>
  createApiRoute({
    permission: 'execution:execute',
    method: 'post',
    path: `${prefix}/execution`,
    tags,
    summary: 'Start an execution',
    request: {
      headers: IdempotencyHeaders,
      body: jsonBody(ManagementStartSchema),
    },
    responses: {
      200: json(StartedSchema, 'Started.'),
      ...errorResponses(
        'input_invalid',
        'json_malformed',
        'workflow_not_found',
        'workflow_disabled',
        'sub_workflow_invalid',
        'definition_outdated',
        'concurrency_conflict',
        'permission_missing',
        'idempotency_mismatch',
      ),
    },
  });
const getRoute = (prefix: string) =>
  createApiRoute({
    permission: 'execution:read',
    otherwise: 'execution_not_found',
    method: 'get',
    path: `${prefix}/execution/{id}`,
    tags,
    summary: 'Get an execution',
    request: { params: ExecutionParams },
    responses: { 200: json(DetailSchema, 'The execution.'), ...errorResponses('execution_not_found') },
  });
const changeRoute = (prefix: string, method: 'get' | 'post', verb: 'cancel' | 'terminate') =>
  createApiRoute({
    permission: 'execution:execute',
    otherwise: 'execution_not_found',
    method,
    path: `${prefix}/execution/{id}/${verb}`,
    tags,
    summary: `${verb === 'cancel' ? 'Cancel' : 'Terminate'} an execution of the caller`,
    request: {
      params: ExecutionParams,
      ...(method === 'post' ? { body: optionalJsonBody(ReasonSchema) } : {}),
    },
    responses: {
      200: json(OkSchema, 'Asked.'),
      ...errorResponses('execution_not_found', 'execution_closed'),
    },
  });

const signalRoute = (prefix: string, method: 'get' | 'post') =>
  createApiRoute({
    permission: 'inquiry:respond',
    otherwise: 'execution_not_found',
    method,
    path: `${prefix}/execution/{id}/signal`,
    tags,
    summary: 'Send the signal of a token',
    description: 'The token contains an encrypted CloudEvents signal: a decision, or a signal that a task waits for.',
    request: { params: ExecutionParams, query: z.strictObject({ input: z.string().min(1).max(8_000) }) },
    responses: {
      200: json(SignalledSchema, 'The signal was sent and accepted.'),
      ...errorResponses(
        'token_invalid',
        'token_wrong_execution',
        'token_not_yours',
        'not_an_approver',
        'person_required',
        'self_approval',
        'execution_not_found',
        'inquiry_not_found',
        'token_used',
        'already_decided',
        'already_voted',
        'decisions_full',
        'binding_changed',
        'execution_closed',
        'signal_not_expected',
        'token_expired',
        'inquiry_expired',
        'inquiry_withdrawn',
        'option_unknown',
        'response_invalid',
        'signals_full',
      ),
    },
  });

const signalTokenRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'post',
  path: '/api/v1/executions/{id}/signal/token',
  tags,
  summary: 'Create a signal token',
  description: 'Only the caller can use the token, once, at `/execution/{id}/signal?input=`.',
  request: {
    params: ExecutionParams,
    body: jsonBody(SignalTokenSchema),
  },
  responses: {
    200: jsonData(
      z.object({ token: z.string(), expires_at: z.iso.datetime(), url: z.string() }),
      'The encrypted token, which nobody else can read or change.',
    ),
    ...errorResponses('json_malformed', 'execution_not_found', 'execution_closed'),
  },
});

/** The maximum length of the list, which has no pages. */
const LIST_LIMIT = 1000;

/**
 * Registers the routes of the Management API. `clock` returns milliseconds; `publicUrl` is the URL at which people reach the API, if known.
 */
export function managementRoutes(
  { service, lists, tokens }: { service: ExecutionService; lists: ExecutionLists; tokens: SignalTokenService },
  clock: () => number,
  publicUrl: string | undefined,
) {
  const router = createRouter();

  router.openapi(listRoute, async (context) => {
    const principal = context.get('principal');
    const filter = { owner: principal.subject, open: true };
    const { rows } = await lists.list(principal, filter, { offset: 0, limit: LIST_LIMIT });
    const executions = rows.map((row) => ({
      workflow_id: row.workflowId,
      run_id: row.runId ?? '',
      status: statusWord(row.status),
      state: row.status,
      start_time: row.created.toISOString(),
      execution_time: isoDuration(clock() - row.created.getTime()),
      task_queue: OWN_TASK_QUEUE,
      user: row.owner ?? '',
      workflow_type: { name: row.ref },
    }));
    return context.json({ executions }, 200);
  });

  for (const prefix of ['', '/api/v1']) {
    const start = startRoute(prefix);
    router.openapi(start, async (context) => {
      const { workflow, input = {} } = context.req.valid('json');
      const idempotencyKey = context.req.valid('header')['idempotency-key'];
      const command = { ref: workflow, input, inputField: 'input', idempotencyKey };
      const { execution } = await service.start(context.get('principal'), command);
      const { workflowId, runId, status } = execution;
      context.set('made', `${prefix}/execution/${workflowId}`);
      return context.json({ workflow_id: workflowId, run_id: runId, status: statusWord(status) }, 200);
    });

    const get = getRoute(prefix);
    router.openapi(get, async (context) => {
      const principal = context.get('principal');
      const { events, ...found } = await service.getWithHistory(principal, context.req.valid('param').id);
      const history = events.map(({ event_type, timestamp }) => ({ event_type, timestamp }));
      return context.json({ ...summaryBody(found, clock()), history }, 200);
    });

    for (const method of ['get', 'post'] as const) {
      const signal = signalRoute(prefix, method);
      router.openapi(signal, async (context) => {
        const { input } = context.req.valid('query');
        const { id } = context.req.valid('param');
        const principal = context.get('principal');
        const { workflowId, decides } = await tokens.present(principal, id, input, context.get('requestId'));
        context.set('audited', decides);
        return context.json({ message: 'Signal sent successfully', workflow_id: workflowId }, 200);
      });
      for (const verb of ['cancel', 'terminate'] as const) {
        const route = changeRoute(prefix, method, verb);
        router.openapi(route, async (context) => {
          const principal = context.get('principal');
          const { id } = context.req.valid('param');
          demandOwner(principal, await service.get(principal, id));
          await service[verb](principal, id, `${verb} requested through the Management API`);
          const message = `Workflow ${verb === 'cancel' ? 'cancellation' : 'termination'} signal sent`;
          return context.json({ status: 'ok' as const, message }, 200);
        });
      }
    }
  }
  router.openapi(signalTokenRoute, async (context) => {
    const { name, payload = null, expires_in: expiresIn = 3_600 } = context.req.valid('json');
    const signal = { name, payload, expiresIn };
    const issued = await tokens.issueSignal(context.get('principal'), context.req.valid('param').id, signal);
    const url = presentationUrl(publicUrl ?? new URL(context.req.url).origin, issued);
    return context.json({ data: { token: issued.token, expires_at: issued.expiresAt.toISOString(), url } }, 200);
  });
  return router;
}

function demandOwner(principal: Principal, { execution }: ExecutionView): void {
  const permission = 'execution:admin';
  if (execution.memo?.owner === principal.subject || hasPermission(principal, permission)) return;
  const message = `only the owner of this execution may change it, or a caller with the permission "${permission}"`;
  throw new AppError('forbidden', message, { details: { permission } });
}

function summaryBody({ execution }: ExecutionView, now: number): z.infer<typeof SummarySchema> {
  const { workflowId, runId, status, created, closed, memo } = execution;
  const until = closed === null ? now : Date.parse(closed);
  return {
    workflow_id: workflowId,
    run_id: runId,
    status: statusWord(status),
    state: status,
    start_time: created,
    execution_time: isoDuration(until - Date.parse(created)),
    task_queue: execution.taskQueue,
    user: memo?.owner ?? '',
    workflow_type: { name: memo?.ref ?? execution.workflowType },
  };
}

function statusWord(status: Parameters<typeof managementWord>[0]): z.infer<typeof StatusSchema> {
  return managementWord(status) as z.infer<typeof StatusSchema>; // the table contains only these words
}

/** Formats milliseconds as an ISO 8601 duration, such as `PT1H2M3.5S`. */
export function isoDuration(milliseconds: number): string {
  const total = Math.max(0, Math.round(milliseconds));
  const hours = Math.floor(total / 3_600_000);
  const minutes = Math.floor((total % 3_600_000) / 60_000);
  const seconds = (total % 60_000) / 1000;
  const parts = `${hours > 0 ? `${hours}H` : ''}${minutes > 0 ? `${minutes}M` : ''}${seconds > 0 ? `${seconds}S` : ''}`;
  return `PT${parts === '' ? '0S' : parts}`;
}
