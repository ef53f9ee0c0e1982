import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SERIALIZERS } from '../../../composition/logger.ts';
import { openPostgres } from '../../../store/database.ts';
import { type PostgresServer, startPostgres } from '../../store/postgres-server.ts';
import { type ApiHarness, createApiHarness, SECRET_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';
import { createWebServer, type WebServer } from '../support/web-server.ts';

// Postgres goes away under executions that are about to need a secret.

const BASE = '/api/v1/executions';
const NAMESPACE = 'lost-database';
const OLD = 'the master key of last year, long enough';
const RUNS = 5;
const SECRET = 'canary-4711-of-the-lost-database';

/** The messages of a driver, and the statements and values that it was given. */
const SQL = /select |insert |update |params|"sealed"|DrizzleQueryError|ECONN|Connection terminated/i;

const logged: string[] = [];
let postgres: PostgresServer;
let harness: ApiHarness;
let web: WebServer;
beforeAll(async () => {
  [postgres, web] = await Promise.all([startPostgres(), createWebServer()]);
  harness = await createApiHarness(NAMESPACE, {
    database: await openPostgres(postgres.url),
    access: {
      log: pino({ level: 'debug', serializers: SERIALIZERS }, { write: (line: string) => void logged.push(line) }),
    },
  });
});
afterAll(async () => {
  await harness.close();
  await Promise.all([postgres.stop(), web.close()]);
});

const described = (workflowId: string) =>
  harness.connection.workflowService.describeWorkflowExecution({ namespace: NAMESPACE, execution: { workflowId } });

it('tasks with secrets wait for a database that is away, none fails, and nothing of SQL is told', async () => {
  await harness.call('PUT', '/api/v1/secrets/TOKEN', { value: SECRET });
  const definition = {
    tasks: [
      { name: 'first', action: 'core.http', input: { url: `${web.url}/wait` } },
      {
        name: 'second',
        action: 'core.http',
        input: { url: `${web.url}/echo`, headers: { 'x-t': '{{ secret.TOKEN }}' } },
      },
    ],
  };
  const workflow = { ref: 'examples.lost', pack_ref: 'examples', label: 'x', version: '1.0.0', definition };
  expect((await harness.call('POST', '/api/v1/workflows', workflow)).status).toBe(201);
  const started = await Promise.all(
    Array.from({ length: RUNS }, () => harness.call('POST', BASE, { action_ref: 'examples.lost' })),
  );
  const runs = started.map(({ body }) => body.data as { id: number; workflow_id: string });
  await until(
    async () => web.asked.length,
    (count) => count === RUNS,
  );

  await postgres.kill();
  web.open();
  for (const { workflow_id: id } of runs) {
    await until(
      async () => (await described(id)).pendingActivities ?? [],
      (pending) =>
        pending.some(({ heartbeatDetails }) =>
          String(heartbeatDetails?.payloads?.[0]?.data).includes('the database does not respond'),
        ),
    );
  }
  const refused = await harness.call('GET', `${BASE}/${runs[0]!.id}`);
  expect([refused.status, refused.body.code]).toEqual([503, 'database_unavailable']);

  await postgres.restart();
  for (const { id } of runs) {
    const { body } = await until(
      () => harness.call('GET', `${BASE}/${id}`),
      (answer) => answer.status === 200 && answer.body.data.status !== 'running',
    );
    expect(body.data.status).toBe('completed');
    const { body: history } = await harness.call('GET', `${BASE}/${id}/history?limit=1000`);
    for (const told of [refused.body, body, history]) {
      const text = JSON.stringify(told);
      expect(text).not.toMatch(SQL);
      expect(text).not.toContain(SECRET);
    }
  }
  // The log says that the database was away, by the names of statements and codes.
  const log = logged.join('');
  expect(log).toMatch(/[a-z-]+\.\w+ failed \(\w+\)/);
  expect(log).not.toMatch(/Failed query|insert into|select "|params:/i);
  expect(log).not.toContain(SECRET);
});

it('tasks whose secret no key of the worker opens wait for one that has it, and say which', async () => {
  await harness.stopWorker();
  const interrupt = new AbortController();
  await harness.startWorker({ secretKeys: [OLD], interrupt: interrupt.signal });
  const parameters = { url: `${web.url}/echo`, headers: { 'x-t': '{{ secret.TOKEN }}' }, method: 'POST' };
  const definition = { tasks: [{ name: 'post', action: 'core.http', input: parameters }] };
  const workflow = { ref: 'examples.key', pack_ref: 'examples', label: 'x', version: '1.0.0', definition };
  expect((await harness.call('POST', '/api/v1/workflows', workflow)).status).toBe(201);
  const { id } = (await harness.call('POST', BASE, { action_ref: 'examples.key' })).body.data;
  const { body } = await until(
    () => harness.call('GET', `${BASE}/${id}/explain`),
    (answer) => JSON.stringify(answer.body.data.waiting_for).includes('infrastructure_unavailable'),
  );
  const { body: ready } = await harness.call('GET', '/readyz');
  const reason = `the secret "TOKEN" cannot be opened: the key ${ready.key_ids[0]} is missing from FERMATA_SECRET_KEY`;
  expect(body.data.waiting_for).toEqual([
    expect.objectContaining({ kind: 'worker', task: 'post', detail: `infrastructure_unavailable: ${reason}` }),
  ]);

  // A worker that is shut down hands it back, although POST cannot be repeated.
  interrupt.abort();
  await harness.stopWorker();
  await harness.startWorker({ secretKeys: [OLD, SECRET_KEY] });
  const { body: ended } = await until(
    () => harness.call('GET', `${BASE}/${id}`),
    (answer) => answer.body.data.status !== 'running',
  );
  expect(ended.data.status).toBe('completed');
  const { body: keys } = await harness.call('GET', '/api/v1/master-keys');
  expect(keys.data.keys).toEqual([
    { id: ready.key_ids[0], seals: true, sealed: { connections: 0, secrets: 1, signing_keys: 1, webhooks: 0 } },
  ]);
  expect(keys.data.processes).toMatchObject([{ kind: 'api', pid: process.pid, key_ids: ready.key_ids, missing: [] }]);
  expect((await harness.call('POST', '/api/v1/master-keys/reseal')).body.data).toEqual({
    renewed: 0,
    left: 0,
    unopened: 0,
  });
});
