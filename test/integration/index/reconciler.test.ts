import { Client } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { IndexEntry } from '../../../model/index-entry.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { projectExecution } from '../../../projection/project.ts';
import { createBell } from '../../../service/background/bell.ts';
import { buildEntry, closedEntry, openEntry } from '../../../service/index/entries.ts';
import { createIndexKeeper } from '../../../service/index/reconciler.ts';
import { maskExecution } from '../../../service/projections/masks.ts';
import type { OpenDatabase } from '../../../store/database.ts';
import { createExecutionStore, type ExecutionStore } from '../../../store/executions/executions.ts';
import { createTemporal } from '../../../temporal/gateway.ts';
import { createRandom } from '../../seed.ts';
import { CLAIMED, makeEntry } from '../../service/index/run-entry.ts';
import { type ApiHarness, createApiHarness } from '../support/api-harness.ts';
import { openPrepared } from '../support/prepared.ts';
import { until } from '../support/until.ts';
import { createWebServer, type WebServer } from '../support/web-server.ts';
import { createReader } from './projection-reader.ts';

const namespace = 'index';
let harness: ApiHarness;
let web: WebServer;
beforeAll(async () => {
  [harness, web] = await Promise.all([createApiHarness(namespace), createWebServer()]);
});
afterAll(async () => {
  web.open();
  await harness.close();
  await web.close();
});

let own: OpenDatabase;
beforeAll(async () => {
  own = await openPrepared();
});
afterAll(() => own.close());

/** A separate index, which has become empty. */
async function emptyStore(): Promise<ExecutionStore> {
  await own.db.execute(sql`truncate executions, watermarks, tombstones, idempotency_keys`);
  return createExecutionStore(own.db);
}

const start = async (url: string): Promise<string> => {
  const { body } = await harness.call('POST', '/api/v1/executions', { action_ref: 'core.http', parameters: { url } });
  return body.data.workflow_id;
};

/** Starts a run of core.http that waits for its answer, and waits until its worker has begun it. */
const startWaiting = async (): Promise<string> => {
  const id = await start(`${web.url}/wait`);
  await until(
    () => harness.call('GET', `/api/v1/executions/${id}`),
    ({ body }) => body.data.tasks[0]?.status === 'running',
  );
  return id;
};

/** Starts a run that waits for a signal, and waits until it does. */
async function startSignalled(name: string): Promise<{ id: number; workflow_id: string }> {
  const body = { action_ref: 'core.wait_signal', parameters: { name } };
  const { id } = (await harness.call('POST', '/api/v1/executions', body)).body.data;
  const answer = await until(
    () => harness.call('GET', `/api/v1/executions/${id}`),
    ({ body: now }) => now.data.waiting_for.some(({ kind }: { kind: string }) => kind === 'signal'),
  );
  return answer.body.data;
}

/** Reads all runs from Temporal itself, which the index must equal in the end. */
async function truth(): Promise<Map<string, string>> {
  const temporal = createTemporal({ connection: harness.connection, namespace });
  const statuses = new Map<string, string>();
  for await (const page of temporal.list('')) {
    for (const info of page) {
      const { workflowId = '', runId = '' } = info.execution ?? {};
      const event = info.status === 1 ? null : await temporal.closeEvent(workflowId ?? '', runId ?? '');
      const entry = event === null ? openEntry(namespace, info) : closedEntry(namespace, info, event);
      statuses.set(entry.workflowId, entry.status);
    }
  }
  return statuses;
}

async function indexed(store: ExecutionStore, ids: Iterable<string>, tenant: string): Promise<Map<string, string>> {
  const { rows } = await store.list(tenant, {}, { offset: 0, limit: 10_000 });
  const wanted = new Set(ids);
  return new Map(rows.filter(({ workflowId }) => wanted.has(workflowId)).map((row) => [row.workflowId, row.status]));
}

/** A keeper of an index over the namespace of this file. */
function keeperOf(store: ExecutionStore, clock: () => number = Date.now) {
  const temporal = createTemporal({ connection: harness.connection, namespace });
  return createIndexKeeper({
    temporal,
    projections: createReader(temporal),
    store,
    log: pino({ level: 'silent' }),
    clock,
    alarm: createBell(),
    bell: createBell(),
  });
}

it('ends equal to Temporal whatever the order in which writers bring their facts', async () => {
  const open = await Promise.all(Array.from({ length: 4 }, startWaiting));
  const done = await Promise.all(
    Array.from({ length: 8 }, (_, index) => start(`${web.url}/status/${index % 2 ? 200 : 500}`)),
  );
  await harness.call('POST', `/api/v1/executions/${open[0]}/terminate`);
  const [ids, ended] = [
    [...open, ...done],
    [open[0]!, ...done],
  ];
  const temporal = createTemporal({ connection: harness.connection, namespace });
  await until(truth, (now) => ended.every((id) => (now.get(id) ?? 'running') !== 'running'));
  // Every fact that any writer could have brought: each prefix of each history, and what visibility says at the end.
  const facts: IndexEntry[] = [];
  for (const workflowId of ids) {
    const history: HistoryEvent[] = [];
    for await (const page of temporal.history(workflowId)) history.push(...page);
    const described = (await temporal.describe(workflowId))!;
    for (let length = 1; length <= history.length; length += 1) {
      const seen = projectExecution(workflowId, history.slice(0, length));
      facts.push(buildEntry(namespace, maskExecution(seen).execution, described.info.execution?.runId ?? ''));
    }
    const close = described.info.status === 1 ? null : history.at(-1)!;
    facts.push(close === null ? openEntry(namespace, described.info) : closedEntry(namespace, described.info, close));
    facts.push({
      ...facts[0]!,
      workflowId,
      n: facts.at(-1)!.n,
      status: 'requested',
      version: { start: 0, run: '', closed: false, event: 0 },
    });
  }
  const tenant = facts[0]!.tenant!;
  const expected = await truth();
  const random = createRandom();
  for (let round = 0; round < 5; round += 1) {
    const store = await emptyStore();
    const shuffled = facts
      .map((fact) => ({ fact, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ fact }) => fact);
    await Promise.all(
      [0, 1, 2].map((writer) =>
        writeAll(
          store,
          shuffled.filter((_, index) => index % 3 === writer),
        ),
      ),
    );
    const found = await indexed(store, ids, tenant);
    for (const id of ids) expect([id, found.get(id)]).toEqual([id, expected.get(id)]);
  }
  async function writeAll(store: ExecutionStore, own: IndexEntry[]): Promise<void> {
    for (const fact of own) await store.write([fact]);
  }
});

it('is rebuilt from nothing by two keepers at once, while runs start, close and are cancelled', async () => {
  const store = await emptyStore();
  const stop = new AbortController();
  const keepers = [0, 1].map(() => keeperOf(store).run(stop.signal));
  const ids: string[] = [];
  for (let round = 0; round < 12; round += 1) {
    ids.push(await start(`${web.url}/${['ok', 'wait', 'status/500'][round % 3]}`));
    if (round % 4 === 1) await harness.call('POST', `/api/v1/executions/${ids[round]}/cancel`);
    if (round === 4) await harness.call('POST', `/api/v1/executions/${ids[round]}/terminate`);
  }
  const { rows } = await harness.api.lists.list(
    await harness.api.principals.authenticate('fmt_test-key-of-the-developer'),
    {},
    { offset: 0, limit: 1 },
  );
  const tenant = rows[0]!.tenant!;
  await until(
    async () => {
      const [expected, found] = [await truth(), await indexed(store, ids, tenant)];
      return ids.filter((id) => expected.get(id) !== found.get(id) && found.get(id) !== 'canceling');
    },
    (different) => different.length === 0,
  );
  stop.abort();
  await Promise.all(keepers);
});

it('is made again while it serves: wrong rows are mended, missing ones found, ghosts dropped, deleted runs stay away', async () => {
  const ids = await Promise.all(
    Array.from({ length: 9 }, (_, index) =>
      index % 3 === 1 ? startWaiting() : start(`${web.url}/${index % 3 === 0 ? 'ok' : 'status/500'}`),
    ),
  );
  const signal = await startSignalled('x');
  ids.push(signal.workflow_id);
  const store = await emptyStore();
  const keeper = keeperOf(store);
  expect(keeper.lag()).toBeNull();
  await until(
    truth,
    (now) => ids.every((id) => now.has(id)) && ids.filter((id) => now.get(id) === 'running').length === 4,
  );
  await keeper.tick();
  // It counts from the tick, however busy the machine is.
  expect(keeper.lag()).toBeLessThan(120_000);
  const { tenant } = (await store.find((await store.numbersOf(await tenantOf(), {}, 1))[0]!))!;
  // Transactions of other tests on the same server may be older than what was written.
  const { rows } = (await own.db.execute(sql`select max(changed)::float8 as changed from executions`)) as unknown as {
    rows: [{ changed: number }];
  };
  const { place: lastChange } = await until(
    () => store.moment(),
    ({ place }) => place.changed > rows[0].changed,
  );
  // Everything that can be wrong with a cache.
  await own.db.execute(sql`update executions set status = 'skipped', result = '"wrong"' where workflow_id = ${ids[0]}`);
  await own.db.execute(sql`update executions set status = 'completed' where workflow_id = ${ids[1]}`);
  await own.db.execute(sql`delete from executions where workflow_id = ${ids[2]}`);
  await own.db.execute(
    sql`update executions set workflow_id = 'wf_ghost', n = 77 where workflow_id = ${ids[3]} returning workflow_id`,
  );
  const generation = await keeper.askRebuild();
  expect(await keeper.rebuilds()).toEqual({ generation, rebuilt: generation - 1 });
  const deleted = { workflowId: ids[6]!, n: null };
  const deleting = store
    .bury({ namespace, tenant: tenant! }, [deleted], new Date(Date.now() + 60_000))
    .then(() => store.erase(namespace, [deleted.workflowId]));
  await Promise.all([keeper.tick(), keeper.tick(), deleting]);
  expect(await keeper.rebuilds()).toEqual({ generation, rebuilt: generation });
  const [expected, found] = [await truth(), await indexed(store, [...ids, 'wf_ghost'], tenant!)];
  // Visibility alone does not know that a run waits; its history does.
  expected.set(signal.workflow_id, 'waiting');
  const kept = ids.filter((_, index) => index !== 6);
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(kept.map((id) => [id, expected.get(id)])));
  // A row that was right already is not a change to anybody who follows all runs.
  const changes = await until(
    () => store.changesBehind(tenant!, lastChange, 100),
    (found) => found.some(({ workflowId }) => workflowId === signal.workflow_id),
  );
  expect(changes.map(({ workflowId }) => workflowId).filter((id) => ids.slice(4).includes(id))).toEqual([
    signal.workflow_id,
  ]);

  async function tenantOf(): Promise<string> {
    return (await harness.api.principals.authenticate('fmt_test-key-of-the-developer')).tenant;
  }
});

it('is made again for an admin of the default tenant alone, who sees how it stands', async () => {
  const before = (await harness.call('GET', '/api/v1/index')).body.data;
  const asked = await harness.call('POST', '/api/v1/index/rebuild');
  expect([asked.status, asked.body.data.generation]).toEqual([202, before.generation + 1]);
  await until(
    () => harness.call('GET', '/api/v1/index'),
    ({ body }) => body.data.status === 'current' && body.data.lag_ms < 60_000,
  );
  expect((await harness.call('GET', '/readyz')).body.index.lag_ms).toBeLessThan(120_000);
  await harness.call('POST', '/api/v1/tenants', { ref: 'other', label: 'Other' });
  const { key } = (await harness.call('POST', '/api/v1/keys', { subject: 'boss', tenant: 'other', roles: ['admin'] }))
    .body.data;
  const foreign = await harness.call('POST', '/api/v1/index/rebuild', undefined, { 'x-api-key': key });
  expect([foreign.status, foreign.body.code]).toEqual([403, 'forbidden']);
});

it('follows a run that is reset: it is open again, one execution, and ends as it ends then', async () => {
  // The signal comes after its first workflow task.
  const { id, workflow_id: workflowId } = await startSignalled('go');
  const listed = async (): Promise<{ data: { status: string }[]; pagination: { total_items: number } }> =>
    (await harness.call('GET', `/api/v1/executions?search=${id}`)).body;
  const signal = (payload: string) => harness.call('POST', `/api/v1/executions/${id}/signal`, { name: 'go', payload });
  const statusIs = (wanted: string) => (body: { data: { status: string }[] }) => body.data[0]?.status === wanted;
  await signal('first');
  await until(listed, statusIs('completed'));
  const { workflow, workflowService } = new Client({ connection: harness.connection, namespace });
  const { events } = await workflow.getHandle(workflowId).fetchHistory();
  const first = events!.find((event) => event.workflowTaskCompletedEventAttributes)!;
  await workflowService.resetWorkflowExecution({
    namespace,
    workflowExecution: { workflowId },
    reason: 'test',
    requestId: 'reset-1',
    // The first workflow task; what was signalled after it is not applied again.
    ...{ workflowTaskFinishEventId: first.eventId!, resetReapplyExcludeTypes: [1] },
  });
  const open = await until(listed, statusIs('running'));
  expect(open.pagination.total_items).toBe(1);
  const { body } = await until(
    () => harness.call('GET', `/api/v1/executions/${id}`),
    (answer) => answer.body.data.waiting_for.length > 0,
  );
  expect(body.data).toMatchObject({ status: 'running', projection: 'complete', waiting_for: [{ kind: 'signal' }] });
  await signal('second');
  await until(listed, statusIs('completed'));
  expect((await harness.call('GET', `/api/v1/executions/${id}`)).body.data.result).toBe('second');
  expect((await truth()).get(workflowId)).toBe('completed');
});

it('still tells of a run whose history has expired', async () => {
  const id = await start(`${web.url}/ok`);
  await until(
    () => harness.call('GET', `/api/v1/executions/${id}`),
    ({ body }) => body.data.status === 'completed',
  );
  const temporal = createTemporal({ connection: harness.connection, namespace });
  const listed = async () => {
    for await (const [info] of temporal.list(`WorkflowId = "${id}"`)) return info?.closeTime ?? null;
    return null;
  };
  // Temporal deletes a run at once only when everything that follows from its end is done.
  await until(listed, (closed) => closed !== null);
  await temporal.remove(id);
  const { body } = await until(
    () => harness.call('GET', `/api/v1/executions/${id}`),
    (answer) => answer.body.data.expired,
  );
  expect(body.data).toMatchObject({ status: 'completed', projection: 'partial', result: { status_code: 200 } });
});

it('finds runs that were started without the API, and shows them to nobody', async () => {
  const client = new Client({ connection: harness.connection, namespace });
  await client.workflow.start('foreign.type', { workflowId: 'foreign-1', taskQueue: 'nobody', args: [1] });
  const store = await emptyStore();
  const keeper = keeperOf(store);
  await until(
    async () => {
      await keeper.tick();
      return store.known(namespace, ['foreign-1']);
    },
    (known) => known.size === 1,
  );
  await client.workflow.getHandle('foreign-1').terminate();
  await until(
    async () => {
      await keeper.tick();
      return store.known(namespace, ['foreign-1']);
    },
    (known) => [...known.values()][0] === true,
  );
});

it('drops a row that was claimed and never started, once it is a minute old', async () => {
  const store = await emptyStore();
  const tenant = '00000000-0000-7000-8000-000000000009';
  const entry = makeEntry(4242, { ...CLAIMED, namespace, tenant, created: new Date() });
  await store.claim(tenant, { entry });
  const keeper = (clock: () => number) => keeperOf(store, clock);
  await keeper(Date.now).tick();
  expect(await store.find(4242)).not.toBeNull();
  await keeper(() => Date.now() + 61_000).tick();
  expect(await store.find(4242)).toBeNull();
});
