import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import type { IndexEntry } from '../../model/index-entry.ts';
import { createAuditStore } from '../../store/access/audit.ts';
import type { Database } from '../../store/database.ts';
import { createExecutionStore } from '../../store/executions/executions.ts';
import { createRandom } from '../seed.ts';

const tenant = '00000000-0000-7000-8000-000000000001';
const BAD = 'a\0b\ud83d';
const GOOD = 'a\ufffdb\ufffd';

let db: Database;
beforeAll(async () => {
  const made = drizzle(await PGlite.create({ extensions: { pg_trgm } }));
  await migrate(made, { migrationsFolder: 'store/migrations' });
  db = made;
  // On a busy machine the engine alone takes a minute to start.
});
beforeEach(() => db.execute(sql`truncate executions, watermarks, failure_hooks, turns`));

function entry(n: number, more: Partial<IndexEntry> = {}): IndexEntry {
  const at = new Date(1_790_000_000_000 + n);
  return {
    namespace: 'default',
    workflowId: `wf_${n}`,
    n,
    runId: `r${n}`,
    tenant,
    ref: 'p.w',
    revision: 1,
    definition: 1,
    pack: 'p',
    actions: [],
    status: 'completed',
    parent: null,
    enforcement: null,
    executor: 1,
    owner: 'ann',
    tags: [],
    mode: null,
    retryOf: null,
    input: null,
    result: null,
    error: null,
    errorCode: null,
    created: at,
    updated: at,
    closed: at,
    version: { start: 1, run: `r${n}`, closed: true, event: 5 },
    ...more,
  };
}

it('whatever a run says of itself is stored, in every field', async () => {
  const store = createExecutionStore(db);
  const texts = { ref: BAD, pack: BAD, owner: BAD, input: BAD, result: BAD, error: BAD, errorCode: BAD };
  const turn = { key: BAD, limit: 1, policy: 'queue' as const };
  const open = { closed: null, status: 'running' as const, version: { start: 1, run: 'r', closed: false, event: 1 } };
  const failed = { status: 'failed' as const, onFailure: BAD, closed: new Date() };
  const refused = await store.write([
    entry(1, { ...texts, tags: [BAD], actions: [BAD] }),
    entry(2, { ...open, turn }),
    entry(3, failed),
  ]);
  expect(refused).toEqual([]);
  const [row] = (await store.list(tenant, { ref: BAD }, { offset: 0, limit: 10 })).rows;
  expect(row).toMatchObject({ ref: GOOD, owner: GOOD, error: GOOD, errorCode: GOOD, tags: [GOOD], actions: [GOOD] });
  const said = { subject: BAD, operation: BAD, target: BAD, reason: BAD, requestId: BAD };
  await createAuditStore(db).add({ tenant, ...said, details: { option: BAD } });
  expect((await createAuditStore(db).list(tenant, {}, 1))[0]).toMatchObject({ reason: GOOD, target: GOOD });
});

it.each([
  ['a time that does not exist', { created: new Date(Number.NaN) }],
  ['a number that no column has', { executor: 2 ** 40 }],
  ['a name that no index takes', { ref: Array.from({ length: 4_000 }, createRandom()).join('') }],
  ['the number of another run', { n: 1 }],
])('an entry that cannot be written holds up no other: %s', async (_, wrong) => {
  const store = createExecutionStore(db);
  const seen = { namespace: 'default', started: new Date(5), closed: new Date(6) };
  const entries = [1, 2, 3, 4, 5, 6, 7].map((n) => entry(n, n === 4 ? wrong : {}));
  const refused = await store.write(entries, seen);
  expect(refused.map((each) => each.entry.workflowId)).toEqual(['wf_4']);
  const { rows } = await store.list(tenant, {}, { offset: 0, limit: 10 });
  expect(rows.map(({ n }) => n).sort()).toEqual([1, 2, 3, 5, 6, 7]);
  expect(await store.watermark('default')).toMatchObject({ started: seen.started, closed: seen.closed });
});

it('a run that was gone is as Temporal says when it has it again', async () => {
  const store = createExecutionStore(db);
  const gone = { status: 'terminated' as const, error: 'x', errorCode: 'GONE' };
  await store.write([entry(1, gone)]);
  const version = { start: 1, run: 'r1', closed: false, event: 3 };
  await store.write([entry(1, { status: 'running', closed: null, version })]);
  expect(await store.find(1)).toMatchObject({ status: 'running', closed: null, errorCode: null });
});
