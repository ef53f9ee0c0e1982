import { z } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { JsonValueSchema } from '../../model/json-value.ts';
import type { AuditService } from '../../service/access/audit.ts';
import type { ApiEnv } from '../http/environment.ts';
import { errorResponses } from '../http/errors.ts';
import { routeOf } from '../http/middleware.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, json } from '../http/routes.ts';
import { wholeNumber, wholeNumberOr } from '../http/whole-number.ts';

// The audit log: every change, with who made it and why.

const EntrySchema = z
  .object({
    id: z.int(),
    at: z.iso.datetime(),
    subject: z.string(),
    operation: z.string().describe('The route or MCP tool.'),
    target: z.string(),
    reason: z.string().nullable(),
    request_id: z.string().nullable(),
    details: z
      .record(z.string(), JsonValueSchema)
      .nullable()
      .describe(
        'For a decision: kind, channel, option, bound_to and result. Where something was made: `made`, its path.',
      ),
  })
  .openapi('AuditEntry');

const listRoute = createApiRoute({
  permission: 'admin',
  method: 'get',
  path: '/api/v1/audit',
  tags: ['principals'],
  summary: 'List audit events, newest first',
  request: {
    query: z.strictObject({
      subject: z.string().max(200).optional(),
      limit: wholeNumberOr(100, 1, 250),
      cursor: wholeNumber(1).optional().describe('The `next_cursor` of the previous page.'),
    }),
  },
  responses: {
    200: json(z.object({ data: z.array(EntrySchema), next_cursor: z.string().nullable() }), 'Changes.'),
    ...errorResponses(),
  },
});

/** Registers the route for the audit log. */
export function auditRoutes(audit: AuditService) {
  const router = createRouter();
  router.openapi(listRoute, async (context) => {
    const { subject, limit, cursor } = context.req.valid('query');
    const rows = await audit.list(context.get('principal'), { subject, before: cursor }, limit + 1);
    const shown = rows.slice(0, limit);
    const data = shown.map(({ id, at, requestId, tenant: _, ...row }) => ({
      id,
      at: at.toISOString(),
      ...row,
      request_id: requestId,
    }));
    return context.json({ data, next_cursor: rows.length > limit ? String(shown.at(-1)!.id) : null }, 200);
  });
  return router;
}

/** Records every successful change: requests that need more than a permission to read and were not refused. */
export function auditChanges(audit: AuditService): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    await next();
    const permission = context.get('permission');
    if (permission === undefined || permission.endsWith(':read') || context.res.status >= 400) return;
    if (context.get('audited') === true) return;
    // In the Management API, GET can change things too; everywhere else it only reads.
    if (context.req.method === 'GET' && !/\/execution\//.test(context.req.path)) return;
    await audit.record(context.get('principal'), {
      operation: `${context.req.method} ${routeOf(context)}`,
      target: context.req.path,
      reason: reasonOf(context.get('body')),
      requestId: context.get('requestId'),
      details: detailsOf(context.get('made') ?? context.res.headers.get('location')),
    });
  };
}

function detailsOf(made: string | null): JsonObject | undefined {
  return made === null ? undefined : { made };
}

function reasonOf(body: Json | undefined): string | null {
  return isJsonObject(body) && typeof body.reason === 'string' ? body.reason : null;
}
