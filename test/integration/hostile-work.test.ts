import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mintNumber, workflowIdOf } from '../../model/execution-id.ts';
import { OWN_TASK_QUEUE } from '../../model/run-input.ts';
import { specsOf } from '../../service/actions.ts';
import { createTemporal } from '../../service/temporal.ts';
import { type ApiHarness, createApiHarness, DEV_KEY } from './api-harness.ts';

let harness: ApiHarness;
const namespace = 'hostile';
const url = '/api/v1/workflows';

/** Each item takes little, and all of them more than any request may. */
const MANY_ITEMS = {
  ...{ ref: 'examples.many_items', pack_ref: 'examples', label: 'Many items', version: '1.0.0' },
  definition: {
    tasks: [
      {
        ...{ name: 'a', action: 'core.transform', with_items: '{{ range(0, 50000) }}' },
        input: { data: '{{ range(0, 20000) | sum }}' },
      },
    ],
  },
};

beforeAll(async () => {
  harness = await createApiHarness(namespace, { worker: false });
  expect((await harness.call('POST', url, MANY_ITEMS)).status).toBe(201);
});
afterAll(() => harness.close());

const simulate = (signal?: AbortSignal) =>
  fetch(`${harness.api.url}${url}/${MANY_ITEMS.ref}/simulate`, {
    method: 'POST',
    headers: { 'x-api-key': DEV_KEY, 'content-type': 'application/json' },
    body: '{}',
    ...(signal && { signal }),
  });

/** Asks for /healthz again and again until a request is answered; milliseconds that the slowest answer took. */
async function slowestProbe(until: Promise<unknown>): Promise<number> {
  let over = false;
  void until.finally(() => {
    over = true;
  });
  let slowest = 0;
  while (!over) {
    const asked = performance.now();
    expect((await fetch(`${harness.api.url}/healthz`)).status).toBe(200);
    slowest = Math.max(slowest, performance.now() - asked);
    await wait(10);
  }
  return slowest;
}

/** Starts a run of interpreter 7, whose work nothing counts, and lets it begin as a worker would. */
async function startHostileRun(): Promise<string> {
  const { connection, api } = harness;
  const { definition, ref, version } = MANY_ITEMS;
  const { tenant, id, subject } = await api.principals.authenticate(DEV_KEY);
  const n = mintNumber(0, Date.now());
  const actions = specsOf(definition);
  await createTemporal(connection, namespace).start({
    ...{ workflowId: workflowIdOf(n), input: {}, summary: ref, delay: 0 },
    run: { interpreter: 7, n, ref, version, revision: 1, hash: null, definition, actions, seed: 'a' },
    memo: {
      ...{ n, tenant, ref, revision: 1, definition_id: null, executor: id, owner: subject, enforcement: null },
      ...{ parent: null, tags: [], actions: Object.keys(actions) },
    },
  });
  const { workflowService } = connection;
  await connection.withDeadline(Date.now() + 60_000, async () => {
    const taskQueue = { name: OWN_TASK_QUEUE };
    const { taskToken } = await workflowService.pollWorkflowTaskQueue({ namespace, taskQueue });
    await workflowService.respondWorkflowTaskCompleted({ namespace, taskToken });
  });
  return workflowIdOf(n);
}

it('a run whose projection has no end is shown without its tasks, holds no other request, and can be terminated', async () => {
  const id = await startHostileRun();
  const path = `/api/v1/executions/${id}`;
  const began = performance.now();
  // Whoever reads it at the same time waits for the same projection.
  const reading = Promise.all([harness.call('GET', path), harness.call('GET', path)]);
  const probing = slowestProbe(reading);
  const answers = await reading;
  const took = performance.now() - began;
  for (const { status, body } of answers) {
    expect([status, body.data]).toMatchObject([200, { status: 'running', projection: 'partial' }]);
  }
  expect(await probing).toBeLessThan(took / 3);

  const again = performance.now();
  expect((await harness.call('POST', `${path}/terminate`)).body.data).toMatchObject({ status: 'cancelled' });
  expect(performance.now() - again).toBeLessThan(took / 2);
});

// Last, since simulations that nobody awaits any more still take their turns in the threads.
it('a simulation without end is ended, and neither holds other requests nor lets more wait than may', async () => {
  const began = performance.now();
  const hostile = simulate();
  const probing = slowestProbe(hostile);
  const rest = new AbortController();
  const more = Array.from({ length: 24 }, () => simulate(rest.signal));
  const refused = await Promise.race(more);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  expect(await refused.json()).toMatchObject({ code: 'busy' });
  const definition = { tasks: [{ name: 'a', action: 'core.noop', on_success: 'b' }] };
  const { body } = await harness.call('POST', `${url}/validate`, { definition });
  expect(body.data.issues).toMatchObject([{ code: 'unknown_task' }]);

  const answer = await hostile;
  const took = performance.now() - began;
  const { code, data } = (await answer.json()) as { code?: string; data?: { error: { type: string } } };
  // A fast machine counts all the work that a run may do before its time is over.
  expect([
    [422, 'work_exceeded'],
    [200, 'limit_exceeded'],
  ]).toContainEqual([answer.status, code ?? data?.error.type]);
  expect(await probing).toBeLessThan(took / 3);
  rest.abort();
  await Promise.allSettled(more);
});
