import type { PGlite } from '@electric-sql/pglite';
import { eq, type SQL, sql } from 'drizzle-orm';
import { drizzle as drizzlePostgres } from 'drizzle-orm/node-postgres';
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite';
import fc from 'fast-check';
import type { Pool } from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildPagination, windowOf } from '../../api/http/routes.ts';
import type { Principal } from '../../model/principal.ts';
import type { ExecutionStatus } from '../../model/status.ts';
import { createExecutionLists } from '../../service/index/lists.ts';
import type { Database, OpenDatabase } from '../../store/database.ts';
import type { ExecutionFilter } from '../../store/executions/execution-filters.ts';
import { NEWEST_FIRST } from '../../store/executions/execution-pages.ts';
import { createExecutionStore } from '../../store/executions/executions.ts';
import { executions } from '../../store/executions/tables.ts';
import { draws } from '../seed.ts';
import { useBothEngines } from './both-engines.ts';

// Pages of lists: whatever way the keys of a page are found, it is the page of the whole list, sorted.

const TENANT = '00000000-0000-7000-8000-000000000001';
const MANY = '00000000-0000-7000-8000-000000000003';
const BUSY = '00000000-0000-7000-8000-000000000004';
const FIRST = Date.UTC(2026, 9, 1);
const STATUSES = ['running', 'completed', 'failed', 'skipped'] as const satisfies readonly ExecutionStatus[];

const { opened } = useBothEngines();

/** Inserts runs, some at the same time, and one in seven far from where it was created. */
async function fill({ db }: OpenDatabase, tenant: string, runs: number, first: number): Promise<void> {
  await db.execute(sql`
    insert into executions (namespace, workflow_id, n, tenant, ref, definition, pack, actions, status, executor, result, created, updated,
      listed, version_start, version_run, version_closed, version_event)
    select 'pages', 'w' || n, n, ${tenant}::uuid, 'p' || n % 2 || '.w' || n % 4, n % 4, 'p' || n % 2,
      case when n % 5 = 0 then '{core.http,x.odd}' else '{core.http}' end::text[],
      (array['running', 'completed', 'completed', 'failed', 'skipped'])[1 + n % 5], n % 3, '{"text": "the result of ' || n || '"}',
      created, created, case n % 7 when 0 then created + interval '3 hours' when 1 then created - interval '40 seconds' else created end,
      1, 'r', 1, 1
    from (
      select n, timestamptz '2026-10-01Z' + (n - ${first}::int) / 3 * interval '20 minutes' as created
      from generate_series(${first}::int, ${first + runs - 1}::int) as n
    ) as made`);
}

/** The database as it is for whoever is always late: `happens` before each statement. */
function betweenStatements(engine: string, db: Database, happens: () => Promise<void>): Database {
  const { $client } = db as unknown as { $client: { query: (...args: unknown[]) => Promise<unknown> } }; // drizzle has it
  const client = new Proxy($client, {
    get(target, name) {
      if (name !== 'query') return Reflect.get(target, name);
      return async (...args: unknown[]) => {
        await happens();
        return target.query(...args);
      };
    },
  });
  return engine === 'PGlite' ? drizzlePglite({ client: client as PGlite }) : drizzlePostgres(client as unknown as Pool);
}

const hour = fc.integer({ min: -2, max: 80 }).map((hours) => new Date(FIRST + hours * 1_800_000));
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const someFilter: fc.Arbitrary<ExecutionFilter> = fc.record({
  statuses: optional(fc.uniqueArray(fc.constantFrom(...STATUSES), { minLength: 1 })),
  actionRef: optional(fc.constantFrom('p0.w0', 'p1.*', 'core.http', 'x.odd', 'x.*', 'no.such')),
  packName: optional(fc.constantFrom('p0', 'p1')),
  executor: optional(fc.constantFrom(0, 1)),
  definition: optional(fc.constantFrom(0, 3)),
  resultContains: optional(fc.constantFrom('result of 1', 'nothing')),
  createdAfter: optional(hour),
  createdBefore: optional(hour),
});

describe.each(['Postgres', 'PGlite'])('on %s', (engine) => {
  beforeAll(() => fill(opened[engine]!, TENANT, 200, 1));

  it('a page is a part of the whole list, by offset and behind a cursor, counted or not', async () => {
    const store = createExecutionStore(opened[engine]!.db);
    const all = await store.readOn(TENANT, {}, { limit: 1_000 });
    expect(all).toHaveLength(200);
    const order = all.map(({ listed, n }) => [listed.getTime(), n] as const);
    expect(order).toEqual([...order].sort((a, b) => b[0] - a[0] || b[1] - a[1]));
    await fc.assert(
      fc.asyncProperty(someFilter, fc.integer({ min: 0, max: 30 }), async (filter, offset) => {
        const expected = all.filter((row) => matches(filter, row)).map(({ n }) => n);
        const [page, read] = await Promise.all([
          store.list(TENANT, filter, { offset, limit: 5 }),
          store.readOn(TENANT, filter, { offset, limit: 5 }),
        ]);
        const part = expected.slice(offset, offset + 5);
        expect([filter, page.total, page.isLowerBound]).toEqual([filter, expected.length, false]);
        expect([filter, page.rows.map(({ n }) => n)]).toEqual([filter, part]);
        expect([filter, read.map(({ n }) => n)]).toEqual([filter, part]);
        const last = page.rows.at(-1);
        if (last === undefined) return;
        const window = { cursor: { listed: last.listed.getTime(), n: last.n }, limit: 5 };
        const rest = [
          await store.list(TENANT, filter, window).then(({ rows }) => rows),
          await store.readOn(TENANT, filter, window),
        ];
        const next = expected.slice(offset + 5, offset + 10);
        expect([filter, ...rest.map((rows) => rows.map(({ n }) => n))]).toEqual([filter, next, next]);
      }),
      { numRuns: draws(60) },
    );
  });

  it('a page is whole and matches although runs are deleted and change between any two statements', async () => {
    const { db } = opened[engine]!;
    await fill(opened[engine]!, BUSY, 200, 1_000);
    const newest = (where: SQL) =>
      sql`(select n from executions where tenant = ${BUSY} and ${where} order by listed desc, n desc limit 1)`;
    const store = createExecutionStore(
      betweenStatements(engine, db, async () => {
        await db.execute(sql`delete from executions where n = ${newest(sql`executor = 1 and status <> 'failed'`)}`);
        await db.execute(sql`update executions set status = 'skipped' where n = ${newest(sql`status = 'failed'`)}`);
      }),
    );
    const failed: ExecutionFilter = { statuses: ['failed'] };
    const pages = [
      await store.readOn(BUSY, {}, { limit: 20 }),
      await store.readOn(BUSY, failed, { limit: 5 }),
      await store.readOn(BUSY, { actionRef: 'p*' }, { limit: 20 }),
      await store.list(BUSY, {}, { limit: 20 }).then(({ rows }) => rows),
      await store.list(BUSY, failed, { limit: 5 }).then(({ rows }) => rows),
      await store.list(BUSY, { executor: 1 }, { limit: 20 }).then(({ rows }) => rows),
    ];
    expect(pages.map(({ length }) => length)).toEqual([20, 5, 20, 20, 5, 20]);
    expect(new Set([...pages[1]!, ...pages[4]!].map(({ status }) => status))).toEqual(new Set(['failed']));
  });

  it('beyond 10,000 runs a total is exact where numbers are kept, and a lower bound elsewhere', async () => {
    const { db } = opened[engine]!;
    await fill(opened[engine]!, MANY, 21_000, 100_000);
    const store = createExecutionStore(db);
    const all = await db
      .select()
      .from(executions)
      .where(eq(executions.tenant, MANY))
      .orderBy(...NEWEST_FIRST);
    const total = async (filter: ExecutionFilter) => {
      const page = await store.list(MANY, filter, { offset: 2, limit: 3 });
      const read = await store.readOn(MANY, filter, { offset: 2, limit: 3 });
      const expected = all.filter((row) => matches(filter, row));
      const part = expected.slice(2, 5).map(({ n }) => n);
      expect([page.rows, read].map((rows) => rows.map(({ n }) => n))).toEqual([part, part]);
      expect(await store.count(MANY, filter)).toBe(expected.length);
      return [page.total, page.isLowerBound, expected.length];
    };
    expect(await total({})).toEqual([21_000, false, 21_000]);
    expect(await total({ packName: 'p1' })).toEqual([10_500, false, 10_500]);
    expect(await total({ actionRef: 'p*' })).toEqual([21_000, false, 21_000]);
    expect(await total({ actionRef: 'core.http' })).toEqual([21_000, false, 21_000]);
    expect(await total({ statuses: ['completed', 'failed'] })).toEqual([12_600, false, 12_600]);
    expect(await total({ createdAfter: new Date('2026-10-03T00:00:00Z') })).toEqual([20_568, false, 20_568]);
    expect(await total({ createdAfter: new Date('2026-10-03T00:00:01Z') })).toEqual([10_000, true, 20_565]);
    expect(await total({ resultContains: 'the result' })).toEqual([10_000, true, 21_000]);
    expect(await total({ executor: 1 })).toEqual([7_000, false, 7_000]);
    // Not every run of these refs has the action.
    expect(await total({ actionRef: 'x.odd' })).toEqual([4_200, false, 4_200]);
    expect(
      await Promise.all([{}, { packName: 'p1' }, { executor: 1 }].map((filter) => store.hasMany(MANY, filter))),
    ).toEqual([true, true, false]);

    // A client that knows only numbers of pages finds all of them.
    const filter = { resultContains: 'the result' };
    const shown = async (offset: number, limit: number) => {
      const { total: atLeast, isLowerBound } = await store.list(MANY, filter, { offset, limit });
      return [atLeast, isLowerBound];
    };
    expect(await shown(15_000, 10)).toEqual([15_010, true]);
    expect(await shown(20_990, 11)).toEqual([21_000, false]);
    expect(await shown(21_000, 10)).toEqual([10_000, true]);
    const lists = createExecutionLists({ store, definitions: null as never, namespace: 'pages' });
    const found: number[] = [];
    for (let page = 1, pages = 1; page <= pages; page += 1) {
      const window = { page, per_page: 3_000 };
      const { rows, total: atLeast } = await lists.list({ tenant: MANY } as Principal, filter, windowOf(window));
      found.push(...rows.map(({ n }) => n));
      pages = buildPagination(atLeast, window).total_pages;
    }
    expect(found).toEqual(all.map(({ n }) => n));
  });
});

type Row = Awaited<ReturnType<ReturnType<typeof createExecutionStore>['readOn']>>[number];

function matches(filter: ExecutionFilter, row: Row): boolean {
  const { statuses, actionRef, packName, executor, definition, resultContains, createdAfter, createdBefore } = filter;
  const pattern = actionRef && new RegExp(`^${actionRef.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
  return (
    (statuses === undefined || statuses.includes(row.status)) &&
    (!pattern || [row.ref, ...row.actions].some((name) => pattern.test(name))) &&
    (packName === undefined || row.pack === packName) &&
    (executor === undefined || row.executor === executor) &&
    (definition === undefined || row.definition === definition) &&
    (resultContains === undefined || row.result!.includes(resultContains)) &&
    (createdAfter === undefined || row.created >= createdAfter) &&
    (createdBefore === undefined || row.created < createdBefore)
  );
}
