import { expect, it } from 'vitest';
import type { Principal } from '../../../model/principal.ts';
import { createEnforcementLists, type EnforcementListDependencies } from '../../../service/events/enforcements.ts';
import type { EnforcementFilter } from '../../../store/events/enforcements.ts';

it.each([
  ['42', 42],
  ['2147483647', 2_147_483_647],
  // No rule has such an id: it would not fit into the column.
  ['9999999999', '9999999999'],
  ['shop.sold', 'shop.sold'],
])('the filter `rule` takes %s as the id or the ref of a rule', async (rule, expected) => {
  const filters: EnforcementFilter[] = [];
  const store = {
    list: async (_: string, filter: EnforcementFilter) => {
      filters.push(filter);
      return [];
    },
    count: async () => 0,
  };
  const lists = createEnforcementLists({ store } as unknown as EnforcementListDependencies);
  await lists.list({ tenant: 'one' } as Principal, { rule }, { offset: 0, limit: 10 });
  expect(filters.map((filter) => filter.rule)).toEqual([expected]);
});
