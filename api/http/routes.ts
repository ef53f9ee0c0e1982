import { createRoute, type RouteConfig, z } from '@hono/zod-openapi';
import { etag } from 'hono/etag';
import { ERROR_STATUS, type ErrorCode } from '../../model/app-error.ts';
import { IdempotencyKeySchema } from '../../model/idempotency-key-schema.ts';
import type { Permission } from '../../model/permissions.ts';
import { takeBody } from './body.ts';
import type { BodyType } from './body-parser.ts';
import { demand, noteRoute } from './middleware.ts';
import { wholeNumberOr } from './whole-number.ts';

/** The id of an execution, in any of its forms. */
export const ExecutionIdSchema = z.string().max(200).describe('The integer id, the UUID or the `workflow_id`.');

/** The path of a route for one execution. */
export const ExecutionParams = z.object({ id: ExecutionIdSchema });

/** The header that makes starts, retries and signals safe to repeat. */
export const IdempotencyHeaders = z.object({
  'idempotency-key': IdempotencyKeySchema.optional().describe(
    'Makes the request safe to repeat: the same key with the same request has effect once; with a different request it is refused.',
  ),
});

/** Page and page size, from 1; values out of range are refused. */
export const PAGE_QUERY = {
  page: wholeNumberOr(1, 1, 1_000_000),
  per_page: wholeNumberOr(20, 1, 100),
};

/** Returns the offset and the length of a page. */
export function windowOf({ page, per_page }: { page: number; per_page: number }): { offset: number; limit: number } {
  return { offset: (page - 1) * per_page, limit: per_page };
}

/** The page of a list, in the form of the Workflows API. */
export const PageMetaSchema = z.object({ page: z.int(), per_page: z.int(), total: z.int(), total_pages: z.int() });

/** Builds the body of PageMetaSchema. */
export function buildPageMeta(total: number, { page, per_page }: { page: number; per_page: number }) {
  return { page, per_page, total, total_pages: countPages(total, per_page) };
}

/** The page of a list, in the form of the Executions API. */
export const PaginationSchema = z.object({
  page: z.int(),
  page_size: z.int(),
  total_items: z.int(),
  total_pages: z.int(),
});

/** Builds the body of PaginationSchema. */
export function buildPagination(total: number, { page, per_page }: { page: number; per_page: number }) {
  return { page, page_size: per_page, total_items: total, total_pages: countPages(total, per_page) };
}

/** Returns the number of pages. */
export function countPages(total: number, perPage: number): number {
  return Math.ceil(total / perPage);
}

/** A route and the permission that it requires. */
type ApiRouteConfig = Omit<RouteConfig, 'path' | 'middleware'> & {
  permission: Permission;
  /** The code for callers without the permission. Defaults to `forbidden`. */
  otherwise?: ErrorCode;
  /** Whether the handler reads the body itself. Its schemas only describe it, as JSON Schema: none is checked. */
  readsBody?: boolean;
  /** Whether answers have an `ETag`, with which callers ask whether one has changed. */
  tagged?: boolean;
};

/**
 * Describes a route and enforces it: first the permission, then the media type of the body. A body is read only after
 * both, and only if the route declares one.
 */
export function createApiRoute<P extends string, R extends ApiRouteConfig & { path: P }>(route: R) {
  const { permission, otherwise, readsBody = false, tagged = false, ...config } = route;
  const types = Object.keys(config.request?.body?.content ?? {}) as BodyType[];
  const authorize = demand(permission, otherwise);
  const note = noteRoute(config.path);
  const needs = `Requires the permission \`${permission}\`.`;
  const described = {
    ...config,
    description: config.description === undefined ? needs : `${config.description} ${needs}`,
    middleware: [
      note,
      authorize,
      ...(types.length === 0 || readsBody ? [] : [takeBody(types)]),
      ...(tagged ? [etag()] : []),
    ],
    responses: {
      ...(types.length === 0 ? {} : bodyRefusals(config.responses)),
      ...(tagged
        ? { 304: { description: 'Nothing has changed since the answer with the ETag in `If-None-Match`.' } }
        : {}),
      ...config.responses,
    },
    'x-permission': permission,
  };
  // The types of path, request and responses are unchanged.
  return createRoute<P, R>(described as unknown as R);
}

/** Returns the description of a route whose handler is not registered with it, as OpenAPI has it. */
export function descriptionOf({ middleware: _, ...described }: RouteConfig): RouteConfig {
  return described;
}

/** Describes how a body may be refused, with the schema of the route's other errors. */
function bodyRefusals(responses: RouteConfig['responses']): RouteConfig['responses'] {
  const { content } = responses[400] as { content: Record<string, { schema: z.ZodType }> };
  const codes = ['request_timeout', 'body_too_large', 'unsupported_media_type'] as const;
  return Object.fromEntries(codes.map((code) => [ERROR_STATUS[code], { description: code, content }]));
}

/** Describes a required body of JSON. */
export function jsonBody<T extends z.ZodType>(schema: T) {
  return { required: true as const, content: { 'application/json': { schema } } };
}

/** Describes an optional body of JSON. */
export function optionalJsonBody<T extends z.ZodType>(schema: T) {
  return { content: { 'application/json': { schema } } };
}

/** Describes content that is JSON or YAML. */
export function jsonOrYaml<T extends z.ZodType>(schema: T) {
  return { 'application/json': { schema }, 'application/yaml': { schema } };
}

/** Describes a JSON response. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** Describes a JSON response with a value in `data`. */
export function jsonData<T extends z.ZodType>(schema: T, description: string) {
  return json(z.object({ data: schema }), description);
}

/** Describes a JSON response with a page of values in `data`, in the form of the Workflows API. */
export function jsonPage<T extends z.ZodType>(schema: T, description: string) {
  return json(z.object({ data: z.array(schema), meta: PageMetaSchema }), description);
}

/** The body of a successful deletion. */
export const SuccessSchema = z.object({ success: z.literal(true), message: z.string() });
