import { z } from '@hono/zod-openapi';
import type { JsonObject } from '../../model/json.ts';
import { JsonValueSchema } from '../../model/json-value.ts';
import { TransitionTraceSchema } from '../../model/transition-trace.ts';
import type { AdvisedRequest } from '../../service/executions/advice.ts';
import type { ExplanationService } from '../../service/executions/explanations.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, ExecutionParams, jsonData } from '../http/routes.ts';
import { wholeNumber } from '../http/whole-number.ts';
import { tasksBody } from './bodies.ts';
import { TaskExecutionSchema, WaitSchema } from './schemas.ts';

// Explanations of the state of an execution, and its state at any event of its history.

const JoinSchema = z.object({
  task: z.string(),
  needed: z.int(),
  arrived: z.array(z.string()),
  missing: z.array(z.string()),
});

/** Why an execution is in its state, and what moves it. */
export const ExplanationSchema = z
  .object({
    status: z.string().describe('The detailed state, which includes waiting and paused.'),
    can_finish: z.boolean().describe('Whether it can still complete, by itself or by following the advice.'),
    waiting_for: z.array(WaitSchema),
    blocked_by: z.array(JoinSchema).describe('Joins that some, but not all, of their tasks have reached.'),
    advice: z
      .array(
        z.object({
          code: z.string().nullable().describe('A stable code of the problem; null if there is none.'),
          text: z.string(),
          method: z.string().nullable(),
          href: z.string().nullable(),
          body: z
            .record(z.string(), JsonValueSchema)
            .nullable()
            .describe('The body to send; null if there is none, or if only the caller knows it.'),
        }),
      )
      .describe('Who or what can make it continue, and with which request.'),
  })
  .openapi('Explanation');

/** A decision of a run about a transition, by its name in the OpenAPI document. */
export const NamedTransitionTraceSchema = z.object(TransitionTraceSchema.shape).openapi('TransitionTrace');

/** A run at an event of its history. */
export const MomentSchema = z
  .object({
    event: z.int(),
    status: z.string(),
    tasks: z.array(TaskExecutionSchema).describe('The first 1,000 visits and items, or fewer if they exceed 4 MiB.'),
    tasks_total: z.int().describe('The number of all visits and items.'),
    variables: z.record(z.string(), JsonValueSchema),
    joins: z.array(JoinSchema),
    inputs: z.record(z.string(), JsonValueSchema).describe('The rendered inputs of `tasks`, by their keys.'),
    transitions: z
      .array(NamedTransitionTraceSchema)
      .optional()
      .describe(
        'With `trace=1`: the transitions that the execution decided upon in the workflow task that the event belongs to; none for an event that precedes its workflow task.',
      ),
  })
  .openapi('Moment');

const tags = ['executions'];
const base = '/api/v1/executions';

const explainRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/{id}/explain`,
  tags,
  summary: 'Explain the state of an execution',
  request: { params: ExecutionParams },
  responses: {
    200: jsonData(ExplanationSchema, 'What it waits for, and who or what can make it continue.'),
    ...errorResponses('execution_not_found'),
  },
});

const atRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/{id}/at/{event}`,
  tags,
  summary: 'Get an execution as of an event of its history',
  request: {
    params: ExecutionParams.extend({ event: wholeNumber(1, 1_000_000) }),
    query: z.strictObject({ trace: z.literal('1').optional().describe('Adds `transitions`.') }),
  },
  responses: {
    200: jsonData(MomentSchema, 'The execution at that event.'),
    ...errorResponses('execution_not_found', 'event_not_found'),
  },
});

/** Registers the routes for explanations. */
export function explanationRoutes(explanations: ExplanationService) {
  const router = createRouter();

  router.openapi(explainRoute, async (context) => {
    const { id } = context.req.valid('param');
    const { execution, canFinish, blockedBy, advice } = await explanations.explain(context.get('principal'), id);
    const data = {
      status: execution.status,
      can_finish: canFinish,
      waiting_for: execution.waitingFor,
      blocked_by: blockedBy,
      advice: advice.map(({ code = null, text, act }) => ({ code, text, ...describeRequest(act) })),
    };
    return context.json({ data }, 200);
  });

  router.openapi(atRoute, async (context) => {
    const { id, event } = context.req.valid('param');
    const { trace } = context.req.valid('query');
    const traced = trace !== undefined;
    const { n, execution, joins, transitions } = await explanations.at(context.get('principal'), id, { event, traced });
    const inputs = Object.fromEntries(execution.tasks.map(({ key, input }) => [key, input]));
    const { status, variables, tasks, moreTasks } = execution;
    const tasks_total = moreTasks?.total ?? tasks.length;
    const data = { event, status, tasks: tasksBody({ n, execution }), tasks_total, variables, joins, inputs };
    return context.json({ data: traced ? { ...data, transitions } : data }, 200);
  });

  return router;
}

/** Returns the request that does what is advised; `body` is null where there is nothing to send, or only the caller knows what. */
export function describeRequest(act: AdvisedRequest | null): {
  method: string | null;
  href: string | null;
  body: JsonObject | null;
} {
  if (act === null) return { method: null, href: null, body: null };
  const post = (href: string, body: JsonObject | null = null) => ({ method: 'POST', href, body });
  if (act.what === 'respond') return post(`/api/v1/inquiries/${encodeURIComponent(act.inquiry)}/respond`);
  const self = `${base}/${act.execution}`;
  switch (act.what) {
    case 'explain':
      return { method: 'GET', href: `${self}/explain`, body: null };
    case 'retry':
      return post(`${self}/retry`, act.from === null ? null : { from: act.from });
    case 'skip':
      return post(`${self}/tasks/${encodeURIComponent(act.task)}/skip`);
    case 'signal':
      return post(`${self}/signal`, { name: act.name });
    default:
      return post(`${self}/${act.what}`);
  }
}
