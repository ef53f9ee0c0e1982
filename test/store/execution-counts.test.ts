import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { Client } from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import type { IndexEntry } from '../../model/index-entry.ts';
import type { ExecutionStatus } from '../../model/status.ts';
import { openPostgres } from '../../store/database.ts';
import type { ExecutionFilter } from '../../store/executions/execution-filters.ts';
import { createExecutionStore, type ExecutionStore } from '../../store/executions/executions.ts';
import { draws } from '../seed.ts';
import { makeOpenEntry } from '../service/index/run-entry.ts';
import { useBothEngines } from './both-engines.ts';

// The numbers of runs that are kept: whatever has happened, they are what counting one by one finds.

const NAMESPACE = 'counts';
const TENANTS = ['00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002'] as const;
const REFS = ['a.one', 'a.two', 'b.three'] as const;
const STATUSES = ['requested', 'running', 'completed', 'failed'] as const satisfies readonly ExecutionStatus[];
const DAY = 86_400_000;
const FIRST = Date.UTC(2026, 9, 1);

/** A run of a test, of which the index may know more later. */
interface Run {
  n: number;
  tenant: string;
  ref: string;
  status: (typeof STATUSES)[number];
  /** Hours since the first day began. */
  hour: number;
  event: number;
}

function entryOf({ n, tenant, ref, status, hour, event }: Run): IndexEntry {
  return makeOpenEntry(n, {
    namespace: NAMESPACE,
    workflowId: `w${n}`,
    tenant,
    ref,
    pack: ref.split('.')[0]!,
    actions: ['core.noop', `${ref}.action`],
    status,
    created: new Date(FIRST + hour * 3_600_000),
    version: { start: 1, run: `r${n}`, closed: false, event },
  });
}

const run = (tenants: readonly string[] = TENANTS) =>
  fc.record({
    n: fc.integer({ min: 1, max: 40 }),
    tenant: fc.constantFrom(...tenants),
    ref: fc.constantFrom(...REFS),
    status: fc.constantFrom(...STATUSES),
    hour: fc.integer({ min: 0, max: 24 * 5 }),
    event: fc.integer({ min: 1, max: 50 }),
  });

/** Operations on the index: entries are written, runs deleted or dropped, changes folded, all counted again. */
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.array(run(), { minLength: 1, maxLength: 8 }).map((runs) => ({ write: runs })) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 40 }).map((n) => ({ bury: n })) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 40 }).map((n) => ({ drop: n })) },
  { weight: 2, arbitrary: fc.constant('fold' as const) },
  { weight: 1, arbitrary: fc.constant('recount' as const) },
);

type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** Deletes a run, as a request does. */
async function remove(store: ExecutionStore, n: number): Promise<void> {
  const workflowId = `w${n}`;
  await store.bury({ namespace: NAMESPACE, tenant: TENANTS[0] }, [{ workflowId, n }], new Date(0));
  await store.erase(NAMESPACE, [workflowId]);
}

async function perform(store: ExecutionStore, what: Operation): Promise<void> {
  if (what === 'fold') await store.foldCounts();
  else if (what === 'recount') await store.recount();
  else if ('write' in what) await store.write(what.write.map(entryOf));
  else if ('bury' in what) await remove(store, what.bury);
  else {
    const row = await store.find(what.drop);
    if (row !== null) await store.drop(row);
  }
}

const at = (hour: number) => new Date(FIRST + hour * 3_600_000);

/** Filters that the kept numbers answer, and ranges of time that have days in part. */
const FILTERS: ExecutionFilter[] = [
  {},
  { statuses: ['completed'] },
  { statuses: ['running', 'failed'], packName: 'a' },
  { ref: 'a.one' },
  { createdAfter: new Date(FIRST + DAY), createdBefore: new Date(FIRST + 3 * DAY) },
  { createdAfter: at(30), statuses: ['failed'] },
  { createdAfter: at(7), createdBefore: at(19) },
  { createdAfter: at(20), createdBefore: at(30) },
  { createdBefore: at(61), ref: 'b.three' },
  { createdAfter: at(30), createdBefore: at(30) },
];

async function expectExact(store: ExecutionStore): Promise<void> {
  for (const tenant of TENANTS) {
    for (const filter of FILTERS) {
      const expected = await store.count(tenant, filter);
      for (const grouping of [null, 'action_ref', 'pack', 'day', 'state'] as const) {
        const { groups } = await store.countByStatus(tenant, filter, grouping);
        expect([filter, grouping, sumOf(groups)]).toEqual([filter, grouping, expected]);
        expect(groups.every(({ total }) => total > 0)).toBe(true);
        if (grouping === 'day') expect(groups.filter(({ key }) => !/^\d{4}-\d\d-\d\d$/.test(key))).toEqual([]);
      }
      const { total, isLowerBound } = await store.list(tenant, filter, { limit: 1 });
      expect([filter, total, isLowerBound]).toEqual([filter, expected, false]);
    }
    const all = await store.readOn(tenant, {}, { limit: 100 });
    for (const actionRef of ['a.one', 'a.*', '*.action', 'core.noop', 'b.three.action', 'no.such']) {
      const { rows, total } = await store.list(tenant, { actionRef }, { limit: 100 });
      const expected = all.filter(({ ref, actions }) => [ref, ...actions].some((name) => matches(actionRef, name)));
      expect([actionRef, rows.map(({ n }) => n), total]).toEqual([
        actionRef,
        expected.map(({ n }) => n),
        expected.length,
      ]);
    }
  }
}

const matches = (pattern: string, name: string) =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(name);

const sumOf = (groups: readonly { total: number }[]) => groups.reduce((sum, { total }) => sum + total, 0);

const { opened, url } = useBothEngines();

describe.each(['Postgres', 'PGlite'])('on %s', (engine) => {
  const storeOf = () => createExecutionStore(opened[engine]!.db);
  beforeEach(() => opened[engine]!.db.execute(sql`truncate executions, tombstones`));

  it('kept numbers are what counting finds, after any operations one after the other', async () => {
    const store = storeOf();
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 25 }), async (operations) => {
        await opened[engine]!.db.execute(sql`truncate executions, tombstones`);
        for (const what of operations) await perform(store, what);
        await expectExact(store);
        await store.foldCounts();
        await expectExact(store);
      }),
      // A few, since each is counted in many ways; `npm run explore` draws more. The embedded engine runs the same statements, slowly.
      { numRuns: draws(engine === 'PGlite' ? 3 : 6) },
    );
  });

  it('a fold that is done twice, or by two, counts once', async () => {
    const store = storeOf();
    await store.write(
      [1, 2, 3].map((n) => entryOf({ n, tenant: TENANTS[0], ref: 'a.one', status: 'running', hour: n, event: 1 })),
    );
    await Promise.all([store.foldCounts(), store.foldCounts()]);
    await store.foldCounts();
    await expectExact(store);
  });

  it('counts one by one what no numbers are kept of, up to 10,000, in the same groups', async () => {
    const store = storeOf();
    const runs = Array.from({ length: 30 }, (_, n) => ({
      ...{ n: n + 1, tenant: TENANTS[n % 2]!, ref: REFS[n % 3]!, status: STATUSES[n % 4]!, hour: n * 3, event: 1 },
    }));
    await store.write(runs.map((each) => ({ ...entryOf(each), executor: each.n % 5 })));
    for (const grouping of [null, 'action_ref', 'pack', 'day', 'state'] as const) {
      const groupsOf = async (filter: ExecutionFilter) =>
        (await store.countByStatus(TENANTS[0], filter, grouping)).groups;
      const parts = await Promise.all([0, 1, 2, 3, 4].map((executor) => groupsOf({ executor })));
      const sums = new Map<string, number>();
      for (const { key, status, total } of parts.flat()) {
        sums.set(`${key} ${status}`, (sums.get(`${key} ${status}`) ?? 0) + total);
      }
      const all = (await groupsOf({})).map(({ key, status, total }) => [`${key} ${status}`, total] as const);
      expect(sums).toEqual(new Map(all));
    }
    expect(await store.countByStatus(TENANTS[0], { executor: 9 }, 'day')).toEqual({ groups: [], isLowerBound: false });
    // More than are counted.
    await opened[engine]!.db.execute(sql`
      insert into executions (namespace, workflow_id, n, tenant, ref, pack, status, executor, created, updated, listed, version_start, version_run, version_closed, version_event)
      select 'counts', 'many' || i, 1000 + i, ${TENANTS[0]}, 'a.one', 'a', 'failed', 7, now(), now(), now(), 1, 'r', 1, 1
      from generate_series(1, 10001) as i`);
    expect(await store.countByStatus(TENANTS[0], { executor: 7 }, 'state')).toEqual({
      groups: [{ key: 'failed', status: 'failed', total: 10_000 }],
      isLowerBound: true,
    });
  });

  it('groups errors by their fingerprints, page by page', async () => {
    const store = storeOf();
    const fail = (n: number, fingerprint: string, hour: number, more: object = {}): IndexEntry => ({
      ...entryOf({ n, tenant: TENANTS[0], ref: 'a.one', status: 'failed', hour, event: 1 }),
      ...{ error: `error of ${n}`, errorCode: 'E_NO', errorTask: n % 2 === 0 ? 'task' : null, fingerprint, ...more },
    });
    const [a, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(16)) as [string, string, string];
    await store.write([
      fail(1, b, 1),
      fail(2, b, 3),
      fail(3, a, 2),
      fail(4, c, 5),
      fail(5, c, 4),
      fail(6, c, 6),
      fail(7, c, 7, { tenant: TENANTS[1] }),
      entryOf({ n: 8, tenant: TENANTS[0], ref: 'a.one', status: 'completed', hour: 1, event: 1 }),
    ]);
    const group = (fingerprint: string, count: number, first: number, last: number, n: number) => ({
      ...{ fingerprint, count, first: at(first), last: at(last), n, error: `error of ${n}`, errorCode: 'E_NO' },
      task: n % 2 === 0 ? 'task' : null,
    });
    const expected = [group(c, 3, 4, 6, 6), group(b, 2, 1, 3, 2), group(a, 1, 2, 2, 3)];
    const read = (after: { count: number; fingerprint: string } | null, limit: number, filter: ExecutionFilter = {}) =>
      store.errorGroups(TENANTS[0], filter, { after, limit });
    expect(await read(null, 10)).toEqual({ groups: expected, isLowerBound: false });
    const paged = [];
    for (let after = null; paged.length < 3; after = paged.at(-1)!) paged.push(...(await read(after, 1)).groups);
    expect(paged).toEqual(expected);
    expect((await read(expected[2]!, 10)).groups).toEqual([]);
    expect((await read(null, 10, { createdAfter: at(3), createdBefore: at(6) })).groups).toEqual([
      group(c, 2, 4, 5, 4),
      group(b, 1, 3, 3, 2),
    ]);
    expect((await read(null, 10, { fingerprint: b })).groups).toEqual([expected[1]]);
    const listed = await store.list(TENANTS[0], { fingerprint: c }, { limit: 10 });
    expect([listed.rows.map(({ n }) => n), listed.total]).toEqual([[6, 4, 5], 3]);
    // A run that is tried again by Temporal, or completes, has no error any more.
    await store.write([entryOf({ n: 3, tenant: TENANTS[0], ref: 'a.one', status: 'completed', hour: 2, event: 9 })]);
    expect((await read(null, 10)).groups.map(({ fingerprint }) => fingerprint)).toEqual([c, b]);
  });

  it('groups the newest 10,000 errors, and says on every page that there are more', async () => {
    const store = storeOf();
    const fill = (from: number, to: number) =>
      opened[engine]!.db.execute(sql`
        insert into executions (namespace, workflow_id, n, tenant, ref, pack, status, error, error_code, fingerprint, created, updated, listed, version_start, version_run, version_closed, version_event)
        select 'counts', 'error' || i, i, ${TENANTS[0]}, 'a.one', 'a', 'failed', 'no', 'E_NO', case i when 1 then 'oldest' else 'same' end, now(), now(), now(), 1, 'r', 1, 1
        from generate_series(${from}::int, ${to}::int) as i`);
    const read = async (after: { count: number; fingerprint: string } | null) => {
      const { groups, isLowerBound } = await store.errorGroups(TENANTS[0], {}, { after, limit: 10 });
      return [groups.map(({ fingerprint, count }) => [fingerprint, count]), isLowerBound];
    };
    await fill(1, 10_000);
    const [same, oldest] = [
      ['same', 9_999],
      ['oldest', 1],
    ];
    expect(await read(null)).toEqual([[same, oldest], false]);
    await fill(10_001, 10_001);
    expect(await read(null)).toEqual([[['same', 10_000]], true]);
    expect(await read({ count: 1, fingerprint: 'z' })).toEqual([[], true]);
  });

  it('counting again corrects numbers that are wrong', async () => {
    const store = storeOf();
    await store.write(
      [1, 2, 3].map((n) => entryOf({ n, tenant: TENANTS[0], ref: 'a.one', status: 'running', hour: n, event: 1 })),
    );
    await store.foldCounts();
    await opened[engine]!.db.execute(sql`update execution_counts set total = total + 5`);
    await opened[engine]!.db.execute(
      sql`insert into execution_count_changes select tenant, '2020-01-01', 'x.y', 'x', 'failed', 7 from execution_counts limit 1`,
    );
    expect(sumOf((await store.countByStatus(TENANTS[0], {}, null)).groups)).toBe(15);
    await store.recount();
    await store.foldCounts();
    await expectExact(store);
  });
});

describe('on Postgres, with two processes', () => {
  const runs = (seed: number): Run[] =>
    fc.sample(run([TENANTS[0]]), { seed, numRuns: 12 }).map((each) => ({ ...each, n: each.n + 1_000 }));

  it('kept numbers are exact at every moment while many write, delete, fold and count again', async () => {
    const other = await openPostgres(url());
    const stores = [createExecutionStore(opened.Postgres!.db), createExecutionStore(other.db)] as const;
    await opened.Postgres!.db.execute(sql`truncate executions, tombstones`);
    let isOver = false;
    const watched = (async () => {
      const seen: unknown[] = [];
      while (!isOver) {
        const { rows } = (await opened.Postgres!.db.execute(sql`
          select (select count(*) from executions)::int as counted,
            ((select coalesce(sum(total), 0) from execution_counts where day > '-infinity')
              + (select coalesce(sum(total), 0) from execution_count_changes))::int as kept`)) as unknown as {
          rows: { counted: number; kept: number }[];
        };
        seen.push(...rows.filter(({ counted, kept }) => counted !== kept));
      }
      return seen;
    })();
    for (let round = 0; round < 15; round += 1) {
      await Promise.all(
        stores.flatMap((store, index) => [
          store.write(runs(round * 2 + index).map(entryOf)),
          store.foldCounts(),
          store.recount(),
          remove(store, 1_000 + round + index),
        ]),
      );
    }
    isOver = true;
    expect(await watched).toEqual([]);
    await expectExact(stores[1]);
    await stores[1].foldCounts();
    await expectExact(stores[0]);
    await other.close();
  });

  it('counting all runs again may take longer than other statements', async () => {
    const { db } = opened.Postgres!;
    await db.execute(sql`create table seen_timeouts as select ''::text as timeout limit 0`);
    await db.execute(sql`
      create function note_timeout() returns trigger language plpgsql as $$ begin
        insert into seen_timeouts values (current_setting('statement_timeout'));
        return null;
      end $$`);
    await db.execute(sql`
      create trigger note_timeout before insert on execution_count_changes for each statement execute function note_timeout()`);
    await createExecutionStore(db).recount();
    await createExecutionStore(db).write([entryOf(runs(900)[0]!)]);
    const { rows } = (await db.execute(sql`
      select distinct timeout from seen_timeouts order by timeout`)) as unknown as { rows: unknown[] };
    expect(rows).toEqual([{ timeout: '0' }, { timeout: '30s' }]);
    await db.execute(sql`drop function note_timeout cascade`);
    await db.execute(sql`drop table seen_timeouts`);
  });

  it('a process that dies in the middle of a fold loses nothing and counts nothing twice', async () => {
    const other = await openPostgres(url());
    const [store, dying] = [createExecutionStore(opened.Postgres!.db), createExecutionStore(other.db)] as const;
    await opened.Postgres!.db.execute(sql`truncate executions, tombstones`);
    const [holder, watcher] = [url(), url()].map((connectionString) => new Client({ connectionString })) as [
      Client,
      Client,
    ];
    await Promise.all([holder.connect(), watcher.connect()]);
    const three = (status: Run['status'], event: number) =>
      [1, 2, 3].map((n) => entryOf({ n, tenant: TENANTS[0], ref: 'a.one', status, hour: n, event }));
    await store.write(three('running', 1));
    await store.foldCounts();
    await store.write(three('completed', 2));
    // The fold has taken the changes when it waits for these rows.
    await holder.query('begin');
    await holder.query('select from execution_counts for update');
    const fold = dying.foldCounts().catch((error: unknown) => error);
    const waiting = `select pid from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%with changes as%'`;
    // Within a transaction, what others wait for is seen as of its first look.
    await expect.poll(async () => (await watcher.query(waiting)).rowCount, { timeout: 60_000 }).toBe(1);
    expect(await store.foldCounts()).toBe(false);
    await watcher.query(`select pg_terminate_backend(pid) from (${waiting}) as folding`);
    expect(await fold).toBeInstanceOf(Error);
    await holder.query('commit');
    await expectExact(store);
    await store.foldCounts();
    await expectExact(store);
    await Promise.all([holder.end(), watcher.end()]);
    await other.close();
  });
});
