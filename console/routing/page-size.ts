import { present } from './parameters.ts';

/** How many rows a page of a list has. */
export const PAGE_SIZE = 25;

/** Returns the page to go to from one that has no rows; `last` is the last page, or one that has others behind it. */
export function pageBefore(page: number, last: number): number {
  return Math.max(1, Math.min(last, page - 1));
}

/** Returns the path of the API for the page of a list that an address is about; filters that are null or empty are left out. */
export function pagePath(
  path: string,
  query: URLSearchParams,
  filters: Record<string, string | null | undefined> = {},
): string {
  const asked = { page: query.get('page') ?? '1', per_page: String(PAGE_SIZE), ...filters };
  return `${path}?${new URLSearchParams(present(asked))}`;
}
