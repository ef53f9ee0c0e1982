import { readInstant } from '../../parts/words.ts';
import { present } from '../../routing/parameters.ts';

/** The filters of the list of runs, as parameters of its address and as they were typed. */
export const RUN_FILTERS = ['status', 'workflow', 'search', 'result', 'after', 'before'] as const;

/** The name of a filter. */
export type FilterName = (typeof RUN_FILTERS)[number];

/** How many runs a page has. */
export const PAGE_SIZE = 25;

/** Returns whether any run is left out. */
export function isFiltered(query: URLSearchParams): boolean {
  return RUN_FILTERS.some((name) => Boolean(query.get(name)));
}

/** Returns the path of the API that lists the runs of an address. Times that cannot be read are left out. */
export function listPath(query: URLSearchParams, now: number): string {
  const asked = {
    view: 'wide',
    page: query.get('page') ?? '1',
    per_page: String(PAGE_SIZE),
    status: query.get('status'),
    ...filtersOf(query, now),
  };
  return `/executions?${new URLSearchParams(present(asked))}`;
}

/** Returns the path of the API that counts the runs of an address by status, whatever status it filters by. */
export function countsPath(query: URLSearchParams, now: number): string {
  return `/executions/stats?${new URLSearchParams(present(filtersOf(query, now)))}`;
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
  };
}
