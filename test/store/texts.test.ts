import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createAuditStore } from '../../store/access/audit.ts';
import type { Database, OpenDatabase } from '../../store/database.ts';
import { createExecutionStore } from '../../store/executions/executions.ts';
import { openPreparedEmbedded } from '../integration/support/prepared.ts';
import { createRandom } from '../seed.ts';
import { makeEntry as entry, ENTRY_TENANT as tenant } from '../service/index/run-entry.ts';

const BAD = 'a\0b\ud83d';
const GOOD = 'a\ufffdb\ufffd';

let opened: OpenDatabase;
let db: Database;
beforeAll(async () => {
  opened = await openPreparedEmbedded();
  db = opened.db;
});
afterAll(() => opened.close());
beforeEach(() => db.execute(sql`truncate executions, watermarks, failure_hooks, turns`));

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
