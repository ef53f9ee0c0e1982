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

/** Returns the filter of a bulk job on the runs of an address that have been created by now. */
export function bulkFilter(query: URLSearchParams, now: number): Record<string, string> {
  const before = new Date(now).toISOString();
  return { created_before: before, ...present({ status: query.get('status'), ...filtersOf(query, now) }) };
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
