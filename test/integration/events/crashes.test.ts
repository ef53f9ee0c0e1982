import { once } from 'node:events';
import { Client, Connection } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import { type Running, run } from '../../system/processes.ts';
import { type Answer, DEV_KEY } from '../support/api-harness.ts';
import { createPreparedDatabase, type PreparedDatabase } from '../support/prepared.ts';
import { until } from '../support/until.ts';

// Processes that die, and processes that share the work. Nothing of what is started runs: there is no worker.

const NAMESPACE = 'crashes';

/** The statements after, or before, which a process dies. */
const POINTS = {
  ending: { statement: '\\binsert into "events"', before: true },
  received: { statement: '\\binsert into "events"', before: false },
  planned: { statement: '^\\s*insert into "enforcements"', before: false },
  leased: { statement: '^update "enforcements" set "leased"', before: false },
  claimed: { statement: '\\binsert into "idempotency_keys"', before: false },
  started: { statement: '^update "enforcements" set "status"', before: true },
};

type Point = keyof typeof POINTS;

/** An API in its own process. */
interface ApiProcess extends Running {
  url: string;
  /** Whether a test has told it to die. */
  isArmed: boolean;
}

const started: ApiProcess[] = [];
/** The process that the test before has left, or a new one. */
let api: ApiProcess;
let database: PreparedDatabase;
let pool: Pool;
let connection: Connection;

beforeAll(async () => {
  database = await createPreparedDatabase();
  pool = new Pool({ connectionString: database.url });
  connection = await Connection.connect({ address: inject('temporalAddress') });
});

beforeEach(async () => {
  if (started.length > 0) {
    if (isUsable(api)) return;
    // One that is to die and has not would take part in the work of the next test.
    await api.end('SIGKILL');
  }
  api = await startProcess();
});

/** Whether a process serves the next test: it runs, and no test has told it to die. */
const isUsable = ({ child, isArmed }: ApiProcess) => !isArmed && child.exitCode === null && child.signalCode === null;

afterAll(async () => {
  await Promise.all(started.map((each) => each.end('SIGKILL')));
  await connection.close();
  await pool.end();
  await database.drop();
});

async function startProcess(): Promise<ApiProcess> {
  const settings = {
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: NAMESPACE,
    DATABASE_URL: database.url,
    FERMATA_PORT: '0',
    FERMATA_DEV_KEY: DEV_KEY,
    FERMATA_SECRET_KEY: 'a master key that all processes have',
    FERMATA_RATE_LIMIT: '0',
  };
  const running = run('api/main.ts', settings, { first: new URL('./die-at.mjs', import.meta.url).href });
  const words = '"msg":"the API is ready"';
  await running.until(words);
  const line = running
    .said()
    .split('\n')
    .find((each) => each.includes(words))!;
  const ready = Object.assign(running, { url: JSON.parse(line).url as string, isArmed: false });
  started.push(ready);
  return ready;
}

/** Has a process die at a point from now on. */
async function dieAt(dying: ApiProcess, point: Point): Promise<void> {
  dying.isArmed = true;
  dying.child.send(POINTS[point]);
  await once(dying.child, 'message');
}

/** Waits for the death of a process. */
async function dead({ child }: ApiProcess, point: Point): Promise<void> {
  await until(
    async () => child.signalCode,
    (signal) => signal !== null,
  );
  expect(child.signalCode, point).toBe('SIGKILL');
}

/** Asks a process; again where a busy machine has kept its database or Temporal from it for seconds, as the answer says. */
async function ask(api: ApiProcess, method: string, path: string, body?: object) {
  const once = () =>
    fetch(`${api.url}${path}`, {
      method,
      headers: { 'x-api-key': DEV_KEY, 'content-type': 'application/json', connection: 'close' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const response = await until(once, ({ status }) => status !== 503);
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

async function made(api: ApiProcess, path: string, body: object) {
  const answer = await ask(api, 'POST', path, body);
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
  return answer.body.data;
}

const enforcementsOf = async (api: ApiProcess, query: string) =>
  (await ask(api, 'GET', `/api/v1/enforcements?limit=250&${query}`)).body.data as {
    id: number;
    event: number;
    status: string;
    execution: number;
  }[];

/** Counts the runs that Temporal has for the enforcements of a type of events. */
async function runsInTemporal(ids: readonly number[]): Promise<number> {
  const wanted = new Set(ids);
  let found = 0;
  for await (const { memo } of new Client({ connection, namespace: NAMESPACE }).workflow.list()) {
    const { enforcement } = (memo?.fermata ?? {}) as { enforcement?: number };
    if (enforcement !== undefined && wanted.has(enforcement)) found += 1;
  }
  return found;
}

it('an event that was stored starts one run, wherever kill -9 strikes', async () => {
  await made(api, '/api/v1/packs', { ref: 'crash', label: 'Crash' });
  await made(api, '/api/v1/rules', {
    ref: 'crash.rule',
    pack_ref: 'crash',
    label: 'Crash',
    type: 'com.crash.*',
    action_ref: 'core.noop',
    parameters: {},
  });
  const events: number[] = [];
  for (const point of ['received', 'planned', 'leased', 'claimed', 'started'] satisfies Point[]) {
    const event = { type: `com.crash.${point}`, source: '/crash', event_id: point };
    await dieAt(api, point);
    // The answer may be lost with the process: the sender sends the event until it has one.
    const { child } = api;
    const send = () => ask(api, 'POST', '/api/v1/events', event).catch(() => null);
    await until(
      async () => [(await send())?.status ?? null, child.signalCode],
      ([status, signal]) => signal !== null || (status !== null && status !== 202),
    );
    expect(child.signalCode, point).toBe('SIGKILL');
    // The lease of the dead process is over.
    await drizzle(pool).execute(sql`update enforcements set leased = now() where leased is not null`);
    api = await startProcess();
    const again = await made(api, '/api/v1/events', event);
    expect(again.duplicate, point).toBe(true);
    events.push(again.id);
    const [enforcement] = await until(
      () => enforcementsOf(api, `event=${again.id}`),
      ([first]) => first?.status === 'started',
    );
    const runs = (await ask(api, 'GET', `/api/v1/executions?event=${again.id}`)).body.data;
    expect(
      runs.map(({ id }: { id: number }) => id),
      point,
    ).toEqual([enforcement!.execution]);
  }
  const all = await enforcementsOf(api, 'rule=crash.rule');
  expect(all.map(({ event, status }) => [event, status])).toEqual(events.reverse().map((id) => [id, 'started']));
  const ids = all.map(({ id }) => id);
  expect(Math.min(...ids)).toBeGreaterThan(4_294_967_296);
  expect(
    await until(
      () => runsInTemporal(ids),
      (found) => found >= ids.length,
    ),
  ).toBe(ids.length);
  expect((await ask(api, 'GET', '/api/v1/executions?rule=crash.rule')).body.pagination.total_items).toBe(ids.length);
});

it('the end of a run is one event that starts one run, whether kill -9 strikes before or after it is written', async () => {
  await made(api, '/api/v1/packs', { ref: 'ending', label: 'Ending' });
  await made(api, '/api/v1/rules', {
    ref: 'ending.remedy',
    pack_ref: 'ending',
    label: 'Remedy',
    type: 'io.fermata.execution.*',
    when: "event.payload.workflow == 'core.wait_signal'",
    action_ref: 'core.noop',
  });
  // Once it is written, it is planned as the events before: with one death after that, too.
  for (const point of ['ending', 'received'] satisfies Point[]) {
    const ended = await made(api, '/api/v1/executions', { action_ref: 'core.wait_signal', parameters: { name: 'go' } });
    await dieAt(api, point);
    await ask(api, 'POST', `/api/v1/executions/${ended.id}/terminate`, {}).catch(() => null);
    await dead(api, point);
    api = await startProcess();
    const about = async () => (await ask(api, 'GET', `/api/v1/events?execution=${ended.id}`)).body.data;
    const [event] = await until(about, ([first]) => first?.state === 'planned');
    const [enforcement] = await until(
      () => enforcementsOf(api, `event=${event.id}`),
      ([first]) => first?.status === 'started',
    );
    expect(await about(), point).toHaveLength(1);
    const begun = (await ask(api, 'GET', `/api/v1/executions?event=${event.id}`)).body.data;
    expect(
      begun.map(({ id }: { id: number }) => id),
      point,
    ).toEqual([enforcement!.execution]);
  }
});

it('a start that Temporal has taken has happened, though its rule is disabled before the process is back', async () => {
  const dying = api;
  await made(dying, '/api/v1/packs', { ref: 'stopped', label: 'Stopped' });
  const rule = { ref: 'stopped.rule', pack_ref: 'stopped', label: 'Stopped', type: 'com.stopped' };
  await made(dying, '/api/v1/rules', { ...rule, action_ref: 'core.noop' });
  await dieAt(dying, 'started');
  const { id: event } = await made(dying, '/api/v1/events', { type: 'com.stopped' });
  await dead(dying, 'started');
  const { rows } = await drizzle(pool).execute<{ id: string }>(
    sql`update enforcements set leased = now() + interval '1 hour' where event = ${event} and status = 'pending' returning id`,
  );
  const ids = rows.map(({ id }) => Number(id));
  expect(
    await until(
      () => runsInTemporal(ids),
      (found) => found > 0,
    ),
  ).toBe(1);

  api = await startProcess();
  expect((await ask(api, 'PUT', '/api/v1/rules/stopped.rule', { enabled: false })).body.data.enabled).toBe(false);
  const [waiting] = await enforcementsOf(api, `event=${event}`);
  expect(waiting).toMatchObject({ id: ids[0], status: 'pending' });
  // The lease of the dead process is over.
  await drizzle(pool).execute(sql`update enforcements set leased = now() where event = ${event}`);
  const [settled] = await until(
    () => enforcementsOf(api, `event=${event}`),
    ([first]) => first?.status !== 'pending',
  );
  const runs = (await ask(api, 'GET', `/api/v1/executions?event=${event}`)).body.data;
  expect(runs).toHaveLength(1);
  expect(settled).toMatchObject({ status: 'started', reason: null, execution: runs[0].id });
  expect(await runsInTemporal(ids)).toBe(1);
  const { counts } = (await ask(api, 'GET', '/api/v1/rules/stopped.rule')).body.data;
  expect(counts).toMatchObject({ matched: 1, started: 1, suppressed: 0, failed: 0 });
});

it('two processes share the work, and start each run once', async () => {
  const first = api;
  const apis = [first, await startProcess()];
  await made(first, '/api/v1/packs', { ref: 'shared', label: 'Shared' });
  for (const name of ['one', 'two']) {
    await made(first, '/api/v1/rules', {
      ref: `shared.${name}`,
      pack_ref: 'shared',
      label: name,
      type: 'com.shared',
      action_ref: 'core.noop',
    });
  }
  const count = 40;
  // Each event is sent to both.
  const sent = Array.from({ length: 2 * count }, (_, at) => ({ api: apis[at % 2]!, id: `s${at >> 1}` }));
  const answers = await Promise.all(
    sent.map(({ api, id }) => made(api, '/api/v1/events', { type: 'com.shared', source: '/s', event_id: id })),
  );
  expect(answers.filter((each) => each.duplicate)).toHaveLength(count);
  expect(new Set(answers.map((each) => each.id)).size).toBe(count);
  const all = await until(
    async () => [
      ...(await enforcementsOf(first, 'rule=shared.one')),
      ...(await enforcementsOf(first, 'rule=shared.two')),
    ],
    (rows) => rows.length === 2 * count && rows.every(({ status }) => status === 'started'),
  );
  expect(new Set(all.map(({ execution }) => execution)).size).toBe(2 * count);
  const ids = all.map(({ id }) => id);
  expect(
    await until(
      () => runsInTemporal(ids),
      (found) => found >= ids.length,
    ),
  ).toBe(ids.length);
});
