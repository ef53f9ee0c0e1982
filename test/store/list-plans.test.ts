import { sql } from 'drizzle-orm';
import { beforeAll, expect, it } from 'vitest';
import { fillIndex, fillRecords } from '../../bench/lists/rows.ts';
import { createAuditStore } from '../../store/access/audit.ts';
import { createExecutionStore } from '../../store/executions/executions.ts';
import { createInquiryStore } from '../../store/inquiries/inquiries.ts';
import { useExplainedDatabase } from './query-plans.ts';

// Lists read what they show, and not the table: over rows as those of the bench, though few of them.
// cspell:ignore seqscan bitmapscan hashjoin mergejoin

const TENANT = '00000000-0000-7000-8000-000000000001';
const RUNS = 1_000;

const { db, steps, rowsRead } = useExplainedDatabase();
beforeAll(async () => {
  await fillIndex(db(), TENANT, RUNS);
  await fillRecords(db(), TENANT);
  // With so few rows, reading all of them would cost little.
  for (const way of ['seqscan', 'bitmapscan', 'hashjoin', 'mergejoin'])
    await db().execute(sql.raw(`set enable_${way} = off`));
});

it.each([
  ['all', {}],
  ['those of a pack', { packName: 'pack0' }],
  ['those of an action', { actionRef: 'core.http' }],
  [
    'those of a status and of days',
    { statuses: ['failed' as const], createdAfter: new Date(Date.now() - 40 * 86_400_000) },
  ],
])('groups of errors are made from an index that has all that they need: %s', async (_, filter) => {
  const { groups } = await createExecutionStore(db()).errorGroups(TENANT, filter, { after: null, limit: 3 });
  expect(groups).toHaveLength(3);
  expect(await steps()).toContain('Index Only Scan executions_errors');
});

it('the changes of one person are found without those of others', async () => {
  const store = createAuditStore(db());
  expect(await store.list(TENANT, { subject: 'nobody' }, 10)).toEqual([]);
  expect(await rowsRead()).toBe(0);
  const all = await store.list(TENANT, { subject: 'user3' }, RUNS);
  expect(all.length).toBeGreaterThan(20);
  const before = all[4]!.id;
  expect(await store.list(TENANT, { subject: 'user3', before }, 10)).toEqual(all.slice(5, 15));
  expect(await rowsRead()).toBe(10);
});

it.each([
  ['all', {}],
  ['approved', { statuses: ['approved' as const] }],
])('a page of the inbox is read in its order, and what lies behind it is not: %s', async (_, filter) => {
  const { rows } = await createInquiryStore(db()).list(TENANT, filter, { offset: 0, limit: 5 });
  expect(rows).toHaveLength(5);
  expect(await rowsRead(-2)).toBe(5);
});
