import { expect, it } from 'vitest';
import type { Principal } from '../../../model/principal.ts';
import { createExecutionLists } from '../../../service/index/lists.ts';
import type { ExecutionFilter } from '../../../store/executions/execution-filters.ts';
import type { ExecutionStore } from '../../../store/executions/executions.ts';

const principal = { tenant: 't' } as Principal;

/** Lists over an index in which `many` reports whether the runs that match the other filters are many. */
function listsWhere(many: boolean) {
  const asked: ExecutionFilter[] = [];
  const store = {
    hasMany: async (_: string, filter: ExecutionFilter) => {
      asked.push(filter);
      return many;
    },
  };
  const needed = { store: store as unknown as ExecutionStore, definitions: null as never, namespace: 'default' }; // all that filterOf needs
  return { asked, lists: createExecutionLists(needed) };
}

it.each([
  ['result_contains', 'ok'],
  ['result_contains', '"a":1,'],
  ['search', 'wf_%'],
])('%s with the text %s, which no index finds, needs other filters where runs are many', async (field, text) => {
  const { asked, lists } = listsWhere(true);
  const refused = lists.filterOf(principal, { [field]: text, pack_name: 'p' }, '/filter');
  await expect(refused).rejects.toMatchObject({
    code: 'request_invalid',
    issues: [{ code: 'value_invalid', path: `/filter/${field}` }],
  });
  expect(asked).toMatchObject([{ packName: 'p' }]);
  expect(asked[0]).not.toHaveProperty('resultContains');
  expect(await listsWhere(false).lists.filterOf(principal, { [field]: text }, '')).toBeDefined();
});

it.each([
  [{ result_contains: 'error 500' }],
  [{ result_contains: 'ok', search: 'wf_0195' }],
  [{ result_contains: '日本語' }],
  [{ search: '42' }],
  [{ status: 'failed' }],
])('%j is found among many runs', async (request) => {
  expect(await listsWhere(true).lists.filterOf(principal, request, '')).toBeDefined();
});
