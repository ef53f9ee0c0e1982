import { z } from '@hono/zod-openapi';
import type { ErrorCode } from '../model/app-error.ts';
import type { Permission } from '../model/permissions.ts';
import { demand } from './middleware.ts';

/** Page and page size as the documents have them; out of range is refused (design/api.md, Deviations). */
export const PAGE_QUERY = {
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  per_page: z.coerce.number().int().min(1).max(100).default(20),
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

/** What a route demands of its caller: enforced, and told in its OpenAPI description. */
export function needs(permission: Permission, otherwise?: ErrorCode) {
  return { middleware: demand(permission, otherwise), 'x-permission': permission } as const;
}

/** A body that may be JSON or YAML. */
export function jsonOrYaml<T extends z.ZodType>(schema: T) {
  return { 'application/json': { schema }, 'application/yaml': { schema } };
}

/** A JSON answer of a route, for its OpenAPI description. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } };
}
