import { z } from '@hono/zod-openapi';
import { RANGE_FILTERS } from '../../model/execution-filter.ts';
import { type ExecutionLists, type ExecutionPage, statusesMeant } from '../../service/executions/lists.ts';
import { listedRun, type TaskExecutionService } from '../../service/executions/task-executions.ts';
import { createRouter, refuse } from '../http/environment.ts';
import { errorResponses } from '../http/errors.ts';
import { createApiRoute, json, PAGE_QUERY, windowOf } from '../http/routes.ts';
import { streamText } from '../http/text-streams.ts';
import { wholeNumber } from '../http/whole-number.ts';
import { ExecutionListSchema, listOf, StatsSchema } from './bodies.ts';
import { EXPORT_TYPES, ExportedSchema, writeExport } from './export.ts';
import { FILTER_QUERY } from './filters.ts';

// Document 000, many executions: lists, statistics and export, below /api/v1/executions.

const ListQuery = z
  .strictObject({
    page: wholeNumber(1, 1_000_000).optional().describe('1 unless given; not with `limit` or `cursor`.'),
    per_page: wholeNumber(1, 100).optional().describe('20 unless given; not with `limit`.'),
    ...FILTER_QUERY,
    limit: wholeNumber(1, 250).optional().describe('How many at most, behind a cursor or to begin with one.'),
    cursor: z.string().max(200).optional().describe('The next_cursor of the answer before.'),
  })
  .refine(({ page, limit, cursor }) => page === undefined || (limit === undefined && cursor === undefined), {
    message: 'counts pages, which `limit` and `cursor` do not have: give either',
    path: ['page'],
  })
  .refine(({ per_page, limit }) => per_page === undefined || limit === undefined, {
    message: 'means the same as `limit`: give one',
    path: ['per_page'],
  });

const tags = ['executions'];
const base = '/api/v1/executions';

const listRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: base,
  tags,
  summary: 'List executions, newest first',
  description:
    'In pages, or behind a cursor, which repeats and leaves out nothing while runs start and end. With `parent`: what that run has started, its task executions and sub-workflows, in order of start. Results beyond 64 KB are searched by their beginning.',
  request: { query: ListQuery },
  responses: {
    200: json(ExecutionListSchema, 'A page of executions.'),
    ...errorResponses('request_invalid', 'status_invalid'),
  },
});

const byStatusRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/status/{status}`,
  tags,
  summary: 'List executions of one status',
  request: { params: z.object({ status: z.string() }), query: z.strictObject(PAGE_QUERY) },
  responses: {
    200: json(ExecutionListSchema, 'A page of executions.'),
    ...errorResponses('request_invalid', 'status_invalid'),
  },
});

const byEnforcementRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/enforcement/{enforcement_id}`,
  tags,
  summary: 'List executions of one enforcement',
  request: { params: z.object({ enforcement_id: wholeNumber(0) }), query: z.strictObject(PAGE_QUERY) },
  responses: { 200: json(ExecutionListSchema, 'A page of executions.'), ...errorResponses('request_invalid') },
});

const statsRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/stats`,
  tags,
  summary: 'Count executions',
  request: {
    query: z.strictObject({
      group_by: z.enum(['action_ref', 'pack', 'day']).optional().describe('A day is one of UTC.'),
      ...RANGE_FILTERS,
    }),
  },
  responses: {
    200: json(z.object({ data: StatsSchema }), 'All keys are there, also at zero.'),
    ...errorResponses('request_invalid'),
  },
});

const exportRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/export`,
  tags,
  summary: 'Export executions, newest first',
  request: {
    query: z.strictObject({
      format: z.enum(['csv', 'json', 'ndjson']),
      raw: z
        .enum(['true', 'false'])
        .optional()
        .describe('CSV as it is: without it, an apostrophe stands before what spreadsheets take for a formula.'),
      bom: z
        .enum(['true', 'false'])
        .optional()
        .describe('CSV that begins with a byte order mark, as Excel needs it for UTF-8.'),
      ...FILTER_QUERY,
    }),
  },
  responses: {
    200: {
      description: 'Everything that matches, streamed.',
      content: {
        'application/json': { schema: z.array(ExportedSchema) },
        'application/x-ndjson': { schema: z.string() },
        'text/csv': { schema: z.string() },
      },
    },
    ...errorResponses('request_invalid', 'status_invalid'),
  },
});

/** Document 000's routes of many executions. */
export function executionListRoutes(lists: ExecutionLists, tasks: TaskExecutionService) {
  const router = createRouter();

  router.openapi(
    listRoute,
    async (context) => {
      const { page = 1, per_page = 20, limit, cursor, ...query } = context.req.valid('query');
      const principal = context.get('principal');
      const { parent, ...filter } = await lists.filterOf(principal, query, '');
      const paged = limit === undefined && cursor === undefined;
      const window = paged ? { page, per_page } : { page: 1, per_page: limit ?? per_page };
      const part = { ...windowOf(window), cursor };
      if (parent !== undefined) {
        return context.json(listOf(await tasks.listChildren(principal, { ...filter, parent }, part), window), 200);
      }
      const found = await (paged ? lists.list : lists.listBehind)(principal, filter, part);
      return context.json(listOf(listed(found), window), 200);
    },
    refuse(listRoute),
  );

  router.openapi(
    byStatusRoute,
    async (context) => {
      const { status } = context.req.valid('param');
      const query = context.req.valid('query');
      const found = await lists.list(context.get('principal'), { statuses: statusesMeant(status) }, windowOf(query));
      return context.json(listOf(listed(found), query), 200);
    },
    refuse(byStatusRoute),
  );

  router.openapi(
    byEnforcementRoute,
    async (context) => {
      const { enforcement_id: enforcement } = context.req.valid('param');
      const query = context.req.valid('query');
      const found = await lists.list(context.get('principal'), { enforcement }, windowOf(query));
      return context.json(listOf(listed(found), query), 200);
    },
    refuse(byEnforcementRoute),
  );

  router.openapi(
    statsRoute,
    async (context) => {
      const { group_by: grouping = null, created_after, created_before } = context.req.valid('query');
      const filter = { createdAfter: created_after, createdBefore: created_before };
      return context.json({ data: await lists.stats(context.get('principal'), filter, grouping) }, 200);
    },
    refuse(statsRoute),
  );

  router.openapi(
    exportRoute,
    async (context) => {
      const { format, raw, bom, ...query } = context.req.valid('query');
      const principal = context.get('principal');
      const filter = await lists.filterOf(principal, query, '');
      context.header('content-type', EXPORT_TYPES[format]);
      context.header('content-disposition', `attachment; filename="executions.${format}"`);
      const rows = lists.exportRows(principal, filter);
      const parts = writeExport(format, { raw: raw === 'true', bom: bom === 'true' }, rows);
      const close = () => context.env.incoming?.socket.destroy();
      // The type of a route that answers JSON does not know of a stream.
      return context.body(streamText(parts, close)) as never;
    },
    refuse(exportRoute),
  );

  return router;
}

function listed({ rows, ...page }: ExecutionPage) {
  return { ...page, rows: rows.map(listedRun) };
}
