import { createRoute, type RouteConfig, z } from '@hono/zod-openapi';
import { ERROR_STATUS, type ErrorCode } from '../../model/app-error.ts';
import { IdempotencyKeySchema } from '../../model/idempotency-key.ts';
import type { Permission } from '../../model/permissions.ts';
import { takeBody } from './body.ts';
import type { BodyType } from './body-parser.ts';
import { demand } from './middleware.ts';
import { wholeNumberOr } from './whole-number.ts';

/** The id of an execution, in any form that an answer gives. */
export const ExecutionIdSchema = z.string().max(200).describe('Integer id, UUID, or `workflow_id`.');

/** The header of a request that creates runs or a job, or signals: the same key is the same request, however often it is sent. */
export const IdempotencyHeaders = z.object({
  'idempotency-key': IdempotencyKeySchema.optional().describe(
    'The same key with the same request is done once, however often it is sent; with another request it is refused.',
  ),
});

/** Page and page size as the documents have them; out of range is refused (design/api.md, Deviations). */
export const PAGE_QUERY = {
  page: wholeNumberOr(1, 1, 1_000_000),
  per_page: wholeNumberOr(20, 1, 100),
};

/** Where a page begins in the whole list, and how long it is. */
export function windowOf({ page, per_page }: { page: number; per_page: number }): { offset: number; limit: number } {
  return { offset: (page - 1) * per_page, limit: per_page };
}

/** What tells of a page in document 003's lists. */
export const PageMetaSchema = z.object({ page: z.int(), per_page: z.int(), total: z.int(), total_pages: z.int() });

/** The body of PageMetaSchema. */
export function metaOf(total: number, { page, per_page }: { page: number; per_page: number }) {
  return { page, per_page, total, total_pages: pagesOf(total, per_page) };
}

/** What tells of a page in document 000's lists. */
export const PaginationSchema = z.object({
  page: z.int(),
  page_size: z.int(),
  total_items: z.int(),
  total_pages: z.int(),
});

/** The body of PaginationSchema. */
export function paginationOf(total: number, { page, per_page }: { page: number; per_page: number }) {
  return { page, page_size: per_page, total_items: total, total_pages: pagesOf(total, per_page) };
}

/** How many pages there are. */
export function pagesOf(total: number, perPage: number): number {
  return Math.ceil(total / perPage);
}

/** A route, and who may call it. */
type ApiRouteConfig = Omit<RouteConfig, 'path' | 'middleware'> & {
  permission: Permission;
  /** What a caller without the permission is answered; unless it is given, `forbidden`. */
  otherwise?: ErrorCode;
};

/**
 * Describes a route, and enforces what it says of itself, in this order: the caller has the permission, the body has one
 * of the declared media types. Nothing of a body is read before; without a declared body none is ever read.
 */
export function createApiRoute<P extends string, R extends ApiRouteConfig & { path: P }>(route: R) {
  const { permission, otherwise, ...config } = route;
  const types = Object.keys(config.request?.body?.content ?? {}) as BodyType[];
  const authorize = demand(permission, otherwise);
  const needs = `Needs the permission \`${permission}\`.`;
  const described = {
    ...config,
    description: config.description === undefined ? needs : `${config.description} ${needs}`,
    middleware: types.length === 0 ? authorize : [authorize, takeBody(types)],
    responses: { ...(types.length === 0 ? {} : bodyRefusals(config.responses)), ...config.responses },
    'x-permission': permission,
  };
  // What is typed by a route is its path, request and answers, and they are as they were given.
  return createRoute<P, R>(described as unknown as R);
}

/** How a body may be refused, in the form of the route's other errors. */
function bodyRefusals(responses: RouteConfig['responses']): RouteConfig['responses'] {
  const { content } = responses[400] as { content: Record<string, { schema: z.ZodType }> };
  const codes = ['request_timeout', 'body_too_large', 'unsupported_media_type'] as const;
  return Object.fromEntries(codes.map((code) => [ERROR_STATUS[code], { description: code, content }]));
}

/** A body that may be JSON or YAML. */
export function jsonOrYaml<T extends z.ZodType>(schema: T) {
  return { 'application/json': { schema }, 'application/yaml': { schema } };
}

/** A JSON answer of a route, for its OpenAPI description. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } };
}
