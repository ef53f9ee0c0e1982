import { sql } from 'drizzle-orm';
import { beforeAll, expect, it } from 'vitest';
import { NOBODY_ID, type Principal } from '../../model/principal.ts';
import { createRequestKeeper, DAYS_KEPT } from '../../service/starts/request-keeper.ts';
import type { Database } from '../../store/database.ts';
import { type BulkJob, createBulkJobStore } from '../../store/executions/bulk-jobs.ts';
import { createExecutionStore } from '../../store/executions/executions.ts';
import { createFailureHookStore } from '../../store/executions/failure-hooks.ts';
import { createIdempotencyKeyStore } from '../../store/executions/idempotency-keys.ts';
import { createInquiryStore } from '../../store/inquiries/inquiries.ts';
import { useExplainedDatabase } from './query-plans.ts';

// One tenant with very much that is old, and others with a little that is new.

const [HUGE, SMALL, TINY] = [1, 2, 3].map((n) => `00000000-0000-7000-8000-00000000000${n}`) as [string, string, string];
const ROWS: [tenant: string, count: number, from: number][] = [
  [HUGE, 3_000, 0],
  [SMALL, 5, 10_000],
  [TINY, 1, 20_000],
];
const at = (second: number) => new Date(1_790_000_000_000 + second * 1_000);

const { db: openDb, rowsRead, genericSteps } = useExplainedDatabase();
let db: Database;
beforeAll(() => {
  db = openDb();
});

const countsOf = (rows: readonly { tenant: string | null }[]) =>
  [HUGE, SMALL, TINY].map((tenant) => rows.filter((row) => row.tenant === tenant).length);

it('open runs are looked at of one tenant after another: the marked ones first, then the one that waits longest', async () => {
  for (const [tenant, count, from] of ROWS) {
    await db.execute(sql`
      insert into executions (namespace, workflow_id, n, tenant, ref, pack, status, created, updated, looked, version_start, version_run, version_closed, version_event, listed)
      select 'default', 'wf_' || n, n, ${tenant}::uuid, 'p.w', 'p', 'running', ${at(0).toISOString()}::timestamptz, ${at(0).toISOString()}::timestamptz,
        ${at(0).toISOString()}::timestamptz + n * interval '1 second', 1, 'run', 0, 5, now()
      from generate_series(${from}::int, ${from + count - 1}::int) n`);
  }
  const store = createExecutionStore(db);
  await store.mark(2_500);
  await store.mark(10_004);
  const due = await store.due('default', at(30_000), 10);
  expect(countsOf(due)).toEqual([5, 4, 1]);
  const ofHuge = due.filter(({ tenant }) => tenant === HUGE).map(({ n }) => n);
  expect(ofHuge.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 2_500]);
  expect((await store.due('default', at(30_000), 3)).map(({ n }) => n).sort((a, b) => a - b)).toEqual([
    2_500, 10_004, 20_000,
  ]);
  // Runs looked at within the time are not due, but marked ones are.
  expect(countsOf(await store.due('default', at(10_001), 50))).toEqual([47, 3, 0]);
  expect(countsOf(await store.due('default', at(-1), 50))).toEqual([1, 1, 0]);
  await store.looked(due, at(40_000));
  expect(countsOf(await store.due('default', at(30_000), 10))).toEqual([9, 1, 0]);
  await db.execute(sql`update executions set tenant = null where n = 20000`);
  expect((await store.due('default', at(50_000), 3)).filter(({ tenant }) => tenant === null)).toHaveLength(1);
  expect(await store.due('another', at(30_000), 10)).toEqual([]);
});

it('runs whose inquiries may have changed are found by an index, whatever the values of the prepared statement', async () => {
  await db.execute(sql`analyze executions`);
  expect(await createInquiryStore(db).due('default', 10)).toEqual([]);
  expect(await genericSteps()).toContain('Index Scan executions_asked');
});

it('what is to follow failures is begun of one tenant after another', async () => {
  for (const [tenant, count, from] of ROWS) {
    await db.execute(sql`
      insert into failure_hooks (namespace, workflow_id, tenant, hook, created)
      select 'default', 'wf_' || n, ${tenant}::uuid, 'p.hook', ${at(0).toISOString()}::timestamptz + n * interval '1 second'
      from generate_series(${from}::int, ${from + count - 1}::int) n`);
  }
  const store = createFailureHookStore(db);
  await db.execute(sql`analyze failure_hooks`);
  const due = await store.due('default', { ofTenant: 4, all: 8 });
  // Its cost is that of what is given, not of what waits.
  expect(await rowsRead()).toBeLessThan(100);
  expect(countsOf(due)).toEqual([4, 3, 1]);
  expect(due.slice(0, 3).map(({ workflowId }) => workflowId)).toEqual(['wf_0', 'wf_10000', 'wf_20000']);
  for (const row of due) await store.end(row, null);
  expect(countsOf(await store.due('default', { ofTenant: 4, all: 8 }))).toEqual([4, 2, 0]);
  expect(await store.due('another', { ofTenant: 4, all: 8 })).toEqual([]);
  // One that is done is forgotten with its run.
  await createExecutionStore(db).erase('default', [due[0]!.workflowId, 'wf_2999']);
  const kept = sql`select workflow_id as id from failure_hooks where workflow_id in (${due[0]!.workflowId}, ${due[1]!.workflowId}, 'wf_2999')`;
  const { rows } = (await db.execute(kept)) as unknown as { rows: { id: string }[] };
  expect(rows.map(({ id }) => id).sort()).toEqual([due[1]!.workflowId, 'wf_2999'].sort());
  // One that ends after that, too.
  const [late] = await store.due('default', { ofTenant: 1, all: 1 });
  await createExecutionStore(db).bury({ namespace: 'default', tenant: HUGE }, [{ ...late!, n: null }], at(1_000_000));
  await createExecutionStore(db).erase('default', [late!.workflowId]);
  await store.end(late!, null);
  const those = await db.execute(sql`select 1 from failure_hooks where workflow_id = ${late!.workflowId}`);
  expect((those as unknown as { rows: object[] }).rows).toEqual([]);
});

it('bulk jobs are worked on in turn, whichever tenant has more and older ones', async () => {
  const store = createBulkJobStore(db);
  const principal: Principal = {
    id: NOBODY_ID,
    tenant: HUGE,
    tenantRef: 'x',
    subject: 'x',
    kind: 'person',
    onBehalfOf: null,
    roles: [],
    permissions: [],
    groups: [],
  };
  const job = (n: number) => `10000000-0000-4000-8000-00000000000${n}`;
  for (const [n, tenant] of [HUGE, HUGE, HUGE, SMALL, TINY].entries()) {
    await store.create({ id: job(n), tenant, verb: 'cancel', reason: 'x', principal, targets: [1, 2, 3] });
  }
  const order: string[] = [];
  let behind: string | null = null;
  for (let turn = 0; turn < 7; turn += 1) {
    const leased: BulkJob = (await store.lease(at(turn), at(turn + 100), behind))!;
    order.push(leased.id);
    behind = leased.tenant;
    await store.advance(leased, { done: 1, succeeded: 1, errors: [] }, null, 10);
  }
  expect(order).toEqual([0, 3, 4, 0, 3, 4, 0].map(job));
  // The first is done, and another process has the second.
  expect((await store.lease(at(10), at(100), null))!.id).toBe(job(1));
  expect((await store.lease(at(10), at(100), HUGE))!.id).toBe(job(3));
  expect((await store.lease(at(10), at(100), TINY))!.id).toBe(job(2));
  expect((await store.lease(at(10), at(100), TINY))!.id).toBe(job(4));
  expect(await store.lease(at(10), at(100), TINY)).toBeNull();
  expect((await store.lease(at(101), at(200), null))!.id).toBe(job(1));
});

it('a bulk job is changed only by the process that has leased it, and nothing of it is left out', async () => {
  const store = createBulkJobStore(db);
  const principal = { tenant: TINY, subject: 'x' } as Principal;
  const id = '20000000-0000-4000-8000-000000000000';
  await store.create({ id, tenant: TINY, verb: 'cancel', reason: '', principal, targets: [1, 2, 3, 4] });
  const two = { done: 2, succeeded: 2, errors: [] };
  // Before any other job of these tests is free.
  const slow = (await store.lease(at(-900), at(-800), null))!;
  const next = (await store.lease(at(-799), at(-700), null))!;
  // Nothing is done yet, so that only the lease says who has the job.
  expect([slow, next]).toMatchObject([
    { id, done: 0 },
    { id, done: 0 },
  ]);
  expect(await store.renew(slow, at(-798))).toBe(false);
  expect(await store.advance(slow, two, null, 10)).toBeNull();
  expect(await store.find(TINY, id)).toMatchObject({ done: 0, succeeded: 0, leased: at(-700) });
  expect(await store.lease(at(-797), at(-600), null)).toBeNull();
  const advanced = (await store.advance(next, two, at(-700), 10))!;
  expect(advanced).toMatchObject({ done: 2, status: 'running', leased: at(-700) });
  // The lease is the same, but the two were counted.
  expect(await store.advance(next, two, null, 10)).toBeNull();
  expect(await store.renew(next, at(-500))).toBe(false);
  expect(await store.renew(advanced, at(-600))).toBe(true);
  const last = (await store.find(TINY, id))!;
  expect(last).toMatchObject({ done: 2, leased: at(-600) });
  await store.advance(last, two, null, 10);
  expect(await store.find(TINY, id)).toMatchObject({ done: 4, succeeded: 4, status: 'completed', leased: null });
});

it('requests and ended jobs are forgotten once their days have passed, the oldest first; what still works stays', async () => {
  await db.execute(sql`truncate bulk_jobs`);
  const [keys, jobs] = [createIdempotencyKeyStore(db), createBulkJobStore(db)];
  const day = 24 * 3_600_000;
  const now = Date.UTC(2026, 10, 29);
  const daysAgo = (days: number, more = 0) => new Date(now - days * day - more);
  const principal = { tenant: TINY, subject: 'x' } as Principal;
  const jobOf = (n: number) => `30000000-0000-4000-8000-00000000000${n}`;
  const ages: [number, created: Date, targets: number[]][] = [
    [1, daysAgo(DAYS_KEPT), []],
    [2, daysAgo(DAYS_KEPT, 1), []],
    [3, daysAgo(DAYS_KEPT * 2), []],
    [4, daysAgo(DAYS_KEPT * 2), [1]],
  ];
  for (const [n, created, targets] of ages) {
    await keys.add(TINY, { key: `k${n}`, bodyHash: 'x', n });
    await db.execute(sql`update idempotency_keys set created = ${created.toISOString()} where key = ${`k${n}`}`);
    await jobs.create({ id: jobOf(n), tenant: TINY, verb: 'cancel', reason: '', principal, targets });
    await db.execute(sql`update bulk_jobs set created = ${created.toISOString()} where id = ${jobOf(n)}`);
  }
  const left = async () => {
    const numbers = ages.map(([n]) => n);
    const known = await Promise.all(numbers.map((n) => keys.find(TINY, `k${n}`)));
    const kept = await Promise.all(numbers.map((n) => jobs.find(TINY, jobOf(n))));
    return [known, kept].map((found) => numbers.filter((_, at) => found[at] !== null));
  };
  await keys.forget(daysAgo(DAYS_KEPT), 2);
  await jobs.forget(daysAgo(DAYS_KEPT), 1);
  expect(await left()).toEqual([
    [1, 2],
    [1, 2, 4],
  ]);
  const log = { warn: () => undefined } as never;
  const tickAt = async (time: number) => createRequestKeeper({ keys, jobs, clock: () => time, log }).tick();
  await tickAt(now);
  // A key outlives the job that it led to.
  expect(await left()).toEqual([
    [1, 2],
    [1, 4],
  ]);
  await tickAt(now + 3_600_000);
  expect(await left()).toEqual([[1], [4]]);
});

it('a tombstone without a number takes the one that a repeated deletion knows, and keeps it', async () => {
  const store = createExecutionStore(db);
  const owner = { namespace: 'default', tenant: TINY };
  for (const [n, known] of [
    [null, false],
    [30_000, true],
    [null, true],
  ] as const) {
    await store.bury(owner, [{ workflowId: 'wf_late', n }], at(0));
    expect(await store.wasDeleted(TINY, 30_000)).toBe(known);
  }
});
