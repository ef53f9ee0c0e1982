import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findTemporal } from '../../dev/temporal-binary.ts';
import { startTemporalServer, type TemporalServer } from '../../dev/temporal-server.ts';
import { type RunningApi, startApi } from '../../process/api.ts';
import { ensureDefaults } from '../../process/bootstrap.ts';
import { freePort } from '../../process/ports.ts';
import { type OpenDatabase, openEmbedded } from '../../store/database.ts';
import { run } from '../system/processes.ts';
import { SECRET_KEY } from './api-harness.ts';
import { until } from './until.ts';

const KEY = 'fmt_test-key-of-the-developer';
let folder: string;
let database: OpenDatabase;
let server: TemporalServer;
let api: RunningApi;
let connection: Connection;
let start: () => Promise<TemporalServer>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fermata-outage-'));
  const binary = await findTemporal(process.env, () => undefined);
  const port = await freePort();
  const databaseFile = join(folder, 'temporal.db');
  start = () => startTemporalServer({ binary, namespaces: ['default'], port, uiPort: 0, databaseFile });
  server = await start();
  database = await openEmbedded(folder);
  await ensureDefaults(database.db, { dev: KEY });
  connection = Connection.lazy({ address: server.address });
  const log = pino({ level: 'silent' });
  const secretKeys = [SECRET_KEY];
  api = await startApi({ connection, namespace: 'default', database, host: '127.0.0.1', port: 0, log, secretKeys });
});
afterAll(async () => {
  await api.close();
  await connection.close();
  await database.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function ask(path: string, body?: object): Promise<{ status: number; code?: string; data?: { id: number } }> {
  const response = await fetch(api.url + path, {
    headers: { 'x-api-key': KEY, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  return { ...((await response.json()) as object), status: response.status };
}

it('answers 503 while Temporal is away, keeps what it can answer, and is back by itself', async () => {
  const made = await ask('/api/v1/executions', { action_ref: 'core.noop' });
  expect(made.status).toBe(201);
  await server.stop();
  const [reading, starting, ready, health, list] = await Promise.all([
    ask(`/api/v1/executions/${made.data?.id}`),
    ask('/api/v1/executions', { action_ref: 'core.noop' }),
    ask('/readyz'),
    ask('/healthz'),
    ask('/api/v1/executions'),
  ]);
  expect([reading.status, reading.code]).toEqual([503, 'temporal_unavailable']);
  expect([starting.status, starting.code]).toEqual([503, 'temporal_unavailable']);
  expect([ready.status, health.status, list.status]).toEqual([503, 200, 200]);
  server = await start();
  const back = await until(
    () => ask(`/api/v1/executions/${made.data?.id}`),
    ({ status }) => status === 200,
  );
  expect(back.data?.id).toBe(made.data?.id);
  expect((await ask('/api/v1/executions', { action_ref: 'core.noop' })).status).toBe(201);
});

it('does not start a second API on a port or a data folder that is taken, and names it', async () => {
  const port = Number(new URL(api.url).port);
  const log = pino({ level: 'silent' });
  const secretKeys = [SECRET_KEY];
  const again = startApi({ connection, namespace: 'default', database, host: '127.0.0.1', port, log, secretKeys });
  await expect(again).rejects.toThrow(`port ${port} on 127.0.0.1 (FERMATA_PORT) is taken`);
  const second = run('dev/main.ts', { FERMATA_DATA_DIR: folder, FERMATA_PORT: '0' });
  expect(await second.exit).toBe(1);
  await second.until(`the data folder ${folder} is in use by process ${process.pid}`);
});
