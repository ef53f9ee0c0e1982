import { expect, it } from 'vitest';
import {
  bulkFilter,
  countsPath,
  errorsPath,
  filterKey,
  isFiltered,
  isSameList,
  listPath,
  unreadable,
} from '../../console/pages/runs/filters.ts';

import { pageBefore } from '../../console/routing/page-size.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');

it.each([
  ['', 'page=1&per_page=25&view=wide'],
  ['status=failed&page=3', 'page=3&per_page=25&view=wide&status=failed'],
  ['workflow=nightly', 'page=1&per_page=25&view=wide&action_ref=*nightly*'],
  ['workflow=shop.nightly', 'page=1&per_page=25&view=wide&action_ref=shop.nightly'],
  ['workflow=night*', 'page=1&per_page=25&view=wide&action_ref=night*'],
  ['search=42&result=a%26b', 'page=1&per_page=25&view=wide&search=42&result_contains=a%26b'],
  ['after=1h', 'page=1&per_page=25&view=wide&created_after=2026-03-01T11%3A00%3A00.000Z'],
  ['after=soon&live=0&unknown=1', 'page=1&per_page=25&view=wide'],
])('the address with "%s" lists %s', (query, asked) => {
  expect(listPath(new URLSearchParams(query), NOW)).toBe(`/executions?${asked}`);
});

it('counts the runs that the filters match, whatever status is chosen', () => {
  const path = (query: string) => countsPath(new URLSearchParams(query), NOW);
  expect(path('status=failed&page=2')).toBe('/executions/stats?');
  expect(path('before=1d&search=1')).toBe('/executions/stats?search=1&created_before=2026-02-28T12%3A00%3A00.000Z');
  expect(path('workflow=a&result=x')).toBe('/executions/stats?action_ref=*a*&result_contains=x');
});

it('has the same filters for groups of errors, and for jobs', () => {
  const query = new URLSearchParams('status=failed&workflow=a&error=0123456789abcdef&page=2&job=1&group=errors');
  const same = 'status=failed&action_ref=*a*&error=0123456789abcdef';
  expect(errorsPath(query, NOW)).toBe(`/executions/errors?limit=100&${same}`);
  const filter = { status: 'failed', action_ref: '*a*', error: '0123456789abcdef' };
  expect(bulkFilter(query, NOW, NOW)).toEqual({ ...filter, created_before: '2026-03-01T12:00:00.000Z' });
});

it.each([
  ['', '2026-03-01T12:05:00.000Z'],
  ['soon', '2026-03-01T12:05:00.000Z'],
  ['1h', '2026-03-01T11:00:00.000Z'],
  ['2026-02-03T04:05:06Z', '2026-02-03T04:05:06.000Z'],
  ['2026-04-01T00:00Z', '2026-03-01T12:05:00.000Z'],
])(
  'a job on all that match, asked for 5 minutes after the filter "before=%s", leaves runs alone after %s',
  (before, until) => {
    const query = new URLSearchParams({ before });
    expect(bulkFilter(query, NOW, NOW + 300_000)).toEqual({ created_before: until });
  },
);

it.each([
  ['page=2', 'page=3', true],
  ['', 'page=2&job=1&live=0', true],
  ['status=failed', 'status=failed&page=2', true],
  ['status=failed', 'status=completed', false],
  ['', 'search=1', false],
  ['after=1h', 'after=2h', false],
])('the addresses "%s" and "%s" have the same list: %j', (one, other, isSame) => {
  const [first, second] = [new URLSearchParams(one), new URLSearchParams(other)];
  expect(isSameList(listPath(first, NOW), listPath(second, NOW))).toBe(isSame);
  expect(filterKey(first) === filterKey(second)).toBe(isSame);
});

it('knows what is filtered, and what cannot be read', () => {
  expect(isFiltered(new URLSearchParams('live=0&page=2'))).toBe(false);
  expect(isFiltered(new URLSearchParams('search=1'))).toBe(true);
  expect(unreadable(new URLSearchParams('after=soon&before=1h'), NOW)).toEqual(['after']);
});

it.each([
  [9, 3, 3],
  [9, 9, 8],
  [9, 400, 8],
  [2, 0, 1],
])('from page %i without rows, where %i is said to be the last, page %i is next', (page, last, next) => {
  expect(pageBefore(page, last)).toBe(next);
});
