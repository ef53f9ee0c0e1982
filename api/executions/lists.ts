import { z } from '@hono/zod-openapi';
import type { Cause } from '../../model/events/cause.ts';
import { integerId } from '../../model/execution-id.ts';
import type { Principal } from '../../model/principal.ts';
import type { Causes } from '../../service/events/causes.ts';
import type { TaskExecutionService } from '../../service/executions/task-executions.ts';
import { type ExecutionLists, type ExecutionPage, statusesMeant } from '../../service/index/lists.ts';
import { listedRun } from '../../service/index/rows.ts';
import { SHOWN_MESSAGE } from '../../service/projections/task-rows.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, json, jsonData, PAGE_QUERY, windowOf } from '../http/routes.ts';
import { streamText } from '../http/text-streams.ts';
import { wholeNumber, wholeNumberOr } from '../http/whole-number.ts';
import { executionPageBody } from './bodies.ts';
import { EXPORT_TYPES, ExportedSchema, writeExport } from './export.ts';
import { FILTER_QUERY } from './filters.ts';
import { ExecutionListSchema, StatsSchema } from './schemas.ts';

// The Executions API for many executions: lists, statistics and export, below /api/v1/executions.

/** The most executions before a page of the list that a cursor reads on. Lists without a cursor have no such limit. */
const MAX_OFFSET = 100_000;

const ListQuery = z
  .strictObject({
    page: wholeNumber(1, 1_000_000).optional().describe('Defaults to 1; not allowed with `limit` or `cursor`.'),
    per_page: wholeNumber(1, 100).optional().describe('Defaults to 20; not allowed with `limit`.'),
    ...FILTER_QUERY,
    limit: wholeNumber(1, 250).optional().describe('The page size for cursor pagination.'),
    cursor: z.string().max(200).optional().describe('The `next_cursor` of the previous page.'),
    view: z
      .enum(['summary', 'wide'])
      .default('summary')
      .describe(
        '`wide` adds to each run the names of its workflow, how it was started, its tags, when it closed, and its error.',
      ),
  })
  .refine(({ page, limit, cursor }) => page === undefined || (limit === undefined && cursor === undefined), {
    message: 'cannot be combined with "limit" or "cursor"',
    path: ['page'],
  })
  .refine(({ page = 1, per_page = 20, parent }) => parent !== undefined || (page - 1) * per_page <= MAX_OFFSET, {
    message: `is too far: at most ${MAX_OFFSET.toLocaleString('en-US')} executions may come before a page. Read on with "limit" and "cursor"`,
    path: ['page'],
  })
  .refine(({ view, parent }) => view === 'summary' || parent === undefined, {
    message: 'cannot be "wide" together with "parent"',
    path: ['view'],
  })
  .refine(({ per_page, limit }) => per_page === undefined || limit === undefined, {
    message: 'cannot be combined with "limit"',
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
    'Paginated by page, or by cursor, which neither repeats nor misses executions while others start and end. With `parent`, lists the task executions and sub-workflows of that execution in order of start. Of results larger than 64 KB only the beginning is searched. At most 100,000 executions may come before a page: use the cursor to read on. `total_items` is exact where at most 10,000 executions match, and wherever the filters are the status, the pack, the ref of a workflow, and times at the beginning of UTC days.',
  request: { query: ListQuery },
  responses: {
    200: json(ExecutionListSchema, 'A page of executions.'),
    ...errorResponses('status_invalid'),
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
    ...errorResponses('status_invalid'),
  },
});

const byEnforcementRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/enforcement/{enforcement_id}`,
  tags,
  summary: 'List executions of one enforcement',
  request: { params: z.object({ enforcement_id: wholeNumber(0) }), query: z.strictObject(PAGE_QUERY) },
  responses: { 200: json(ExecutionListSchema, 'A page of executions.'), ...errorResponses() },
});

const statsRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/stats`,
  tags,
  summary: 'Count executions',
  request: {
    query: z.strictObject({
      group_by: z
        .enum(['action_ref', 'pack', 'day', 'state'])
        .optional()
        .describe('Days are UTC days; a state is the `state` of executions.'),
      ...FILTER_QUERY,
    }),
  },
  responses: {
    200: jsonData(StatsSchema, 'All keys are present, even if they are zero.'),
    ...errorResponses('status_invalid'),
  },
});

/** Failed executions with the same error. */
export const ErrorGroupSchema = z
  .object({
    fingerprint: z.string().describe('Finds the executions: `?error=` of lists, exports, statistics and bulk jobs.'),
    error_code: z.string(),
    task: z.string().nullable().describe('The task that failed; null for an error of no task.'),
    message: z.string().describe('The first 300 characters of the message of `sample`.'),
    count: z.int(),
    first: z.iso.datetime().describe('When the first of the executions was created.'),
    last: z.iso.datetime(),
    sample: z.int().describe('The id of the newest of the executions.'),
  })
  .openapi('ErrorGroup');

const errorsRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/errors`,
  tags,
  summary: 'Group failed executions by their error, the most frequent first',
  description:
    'Errors form a group if they have the same code and task and their messages differ only in URLs, quoted texts, UUIDs and numbers. At most the newest 10,000 executions with an error are grouped.',
  request: {
    query: z.strictObject({
      limit: wholeNumberOr(20, 1, 100),
      cursor: z.string().max(200).optional().describe('The `next_cursor` of the previous page.'),
      ...FILTER_QUERY,
    }),
  },
  responses: {
    200: json(
      z.object({
        data: z.array(ErrorGroupSchema),
        next_cursor: z.string().nullable(),
        is_lower_bound: z.boolean().describe('Whether there are more executions with an error than were grouped.'),
      }),
      'Groups.',
    ),
    ...errorResponses('status_invalid'),
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
        .describe(
          'Whether to leave values unescaped; by default, an apostrophe precedes values that spreadsheets would take for formulas.',
        ),
      bom: z
        .enum(['true', 'false'])
        .optional()
        .describe('Whether to begin the CSV with a byte order mark, which Excel needs for UTF-8.'),
      ...FILTER_QUERY,
    }),
  },
  responses: {
    200: {
      description: 'All matching executions, as a stream.',
      content: {
        'application/json': { schema: z.array(ExportedSchema) },
        'application/x-ndjson': { schema: z.string() },
        'text/csv': { schema: z.string() },
      },
    },
    ...errorResponses('status_invalid'),
  },
});

/** Registers the routes for many executions. */
export function executionListRoutes(lists: ExecutionLists, tasks: TaskExecutionService, causes: Pick<Causes, 'find'>) {
  const router = createRouter();

  async function readMore(principal: Principal, rows: ExecutionPage['rows']): Promise<ReadMore> {
    const found = await causes.find(
      principal,
      rows.map(({ enforcement }) => enforcement),
    );
    const causeOf = ({ enforcement }: ExecutionPage['rows'][number]) =>
      enforcement === null ? null : (found.get(enforcement) ?? null);
    return { nameOf: await lists.namesOf(principal, rows), causeOf };
  }

  router.openapi(listRoute, async (context) => {
    const { page = 1, per_page = 20, limit, cursor, view, ...query } = context.req.valid('query');
    const principal = context.get('principal');
    const { parent, ...filter } = await lists.filterOf(principal, query, '');
    const paged = limit === undefined && cursor === undefined;
    const window = paged ? { page, per_page } : { page: 1, per_page: limit ?? per_page };
    const part = { ...windowOf(window), cursor };
    if (parent !== undefined) {
      return context.json(
        executionPageBody(await tasks.listChildren(principal, { ...filter, parent }, part), window),
        200,
      );
    }
    const found = await (paged ? lists.list : lists.listBehind)(principal, filter, part);
    const more = view === 'wide' ? await readMore(principal, found.rows) : undefined;
    return context.json(executionPageBody(listed(found, more), window, view), 200);
  });

  router.openapi(byStatusRoute, async (context) => {
    const { status } = context.req.valid('param');
    const query = context.req.valid('query');
    const found = await lists.list(context.get('principal'), { statuses: statusesMeant(status) }, windowOf(query));
    return context.json(executionPageBody(listed(found), query), 200);
  });

  router.openapi(byEnforcementRoute, async (context) => {
    const { enforcement_id: enforcement } = context.req.valid('param');
    const query = context.req.valid('query');
    const found = await lists.list(context.get('principal'), { enforcement }, windowOf(query));
    return context.json(executionPageBody(listed(found), query), 200);
  });

  router.openapi(statsRoute, async (context) => {
    const { group_by: grouping = null, ...query } = context.req.valid('query');
    const principal = context.get('principal');
    const filter = await lists.filterOf(principal, query, '');
    const { all, groups, isLowerBound } = await lists.stats(principal, filter, grouping);
    const data = { ...all, ...(grouping && { groups }), ...(isLowerBound && { is_lower_bound: true as const }) };
    return context.json({ data }, 200);
  });

  router.openapi(errorsRoute, async (context) => {
    const { limit, cursor, ...query } = context.req.valid('query');
    const principal = context.get('principal');
    const filter = await lists.filterOf(principal, query, '');
    const { groups, nextCursor, isLowerBound } = await lists.errors(principal, filter, { limit, cursor });
    const data = groups.map(({ fingerprint, errorCode, task, error, count, first, last, n }) => ({
      fingerprint,
      error_code: errorCode,
      task,
      message: error.slice(0, SHOWN_MESSAGE),
      count,
      first: first.toISOString(),
      last: last.toISOString(),
      sample: integerId(n),
    }));
    return context.json({ data, next_cursor: nextCursor, is_lower_bound: isLowerBound }, 200);
  });

  router.openapi(exportRoute, async (context) => {
    const { format, raw, bom, ...query } = context.req.valid('query');
    const principal = context.get('principal');
    const filter = await lists.filterOf(principal, query, '');
    context.header('content-type', EXPORT_TYPES[format]);
    context.header('content-disposition', `attachment; filename="executions.${format}"`);
    const rows = lists.exportRows(principal, filter);
    const parts = writeExport(format, { raw: raw === 'true', bom: bom === 'true' }, rows);
    const close = () => context.env.incoming?.socket.destroy();
    // The type of a JSON route does not allow a stream.
    return context.body(streamText(parts, close)) as never;
  });

  return router;
}

/** The details of runs that are not in their rows. */
interface ReadMore {
  nameOf: Awaited<ReturnType<ExecutionLists['namesOf']>>;
  causeOf: (row: ExecutionPage['rows'][number]) => Cause | null;
}

function listed({ rows, ...page }: ExecutionPage, more?: ReadMore) {
  return { ...page, rows: rows.map((row) => listedRun(row, more?.nameOf(row), more?.causeOf(row))) };
}
