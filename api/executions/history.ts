import { z } from '@hono/zod-openapi';
import { JsonValueSchema } from '../../model/json-value.ts';
import type { ExecutionService } from '../../service/executions/executions.ts';
import type { ChainService } from '../../service/histories/chains.ts';
import type { HistoryExportService } from '../../service/histories/exports/exports.ts';
import { nameDownload } from '../http/downloads.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, ExecutionParams, json, jsonData } from '../http/routes.ts';
import { streamText } from '../http/text-streams.ts';
import { wholeNumber, wholeNumberOr } from '../http/whole-number.ts';

// The Executions API: the log of an execution, and its history in Temporal.

/** An entry of the log of an execution. */
export const LogEntrySchema = z
  .object({
    timestamp: z.iso.datetime(),
    level: z.enum(['debug', 'info', 'warn', 'error']),
    message: z.string(),
    task: z.string().nullable(),
    attempt: z.int().nullable(),
    metadata: z.record(z.string(), JsonValueSchema).nullable(),
  })
  .openapi('LogEntry');

/** An event of the history of an execution. */
export const HistoryEventSchema = z
  .object({
    id: z.int(),
    event_type: z.string().describe('The event type as named by Temporal.'),
    timestamp: z.iso.datetime(),
    attributes: JsonValueSchema.describe('The event attributes, with decoded payloads.'),
  })
  .openapi('HistoryEvent');

/** A Temporal run of an execution. */
export const ChainRunSchema = z
  .object({
    index: z.int().describe('From 0.'),
    run_id: z.string(),
    first_event: z.int().describe('The number of its first event.'),
    last_event: z.int(),
    events: z.int(),
    started: z.iso.datetime(),
    closed: z.iso.datetime().nullable().describe('When it ended or continued as the next one; null while it is open.'),
  })
  .openapi('ChainRun');

const HISTORY_TYPE = 'application/vnd.fermata.history+json';

/** The file of an exported history. */
const ExportedHistorySchema = z
  .object({
    fermata_history: z.literal(1),
    execution: z.object({
      id: z.int(),
      uuid: z.string(),
      workflow_id: z.string(),
      ref: z.string(),
      version: z.string().nullable(),
      revision: z.int().nullable(),
      hash: z.string().nullable().describe('The hash of the definition.'),
      state: z.string(),
    }),
    exported_at: z.iso.datetime(),
    masked: z.boolean().describe('Whether values are masked.'),
    replayable: z.boolean().describe('Whether the execution can be replayed from this file.'),
    reason: z.string().nullable().describe('Why it cannot be replayed; null if it can.'),
    evaluations: z.array(JsonValueSchema),
    runs: z.array(
      z.object({
        index: z.int(),
        run_id: z.string(),
        first_event: z.int().describe('The number of its first event in the chain.'),
        first_evaluation: z
          .int()
          .nullable()
          .describe('The number of its first computation in the chain; null where nothing is masked.'),
        events: z.array(JsonValueSchema).describe('The events, as proto3 JSON.'),
      }),
    ),
  })
  .openapi('ExportedHistory');

const PageQuery = z.strictObject({
  limit: wholeNumberOr(100, 1, 1000),
  cursor: z
    .string()
    .max(20)
    .regex(/^\d+$/, 'is not a valid cursor: send the next_cursor of an earlier page')
    .optional(),
});

const LogQuerySchema = PageQuery.extend({
  task: z.string().max(300).optional().describe('The key of a task execution: entries about it alone.'),
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
  request: { params: ExecutionParams, query: LogQuerySchema },
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

const exportRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/{id}/history/export`,
  tags,
  summary: 'Export the history of an execution as a file',
  description:
    'A file from which the execution can be replayed without a server. The events have the form of `temporal workflow show --output json`, with decrypted payloads. Write-only values are masked, as in every other answer; `evaluations` lists the values that cannot be computed without them: the number of the computation, from 1, the random numbers drawn, and the value or the error.',
  request: {
    params: ExecutionParams,
    query: z.strictObject({
      run: wholeNumber(0).optional().describe('The index of one run of the chain; all of them if absent.'),
      download: z.literal('1').optional().describe('Has browsers save the answer as a file.'),
    }),
  },
  responses: {
    200: { description: 'The file, as a stream.', content: { [HISTORY_TYPE]: { schema: ExportedHistorySchema } } },
    ...errorResponses('execution_not_found', 'history_unusable', 'history_too_large', 'busy'),
  },
});

const runsRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/{id}/runs`,
  tags,
  summary: 'List the Temporal runs of an execution',
  description:
    'A long execution continues as a new run of the same workflow id; their events are numbered consecutively across all runs. Runs that Temporal no longer has are absent.',
  request: { params: ExecutionParams },
  responses: {
    200: jsonData(
      z.array(ChainRunSchema),
      'The runs, the first one first. More than 500 are refused: `work_exceeded`.',
    ),
    ...errorResponses('execution_not_found'),
  },
});

/** Registers the routes for logs, histories and runs. */
export function executionHistoryRoutes(service: ExecutionService, chains: ChainService, exports: HistoryExportService) {
  const router = createRouter();

  router.openapi(logsRoute, async (context) => {
    const { limit, cursor, task = null } = context.req.valid('query');
    const after = Number(cursor ?? 0);
    const { id } = context.req.valid('param');
    const { entries, total } = await service.logs(context.get('principal'), id, { after, limit, task });
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

  router.openapi(exportRoute, async (context) => {
    const { id } = context.req.valid('param');
    const { run = null, download } = context.req.valid('query');
    const parts = await exports.export(context.get('principal'), id, run, context.req.raw.signal);
    context.header('content-type', HISTORY_TYPE);
    context.header('cache-control', 'private, no-store');
    nameDownload(context, download, `${id}-history${run === null ? '' : `-${run}`}`);
    const close = () => context.env.incoming?.socket.destroy();
    // The type of a JSON route does not allow a stream.
    return context.body(streamText(parts, close)) as never;
  });

  router.openapi(runsRoute, async (context) => {
    const runs = await chains.list(context.get('principal'), context.req.valid('param').id);
    const data = runs.map(({ runId, events, firstEvent, started, closed }, index) => ({
      index,
      run_id: runId,
      first_event: firstEvent,
      last_event: firstEvent + events - 1,
      events,
      started,
      closed,
    }));
    return context.json({ data }, 200);
  });

  return router;
}
