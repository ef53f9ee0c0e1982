import { z } from '@hono/zod-openapi';
import { refusal } from '../../model/refusal.ts';
import { buildPagination, PaginationSchema } from '../http/routes.ts';
import { wholeNumber } from '../http/whole-number.ts';

// Lists that are read by page, or on from a cursor, in the form of the Executions API.

/** The most rows before a page. */
const MAX_OFFSET = 100_000;

/** Returns the schema of the query of a list with some filters, which is read by page or on from a cursor. */
export function listQuery<Filters extends z.ZodRawShape>(filters: Filters) {
  return z.strictObject({
    page: wholeNumber(1, 1_000_000).optional().describe('Defaults to 1; not allowed with `limit` or `cursor`.'),
    per_page: wholeNumber(1, 100).optional().describe('Defaults to 20; not allowed with `limit`.'),
    limit: wholeNumber(1, 250).optional().describe('The page size for cursor pagination.'),
    cursor: z.string().max(200).optional().describe('The `next_cursor` of the previous page.'),
    ...filters,
  });
}

/** The part of a list that a query asks for. */
export interface ListPart {
  page: number;
  per_page: number;
  window: { offset: number; limit: number; before: number | undefined };
}

/** Returns the part of a list that a query asks for. Throws `request_invalid` for parameters that exclude each other and an invalid cursor. */
export function listPart(query: {
  page?: number | undefined;
  per_page?: number | undefined;
  limit?: number | undefined;
  cursor?: string | undefined;
}): ListPart {
  const { page = 1, per_page = 20, limit, cursor } = query;
  if (query.page !== undefined && (limit !== undefined || cursor !== undefined)) {
    throw refused('page', 'cannot be combined with "limit" or "cursor"');
  }
  if (query.per_page !== undefined && limit !== undefined) throw refused('per_page', 'cannot be combined with "limit"');
  const offset = (page - 1) * per_page;
  if (offset > MAX_OFFSET) {
    throw refused('page', 'is too far: at most 100,000 rows may come before a page. Read on with "limit" and "cursor"');
  }
  const size = limit ?? per_page;
  const before = cursor === undefined ? undefined : readIdCursor(cursor);
  return { page, per_page: size, window: { offset, limit: size, before } };
}

/** The fields of a page in addition to its rows. */
export const LIST_PAGE = {
  pagination: PaginationSchema,
  next_cursor: z.string().nullable().describe('The cursor of the next page; null on the last page.'),
  total_is_lower_bound: z.boolean().describe('Whether more than `total_items` match: at most 10,000 are counted.'),
};

/** Builds the body of a page; `next` is the id after which the next page begins. */
export function listPageBody<Row>(
  data: Row[],
  { total, isLowerBound, next }: { total: number; isLowerBound: boolean; next: number | null },
  part: ListPart,
) {
  return {
    data,
    pagination: buildPagination(total, part),
    next_cursor: idCursor(next),
    total_is_lower_bound: isLowerBound,
  };
}

/** Writes the id after which a list continues; null on the last page. */
export function idCursor(next: number | null): string | null {
  return next === null ? null : String(next);
}

/** Reads the id after which a list continues, up to the largest one that its table can have. Throws `request_invalid`. */
export function readIdCursor(text: string, largest: number = Number.MAX_SAFE_INTEGER): number {
  if (/^\d{1,16}$/.test(text) && Number(text) <= largest) return Number(text);
  throw refused('cursor', 'is not a valid cursor: send the next_cursor of an earlier page');
}

function refused(field: string, message: string) {
  return refusal('request_invalid', [{ code: 'value_invalid', path: `/${field}`, message }]);
}
