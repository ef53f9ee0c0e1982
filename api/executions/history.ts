import { z } from '@hono/zod-openapi';
import { JsonValueSchema } from '../../model/json-value.ts';
import type { ExecutionService } from '../../service/executions/executions.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, ExecutionParams, json } from '../http/routes.ts';
import { wholeNumberOr } from '../http/whole-number.ts';

// The Executions API: the log of an execution, and its history in Temporal.

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
    event_type: z.string().describe('The event type as named by Temporal.'),
    timestamp: z.iso.datetime(),
    attributes: JsonValueSchema.describe('The event attributes, with decoded payloads.'),
  })
  .openapi('HistoryEvent');

const PageQuery = z.strictObject({
  limit: wholeNumberOr(100, 1, 1000),
  cursor: z
    .string()
    .max(20)
    .regex(/^\d+$/, 'is not a valid cursor: send the next_cursor of an earlier page')
    .optional(),
});

const tags = ['executions'];

const base = '/api/v1/executions';

const logsRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/{id}/logs`,
  tags,
  summary: 'Get the log of an execution',
  description: 'Its events and the entries of its `core.log` tasks, oldest first; derived from its history.',
  request: { params: ExecutionParams, query: PageQuery },
  responses: {
    200: json(z.object({ data: z.array(LogEntrySchema), next_cursor: z.string().nullable() }), 'Entries.'),
    ...errorResponses('execution_not_found'),
  },
});

const historyRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/{id}/history`,
  tags,
  summary: 'Get the Temporal history of an execution',
  request: { params: ExecutionParams, query: PageQuery },
  responses: {
    200: json(z.object({ data: z.array(HistoryEventSchema), next_cursor: z.string().nullable() }), 'Events.'),
    ...errorResponses('execution_not_found'),
  },
});

/** Registers the routes for logs and histories. */
export function executionHistoryRoutes(service: ExecutionService) {
  const router = createRouter();

  router.openapi(logsRoute, async (context) => {
    const { limit, cursor } = context.req.valid('query');
    const after = Number(cursor ?? 0);
    const { id } = context.req.valid('param');
    const { entries, total } = await service.logs(context.get('principal'), id, { after, limit });
    const end = after + limit;
    return context.json({ data: entries, next_cursor: end < total ? String(end) : null }, 200);
  });

  router.openapi(historyRoute, async (context) => {
    const { limit, cursor } = context.req.valid('query');
    const after = Number(cursor ?? 0);
    const window = { after, limit: limit + 1 };
    const { events } = await service.getWithHistory(context.get('principal'), context.req.valid('param').id, window);
    const next_cursor = events.length > limit ? String(after + limit) : null;
    return context.json({ data: events.slice(0, limit), next_cursor }, 200);
  });

  return router;
}
