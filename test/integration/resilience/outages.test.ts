import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningApi, startApi } from '../../../composition/api/api.ts';
import { ensureDefaults } from '../../../composition/bootstrap.ts';
import { freePort } from '../../../composition/ports.ts';
import { findTemporal } from '../../../dev/temporal-binary.ts';
import { startTemporalServer, type TemporalServer } from '../../../dev/temporal-server.ts';
import type { EnforcementSummary } from '../../../model/events/enforcement.ts';
import { principals } from '../../../store/access/tables.ts';
import { type OpenDatabase, openEmbedded } from '../../../store/database.ts';
import { packs } from '../../../store/definitions/tables.ts';
import { bulkJobs, executions, probes } from '../../../store/executions/tables.ts';
import { createTemporal, type Temporal } from '../../../temporal/gateway.ts';
import { run } from '../../system/processes.ts';
import { SECRET_KEY } from '../support/api-harness.ts';
import { preparedFolder } from '../support/prepared.ts';
import { until } from '../support/until.ts';

const KEY = 'fmt_test-key-of-the-developer';
/** The tables that are written to first by what the tests ask. */
const WRITTEN = [executions, bulkJobs, principals, packs, probes];

const logged: string[] = [];
let folder: string;
let database: OpenDatabase;
let server: TemporalServer;
let api: RunningApi;
let connection: Connection;
let start: () => Promise<TemporalServer>;

beforeAll(async () => {
  folder = await preparedFolder();
  const binary = await findTemporal(process.env, () => undefined);
  const port = await freePort();
  const databaseFile = join(folder, 'temporal.db');
  start = () => startTemporalServer({ binary, namespaces: ['default'], port, uiPort: 0, databaseFile });
  server = await start();
  database = await openEmbedded(folder);
  await ensureDefaults(database.db, { dev: KEY });
  connection = Connection.lazy({ address: server.address });
  const log = pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) });
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

async function ask<T = { id: number }>(
  path: string,
  body?: object,
): Promise<{ status: number; code?: string; data?: T }> {
  const response = await fetch(api.url + path, {
    headers: {
      'x-api-key': KEY,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  const text = await response.text();
  // An answer of MCP is an event.
  const json = text.startsWith('{') ? text : text.slice(text.indexOf('{'));
  return { ...(JSON.parse(json) as object), status: response.status };
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

it('accepts and plans events while Temporal is away, and starts each match once when it is back', async () => {
  const [type, action] = ['com.outage', 'core.wait_signal'];
  await ask('/api/v1/packs', { ref: 'outage', label: 'Outage' });
  for (const name of ['one', 'two']) {
    const rule = { ref: `outage.${name}`, pack_ref: 'outage', label: name, type };
    const made = await ask('/api/v1/rules', { ...rule, action_ref: action, parameters: { name: 'go' } });
    expect(made.status).toBe(201);
  }
  await server.stop();
  const sent = await Promise.all(['a', 'b', 'c'].map((id) => ask('/api/v1/events', { type, event_id: id })));
  expect(sent.map(({ status }) => status)).toEqual([202, 202, 202]);
  const troubles = () => logged.filter((line) => line.includes('enforcements cannot be started')).length;
  await until(
    async () => troubles(),
    (count) => count > 0,
  );
  const matches = async () => {
    const { data } = await ask<EnforcementSummary[]>('/api/v1/enforcements');
    return data!.map(({ event, rule_ref: rule, status, attempts }) => `${event} ${rule} ${status} ${attempts}`).sort();
  };
  const expected = (status: string) =>
    sent.flatMap(({ data }) => ['one', 'two'].map((name) => `${data!.id} outage.${name} ${status} 0`)).sort();
  // Those of the first event may be tried before those of the others are planned.
  expect(await until(matches, (found) => found.length === 6)).toEqual(expected('pending'));

  server = await start();
  const all = await until(matches, (found) => !found.some((match) => match.includes('pending')));
  expect(all).toEqual(expected('started'));
  const { data: runs } = await ask<{ id: number }[]>('/api/v1/executions?rule=outage.one');
  expect(runs).toHaveLength(3);
  const { workflow } = new Client({ connection });
  const inTemporal = await until(
    () => workflow.count(`WorkflowType = '${action}'`),
    ({ count }) => count >= 6,
  );
  expect(inTemporal.count).toBe(6);
});

it.each([
  ['a standby', [sql`set default_transaction_read_only = on`], [sql`set default_transaction_read_only = off`]],
  [
    'a full disk',
    [
      sql`create function no_room() returns trigger language plpgsql as $$ begin
        raise exception 'could not extend file "base/5/1234": No space left on device' using errcode = '53100'; end $$`,
      ...WRITTEN.map(
        (table) => sql`create trigger no_room before insert or update on ${table} execute function no_room()`,
      ),
    ],
    [sql`drop function no_room cascade`],
  ],
])(
  'answers 503 while the database takes no writes, with nothing of its words, and is back by itself: %s',
  async (_, off, on) => {
    const tool = { jsonrpc: '2.0', id: 1, method: 'tools/call' };
    const start = { name: 'start_execution', arguments: { workflow: 'core.noop', idempotencyKey: 'late' } };
    const writes = () =>
      Promise.all([
        ask('/api/v1/executions', { action_ref: 'core.noop' }),
        ask('/api/v1/executions/bulk/cancel', { ids: [1024] }),
        ask('/api/v1/keys', { subject: 'late', roles: ['viewer'] }),
        ask('/api/v1/packs', { ref: `p${Date.now()}`, label: 'P', version: '1.0.0' }),
      ]);
    for (const statement of off) await database.db.execute(statement);
    const refused = await writes();
    const called = await ask('/mcp', { ...tool, params: start });
    for (const statement of on) await database.db.execute(statement);
    expect(refused.map(({ status, code }) => [status, code])).toEqual(refused.map(() => [503, 'database_unavailable']));
    expect(JSON.stringify([refused, called])).not.toMatch(/insert|params|space|read-only|transaction|base\/5/i);
    expect(JSON.stringify(called)).toContain('database_unavailable');
    expect((await writes()).map(({ status }) => status)).toEqual([201, 202, 201, 201]);
  },
);

it('is not ready while the database takes no writes, and lives and lists all the same', async () => {
  await database.db.execute(sql`set default_transaction_read_only = on`);
  await until(
    () => ask('/readyz'),
    ({ status }) => status === 503,
  );
  expect([(await ask('/healthz')).status, (await ask('/api/v1/executions')).status]).toEqual([200, 200]);
  await database.db.execute(sql`set default_transaction_read_only = off`);
  await until(
    () => ask('/readyz'),
    ({ status }) => status === 200,
  );
});

it.each<[string, (temporal: Temporal) => Promise<unknown>]>([
  ['is described', (temporal) => temporal.describe('run')],
  ['is cancelled', (temporal) => temporal.cancel('run', 'enough', 'ann')],
  ['is sent a signal', (temporal) => temporal.signal('run', { name: 'go', payload: null, identity: 'ann' })],
  ['is removed', (temporal) => temporal.remove('run')],
  ['is read', (temporal) => temporal.history('run').next()],
])('a run %s where its namespace is not there: nothing is known of the run', async (_, act) => {
  const temporal = createTemporal({ connection, namespace: 'missing' });
  await expect(act(temporal)).rejects.toMatchObject({ code: 'temporal_unavailable' });
});

it('does not start a second API on a port or a data folder that is taken, and names it', async () => {
  const port = Number(new URL(api.url).port);
  const log = pino({ level: 'silent' });
  const secretKeys = [SECRET_KEY];
  const again = startApi({ connection, namespace: 'default', database, host: '127.0.0.1', port, log, secretKeys });
  await expect(again).rejects.toThrow(`port ${port} on 127.0.0.1 (FERMATA_PORT) is in use`);
  const second = run('dev/main.ts', { FERMATA_DATA_DIR: folder, FERMATA_PORT: '0' });
  expect(await second.exit).toBe(1);
  await second.until(`the data folder ${folder} is in use by another process (${process.pid})`);
});
