import { z } from '@hono/zod-openapi';
import { BULK_STATUSES, BULK_VERBS } from '../../model/bulk.ts';
import { BULK_FIELDS, hasOneTarget, ONE_TARGET } from '../../model/bulk-requests.ts';
import type { BulkService, BulkTarget } from '../../service/executions/bulk-jobs.ts';
import type { ExecutionLists } from '../../service/index/lists.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, IdempotencyHeaders, jsonBody, jsonData } from '../http/routes.ts';

// The Executions API: bulk jobs, which change many executions.

const BodySchema = z.strictObject(BULK_FIELDS).refine(hasOneTarget, ONE_TARGET);

/** A bulk job. */
export const JobSchema = z
  .object({
    id: z.uuid(),
    verb: z.enum(BULK_VERBS),
    status: z.enum(BULK_STATUSES),
    matched: z.int(),
    succeeded: z.int(),
    failed: z.int(),
    errors: z.array(z.object({ id: z.int(), error: z.string() })).describe('The first 1,000 errors.'),
  })
  .openapi('BulkJob');

const JobParams = z.object({ job_id: z.uuid() });
const tags = ['executions'];

const beginRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'post',
  path: '/api/v1/executions/bulk/{verb}',
  tags,
  summary: 'Cancel, terminate, pause, resume, retry or delete many executions',
  request: {
    params: z.object({ verb: z.enum(BULK_VERBS) }),
    query: z.strictObject({ dry_run: z.enum(['true', 'false']).optional().describe('Only count the executions.') }),
    headers: IdempotencyHeaders,
    body: jsonBody(BodySchema),
  },
  responses: {
    200: jsonData(
      z.object({ matched: z.int() }),
      'The number of executions that would be affected; nothing was changed.',
    ),
    202: jsonData(z.object({ job_id: z.uuid(), matched: z.int() }), 'Begun.'),
    ...errorResponses('request_invalid', 'status_invalid', 'json_malformed', 'idempotency_mismatch'),
  },
});

const getRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: '/api/v1/bulk/{job_id}',
  tags,
  summary: 'Get a bulk job',
  request: { params: JobParams },
  responses: {
    200: jsonData(JobSchema, 'The current state.'),
    ...errorResponses('bulk_job_not_found'),
  },
});

const abortRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'delete',
  path: '/api/v1/bulk/{job_id}',
  tags,
  summary: 'Abort a bulk job',
  request: { params: JobParams },
  responses: {
    200: jsonData(JobSchema, 'Executions that it has not reached yet are left unchanged.'),
    ...errorResponses('bulk_job_not_found'),
  },
});

/** Registers the routes for bulk jobs. */
export function bulkRoutes(bulk: BulkService, lists: Pick<ExecutionLists, 'filterOf'>) {
  const router = createRouter();

  router.openapi(beginRoute, async (context) => {
    const { verb } = context.req.valid('param');
    const { ids, filter, reason = '' } = context.req.valid('json');
    const principal = context.get('principal');
    bulk.demandVerb(principal, verb);
    const target: BulkTarget =
      ids === undefined ? { filter: await lists.filterOf(principal, filter!, '/filter') } : { ids };
    if (context.req.valid('query').dry_run === 'true') {
      return context.json({ data: { matched: await bulk.count(principal, verb, target) } }, 200);
    }
    const idempotencyKey = context.req.valid('header')['idempotency-key'];
    const { id, matched } = await bulk.begin(principal, verb, target, { reason, idempotencyKey });
    context.header('Location', `/api/v1/bulk/${id}`);
    return context.json({ data: { job_id: id, matched } }, 202);
  });

  router.openapi(getRoute, async (context) => {
    const job = await bulk.get(context.get('principal'), context.req.valid('param').job_id);
    return context.json({ data: jobBody(job) }, 200);
  });

  router.openapi(abortRoute, async (context) => {
    const job = await bulk.abort(context.get('principal'), context.req.valid('param').job_id);
    return context.json({ data: jobBody(job) }, 200);
  });

  return router;
}

function jobBody(job: Awaited<ReturnType<BulkService['get']>>): z.infer<typeof JobSchema> {
  const { id, verb, status, targets, succeeded, failed, errors } = job;
  return { id, verb, status, matched: targets.length, succeeded, failed, errors };
}
