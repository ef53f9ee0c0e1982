import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { Client } from '@temporalio/client';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { IndexEntry } from '../../model/index-entry.ts';
import { projectExecution } from '../../projection/project.ts';
import { closedEntry, entryOf, openEntry } from '../../service/index-entries.ts';
import { createIndexKeeper } from '../../service/index-keeper.ts';
import { createTemporal } from '../../service/temporal.ts';
import { createExecutionStore, type ExecutionStore } from '../../store/executions.ts';
import { type ApiHarness, createApiHarness, until } from './api-harness.ts';
import { createWebServer, type WebServer } from './web-server.ts';

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

async function emptyStore(): Promise<ExecutionStore> {
  const db = drizzle(await PGlite.create({ extensions: { pg_trgm } }));
  await migrate(db, { migrationsFolder: 'store/migrations' });
  return createExecutionStore(db);
}

const start = async (url: string): Promise<string> => {
  const { body } = await harness.call('POST', '/api/v1/executions', { action_ref: 'core.http', parameters: { url } });
  return body.data.workflow_id;
};

/** What Temporal itself says of all runs: the truth that the index must end equal to. */
async function truth(): Promise<Map<string, string>> {
  const temporal = createTemporal(harness.connection, namespace);
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

it('ends equal to Temporal whatever the order in which writers bring their facts', async () => {
  const open = await Promise.all(Array.from({ length: 4 }, () => start(`${web.url}/wait`)));
  const done = await Promise.all(
    Array.from({ length: 8 }, (_, index) => start(`${web.url}/status/${index % 2 ? 200 : 500}`)),
  );
  await harness.call('POST', `/api/v1/executions/${open[0]}/terminate`);
  const ids = [...open, ...done];
  const temporal = createTemporal(harness.connection, namespace);
  await until(truth, (now) => done.every((id) => now.get(id) !== undefined && now.get(id) !== 'running'));
  // Every fact that any writer could have brought: each prefix of each history, and what visibility says at the end.
  const facts: IndexEntry[] = [];
  for (const workflowId of ids) {
    const history = (await temporal.history(workflowId))!;
    const described = (await temporal.describe(workflowId))!;
    for (let length = 1; length <= history.length; length += 1) {
      const seen = projectExecution(workflowId, history.slice(0, length));
      facts.push(entryOf(namespace, seen, described.info.execution?.runId ?? ''));
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
  for (let round = 0; round < 5; round += 1) {
    const store = await emptyStore();
    const shuffled = facts
      .map((fact) => ({ fact, at: Math.random() }))
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
  const temporal = createTemporal(harness.connection, namespace);
  const log = pino({ level: 'silent' });
  const stop = new AbortController();
  const keepers = [0, 1].map(() => createIndexKeeper(temporal, store, log, Date.now).run(stop.signal));
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

it('finds runs that were started without the API, and shows them to nobody', async () => {
  const client = new Client({ connection: harness.connection, namespace });
  await client.workflow.start('foreign.type', { workflowId: 'foreign-1', taskQueue: 'nobody', args: [1] });
  const store = await emptyStore();
  const keeper = createIndexKeeper(
    createTemporal(harness.connection, namespace),
    store,
    pino({ level: 'silent' }),
    Date.now,
  );
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
  const entry: IndexEntry = {
    ...{ namespace, workflowId: 'wf_never', n: 4242, runId: null, tenant, ref: 'a.b', revision: 1, definition: 1 },
    ...{ pack: 'a', actions: [], status: 'requested', parent: null, enforcement: null, executor: 1, owner: 'x' },
    ...{ tags: [], mode: null, input: null, result: null, error: null, errorCode: null, closed: null },
    ...{ created: new Date(), updated: new Date(), version: { start: 0, run: '', closed: false, event: 0 } },
  };
  await store.claim(tenant, { entry });
  const temporal = createTemporal(harness.connection, namespace);
  const keeper = (clock: () => number) => createIndexKeeper(temporal, store, pino({ level: 'silent' }), clock);
  await keeper(Date.now).tick();
  expect(await store.find(4242)).not.toBeNull();
  await keeper(() => Date.now() + 61_000).tick();
  expect(await store.find(4242)).toBeNull();
});
