import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { pino } from 'pino';
import { startApi } from '../composition/api/api.ts';
import { ensureDefaults } from '../composition/bootstrap.ts';
import { findTemporal } from '../dev/temporal-binary.ts';
import { startTemporalServer } from '../dev/temporal-server.ts';
import { createEgress } from '../egress/egress.ts';
import { mintNumber, workflowIdOf } from '../model/execution-id.ts';
import type { IndexEntry } from '../model/index-entry.ts';
import { openEmbedded } from '../store/database.ts';
import { createExecutionStore } from '../store/executions/executions.ts';
import { bundleWorkflows } from '../worker/bundle.ts';
import { createWorker } from '../worker/worker.ts';

const REQUESTS = 200;
const KEY = 'fmt_the-key-of-this-bench';
const STATUSES = ['completed', 'completed', 'completed', 'failed', 'cancelled', 'timeout'] as const;

/** Something that was asked again and again: the milliseconds of each answer. */
export interface Measured {
  what: string;
  times: number[];
}

/** How long lists, statistics and one execution take over HTTP with `runs` others in the index, one request at a time, on PGlite. */
export async function measureLists(runs: number): Promise<Measured[]> {
  last = 0;
  const folder = await mkdtemp(join(tmpdir(), 'fermata-bench-'));
  const database = await openEmbedded(folder);
  const server = await startTemporalServer({
    binary: await findTemporal(process.env, console.log),
    namespaces: ['default'],
    port: 0,
    uiPort: 0,
  });
  const connection = await Connection.connect({ address: server.address });
  const native = await NativeConnection.connect({ address: server.address });
  const tenant = await ensureDefaults(database.db, { dev: KEY });
  const log = pino({ level: 'silent' });
  const api = await startApi({
    connection,
    namespace: 'default',
    database,
    host: '127.0.0.1',
    port: 0,
    log,
    secretKeys: [KEY.repeat(2)],
  });
  const bundle = await bundleWorkflows();
  const actions = {
    egress: createEgress({ allowed: ['loopback'] }),
    connect: async () => null,
    secretOf: async () => null,
    isAuthentic: async () => true,
  };
  const worker = await createWorker({ connection: native, namespace: 'default', bundle, actions });
  const working = worker.run();

  const store = createExecutionStore(database.db);
  for (let written = 0; written < runs; written += 500) {
    const length = Math.min(500, runs - written);
    await store.write(Array.from({ length }, (_, index) => entryOf(written + index, { runs, tenant })));
  }

  const call = async (path: string, body?: object) => {
    const response = await fetch(api.url + path, {
      headers: { 'x-api-key': KEY, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    // biome-ignore lint/suspicious/noExplicitAny: what comes back is printed, or an id out of it used
    const answer = (await response.json()) as any;
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
  const run = (
    await call('/api/v1/executions', { action_ref: 'core.http', parameters: { url: `${api.url}/healthz` }, wait: 10 })
  ).data;
  const middle = (await call(`/api/v1/executions?per_page=1&page=${Math.floor(runs / 2)}`)).next_cursor;

  const found: Measured[] = [];
  for (const [what, path] of [
    ['list, newest 20', '/api/v1/executions'],
    ['list, page 250', '/api/v1/executions?page=250'],
    ['list behind a cursor', `/api/v1/executions?limit=50&cursor=${middle}`],
    ['list by status and pack', '/api/v1/executions?status=failed&pack_name=pack3'],
    ['list by action with *', '/api/v1/executions?action_ref=pack1*'],
    ['list by text in the result', '/api/v1/executions?result_contains=run%209876'],
    ['statistics', '/api/v1/executions/stats'],
    ['statistics by action', '/api/v1/executions/stats?group_by=action_ref'],
    ['get one, from Temporal', `/api/v1/executions/${run.id}`],
  ] as const) {
    const times: number[] = [];
    for (let request = 0; request < REQUESTS; request += 1) {
      const start = performance.now();
      await call(path);
      times.push(performance.now() - start);
    }
    found.push({ what, times });
  }

  worker.shutdown();
  await working;
  await api.close();
  await native.close();
  await connection.close();
  await database.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
  return found;
}

let last = 0;

function entryOf(index: number, { runs, tenant }: { runs: number; tenant: string }): IndexEntry {
  const created = new Date(Date.now() - (runs - index) * 1000);
  last = mintNumber(last, created.getTime());
  const ref = `pack${index % 20}.workflow${index % 100}`;
  return {
    namespace: 'default',
    workflowId: workflowIdOf(last),
    n: last,
    runId: `run-${index}`,
    tenant,
    ref,
    revision: 1,
    definition: 1 + (index % 100),
    pack: `pack${index % 20}`,
    actions: ['core.http', `a.b${index % 7}`],
    status: STATUSES[index % STATUSES.length]!,
    parent: null,
    enforcement: index % 50,
    executor: 1,
    owner: 'dev',
    tags: [],
    mode: null,
    retryOf: null,
    input: '{"a":1}',
    error: null,
    errorCode: null,
    created,
    updated: created,
    closed: created,
    result: JSON.stringify({ number: index, text: `the result of run ${index}, somewhat longer than a word` }),
    version: { start: created.getTime(), run: `run-${index}`, closed: true, event: 11 },
  };
}
