import { z } from '@hono/zod-openapi';
import { AppError } from '../../model/app-error.ts';
import { hasPermission } from '../../model/permissions.ts';
import type { Principal } from '../../model/principal.ts';
import { ManagementStartSchema, ReasonSchema, SignalTokenSchema } from '../../model/requests.ts';
import { OWN_TASK_QUEUE } from '../../model/run-input.ts';
import { EXECUTION_STATUSES, managementWord } from '../../model/status.ts';
import type { ExecutionService } from '../../service/executions/executions.ts';
import type { ExecutionLists } from '../../service/executions/lists.ts';
import type { ExecutionView } from '../../service/executions/reader.ts';
import { presentationUrl, type SignalTokenService } from '../../service/inquiries/signal-tokens.ts';
import { createRouter, refuse } from '../http/environment.ts';
import { errorResponses } from '../http/errors.ts';
import { createApiRoute, ExecutionIdSchema, IdempotencyHeaders, json } from '../http/routes.ts';

// Document 002: Execution Management, at the root and below /api/v1 (but /api/v1/executions is document 000's).

const StatusSchema = z.enum(['running', 'completed', 'failed', 'cancelled', 'terminated', 'timeout']);

const SUMMARY = {
  workflow_id: z.string(),
  run_id: z.string(),
  status: StatusSchema,
  state: z.enum(EXECUTION_STATUSES).describe('How it stands, in more words than `status`.'),
  start_time: z.iso.datetime(),
  execution_time: z.string().describe('ISO 8601 duration, until now or until the run closed.'),
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

const IdParams = z.object({ id: ExecutionIdSchema });
const tags = ['execution management'];

const listRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: '/executions',
  tags,
  summary: "List the caller's own open executions",
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
      body: { required: true, content: { 'application/json': { schema: ManagementStartSchema } } },
    },
    responses: {
      200: json(StartedSchema, 'Started.'),
      ...errorResponses(
        'request_invalid',
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
    request: { params: IdParams },
    responses: { 200: json(DetailSchema, 'The execution.'), ...errorResponses('execution_not_found') },
  });
const changeRoute = (prefix: string, method: 'get' | 'post', verb: 'cancel' | 'terminate') =>
  createApiRoute({
    permission: 'execution:execute',
    otherwise: 'execution_not_found',
    method,
    path: `${prefix}/execution/{id}/${verb}`,
    tags,
    summary: `${verb === 'cancel' ? 'Cancel' : 'Terminate'} an execution that the caller has started`,
    request: {
      params: IdParams,
      ...(method === 'post' ? { body: { content: { 'application/json': { schema: ReasonSchema } } } } : {}),
    },
    responses: {
      200: json(OkSchema, 'Asked.'),
      ...errorResponses('execution_not_found', 'execution_closed', 'request_invalid'),
    },
  });

const signalRoute = (prefix: string, method: 'get' | 'post') =>
  createApiRoute({
    permission: 'inquiry:respond',
    otherwise: 'execution_not_found',
    method,
    path: `${prefix}/execution/{id}/signal`,
    tags,
    summary: 'Present a token that holds a signal',
    description: 'The token holds a CloudEvents signal, sealed: a decision, or a signal that a task waits for.',
    request: { params: IdParams, query: z.strictObject({ input: z.string().min(1).max(8_000) }) },
    responses: {
      200: json(SignalledSchema, 'Sent, and taken.'),
      ...errorResponses(
        ...([
          'request_invalid',
          'token_invalid',
          'token_wrong_execution',
          'token_not_yours',
          'not_an_approver',
          'person_required',
        ] as const),
        ...(['self_approval', 'execution_not_found', 'inquiry_not_found', 'token_used', 'already_decided'] as const),
        ...([
          'already_voted',
          'decisions_full',
          'binding_changed',
          'execution_closed',
          'signal_not_expected',
          'token_expired',
        ] as const),
        ...(['inquiry_expired', 'inquiry_withdrawn', 'option_unknown', 'response_invalid', 'signals_full'] as const),
      ),
    },
  });

const signalTokenRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'post',
  path: '/api/v1/executions/{id}/signal/token',
  tags,
  summary: 'Get a token that holds a signal',
  description: 'For the caller, to present once: `/execution/{id}/signal?input=`.',
  request: {
    params: IdParams,
    body: { required: true, content: { 'application/json': { schema: SignalTokenSchema } } },
  },
  responses: {
    200: json(
      z.object({ data: z.object({ token: z.string(), expires_at: z.iso.datetime(), url: z.string() }) }),
      'Sealed: nobody reads or changes it.',
    ),
    ...errorResponses('request_invalid', 'json_malformed', 'execution_not_found', 'execution_closed'),
  },
});

/** Longest list that this document's route gives: it has no pages. */
const LIST_LIMIT = 1000;

/** Document 002's routes; `clock` gives milliseconds, `publicUrl` is where people reach the API, where it is known. */
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
    router.openapi(
      start,
      async (context) => {
        const { workflow, input = {} } = context.req.valid('json');
        const idempotencyKey = context.req.valid('header')['idempotency-key'];
        const command = { ref: workflow, input, inputField: 'input', idempotencyKey };
        const { execution } = await service.start(context.get('principal'), command);
        const { workflowId, runId, status } = execution;
        return context.json({ workflow_id: workflowId, run_id: runId, status: statusWord(status) }, 200);
      },
      refuse(start),
    );

    const get = getRoute(prefix);
    router.openapi(
      get,
      async (context) => {
        const principal = context.get('principal');
        const { events, ...found } = await service.getWithHistory(principal, context.req.valid('param').id);
        const history = events.map(({ event_type, timestamp }) => ({ event_type, timestamp }));
        return context.json({ ...summaryBody(found, clock()), history }, 200);
      },
      refuse(get),
    );

    for (const method of ['get', 'post'] as const) {
      const signal = signalRoute(prefix, method);
      router.openapi(
        signal,
        async (context) => {
          const { input } = context.req.valid('query');
          const { id } = context.req.valid('param');
          const { workflowId, decides } = await tokens.present(
            ...([context.get('principal'), id, input, context.get('requestId')] as const),
          );
          context.set('audited', decides);
          return context.json({ message: 'Signal sent successfully', workflow_id: workflowId }, 200);
        },
        refuse(signal),
      );
      for (const verb of ['cancel', 'terminate'] as const) {
        const route = changeRoute(prefix, method, verb);
        router.openapi(
          route,
          async (context) => {
            const principal = context.get('principal');
            const { id } = context.req.valid('param');
            demandOwner(principal, await service.get(principal, id));
            await service[verb](principal, id, `${verb} by document 002`);
            const message = `Workflow ${verb === 'cancel' ? 'cancellation' : 'termination'} signal sent`;
            return context.json({ status: 'ok' as const, message }, 200);
          },
          refuse(route),
        );
      }
    }
  }
  router.openapi(
    signalTokenRoute,
    async (context) => {
      const { name, payload = null, expires_in: expiresIn = 3_600 } = context.req.valid('json');
      const signal = { name, payload, expiresIn };
      const issued = await tokens.issueSignal(context.get('principal'), context.req.valid('param').id, signal);
      const url = presentationUrl(publicUrl ?? new URL(context.req.url).origin, issued);
      return context.json({ data: { token: issued.token, expires_at: issued.expiresAt.toISOString(), url } }, 200);
    },
    refuse(signalTokenRoute),
  );
  return router;
}

function demandOwner(principal: Principal, { execution }: ExecutionView): void {
  const permission = 'execution:admin';
  if (execution.memo?.owner === principal.subject || hasPermission(principal, permission)) return;
  const message = `only its owner may change this execution, and who has the permission ${permission}`;
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
  return managementWord(status) as z.infer<typeof StatusSchema>; // the table holds these words alone
}

/** Milliseconds as an ISO 8601 duration: `PT1H2M3.5S`. */
export function isoDuration(milliseconds: number): string {
  const total = Math.max(0, Math.round(milliseconds));
  const hours = Math.floor(total / 3_600_000);
  const minutes = Math.floor((total % 3_600_000) / 60_000);
  const seconds = (total % 60_000) / 1000;
  const parts = `${hours > 0 ? `${hours}H` : ''}${minutes > 0 ? `${minutes}M` : ''}${seconds > 0 ? `${seconds}S` : ''}`;
  return `PT${parts === '' ? '0S' : parts}`;
}
