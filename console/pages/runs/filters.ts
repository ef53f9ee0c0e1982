import { readInstant } from '../../parts/words.ts';
import { pagePath } from '../../routing/page-size.ts';
import { present } from '../../routing/parameters.ts';

/** The filters of the list of runs, as parameters of its address and as they were typed. */
export const RUN_FILTERS = ['status', 'workflow', 'search', 'result', 'after', 'before', 'error'] as const;

/** The name of a filter. */
export type FilterName = (typeof RUN_FILTERS)[number];

/** Returns whether any run is left out. */
export function isFiltered(query: URLSearchParams): boolean {
  return RUN_FILTERS.some((name) => Boolean(query.get(name)));
}

/** Returns the path of the API that lists the runs of an address. Times that cannot be read are left out. */
export function listPath(query: URLSearchParams, now: number): string {
  return pagePath('/executions', query, { view: 'wide', status: query.get('status'), ...filtersOf(query, now) });
}

/** Returns the path of the API that counts the runs of an address by status, whatever status it filters by. */
export function countsPath(query: URLSearchParams, now: number): string {
  return `/executions/stats?${new URLSearchParams(present(filtersOf(query, now)))}`;
}

/** Returns the path of the API that groups the failed runs of an address by their error. */
export function errorsPath(query: URLSearchParams, now: number): string {
  const asked = { limit: '100', status: query.get('status'), ...filtersOf(query, now) };
  return `/executions/errors?${new URLSearchParams(present(asked))}`;
}

/**
 * Returns the filter of a bulk job on the runs of an address. `now` is the time from which the list counts its relative times; runs that have
 * been created after `until` are left out. Both are in milliseconds.
 */
export function bulkFilter(query: URLSearchParams, now: number, until: number): Record<string, string> {
  const filters = present({ status: query.get('status'), ...filtersOf(query, now) });
  const before = Math.min(until, Date.parse(filters.created_before ?? '') || until);
  return { ...filters, created_before: new Date(before).toISOString() };
}

/** Returns a text that is the same as long as the filters of an address are. */
export function filterKey(query: URLSearchParams): string {
  return RUN_FILTERS.map((name) => query.get(name) ?? '').join('\n');
}

/** Returns whether two paths of `listPath` read the same list, at whatever page. */
export function isSameList(one: string, other: string): boolean {
  return withoutPage(one) === withoutPage(other);
}

function withoutPage(path: string): string {
  const query = new URLSearchParams(path.split('?')[1]);
  query.delete('page');
  return String(query);
}

/** Returns the filters of an address that cannot be read. */
export function unreadable(query: URLSearchParams, now: number): FilterName[] {
  return (['after', 'before'] as const).filter((name) => {
    const text = query.get(name);
    return Boolean(text) && readInstant(text!, now) === null;
  });
}

function filtersOf(query: URLSearchParams, now: number) {
  const ref = query.get('workflow') ?? '';
  const instant = (name: FilterName) => readInstant(query.get(name) ?? '', now)?.toISOString();
  return {
    // A part of a name is enough.
    action_ref: ref === '' || /[.*]/.test(ref) ? ref : `*${ref}*`,
    search: query.get('search'),
    result_contains: query.get('result'),
    created_after: instant('after'),
    created_before: instant('before'),
    error: query.get('error'),
  };
}
