import { setTimeout as wait } from 'node:timers/promises';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { workflowIdOf } from '../../../model/execution-id.ts';
import { OWN_TASK_QUEUE } from '../../../model/run-input.ts';
import { findSpecs } from '../../../service/actions/actions.ts';
import { createTemporal } from '../../../temporal/gateway.ts';
import { nextNumber } from '../../run-numbers.ts';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';

let harness: ApiHarness;
const namespace = 'hostile';
const url = '/api/v1/workflows';

/** Each item takes little, and all of them more than any request may. */
const MANY_ITEMS = {
  ref: 'examples.many_items',
  pack_ref: 'examples',
  label: 'Many items',
  version: '1.0.0',
  definition: {
    tasks: [
      {
        name: 'a',
        action: 'core.transform',
        with_items: '{{ range(0, 50000) }}',
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
  const n = nextNumber();
  const actions = findSpecs(definition);
  await createTemporal({ connection, namespace }).start({
    workflowId: workflowIdOf(n),
    input: {},
    summary: ref,
    delay: 0,
    run: { interpreter: 7, n, ref, version, revision: 1, hash: null, definition, actions, seed: 'a' },
    memo: {
      n,
      tenant,
      ref,
      revision: 1,
      definition_id: null,
      executor: id,
      owner: subject,
      enforcement: null,
      parent: null,
      tags: [],
      actions: Object.keys(actions),
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
  // Work that blocks the process blocks it for most of that time.
  expect(await probing).toBeLessThan(took / 2);

  const again = performance.now();
  expect((await harness.call('POST', `${path}/terminate`)).body.data).toMatchObject({ status: 'cancelled' });
  // Projecting it once more would take as long again.
  expect(performance.now() - again).toBeLessThan((took * 3) / 4);
});

/** A definition of as many tasks as one may have, each with a template. */
const LARGEST = {
  tasks: Array.from({ length: 1_000 }, (_, n) => ({
    name: `t${n}`,
    action: 'core.transform',
    input: { data: `{{ (${n} + 1) * 2 }}${'x'.repeat(900)}` },
  })),
};
const many = (text: string, count: number) => text.repeat(Math.ceil(count));
const [JSON_TYPE, YAML, ZIP] = ['application/json', 'application/yaml', 'application/zip'];
const schemaOf = (schema: object) =>
  JSON.stringify({ definition: { tasks: [MANY_ITEMS.definition.tasks[0]] }, param_schema: schema });
const doubling = Object.fromEntries(
  Array.from({ length: 60 }, (_, n) => [
    `d${n}`,
    { allOf: [{ $ref: `#/$defs/d${n + 1}` }, { $ref: `#/$defs/d${n + 1}` }] },
  ]),
);
const unknownTasks = {
  tasks: Array.from({ length: 1_000 }, (_, n) => ({
    name: `t${n}`,
    action: 'core.noop',
    on_success: many(`u${n}`, 12),
  })),
};

it.each<[what: string, type: string, path: string, body: () => string | Uint8Array<ArrayBuffer>, told: string]>([
  ['YAML of closing braces', YAML, `${url}/validate`, () => many('}', 900_000), '400 yaml_malformed'],
  ['YAML of a long quoted text', YAML, `${url}/validate`, () => `"${many('a\n\n', 300_000)}`, '400 yaml_malformed'],
  [
    'YAML of aliases',
    YAML,
    `${url}/validate`,
    () => `a: &x "${many('y', 300_000)}"\nb: [${many('*x, ', 2_000)}]`,
    '400 yaml_malformed',
  ],
  ['JSON of brackets', JSON_TYPE, `${url}/validate`, () => many('[', 900_000), '400 json_malformed'],
  ['JSON of 300,000 entries', JSON_TYPE, `${url}/validate`, () => `[${many('1,', 600_000)}1]`, '400 request_invalid'],
  ['a body of 3 MB', JSON_TYPE, `${url}/validate`, () => `"${many('x', 3_000_000)}"`, '413 body_too_large'],
  [
    'a ZIP that unpacks to 200 times its size',
    ZIP,
    '/api/v1/packs/import',
    () => new Uint8Array(zipSync({ a: new Uint8Array(64 * 1024 * 1024) }, { level: 9 })),
    '413 body_too_large',
  ],
  [
    'a schema that doubles',
    JSON_TYPE,
    `${url}/validate`,
    () => schemaOf({ type: 'object', $defs: doubling, $ref: '#/$defs/d0' }),
    '200 schema_invalid',
  ],
  [
    'a schema with a pattern of nested repetitions',
    JSON_TYPE,
    `${url}/validate`,
    () =>
      schemaOf({
        type: 'object',
        properties: { a: { type: 'string', pattern: '^(a+)+$', default: `${many('a', 50_000)}!` } },
      }),
    '200 schema_invalid',
  ],
  [
    'a thousand names that are nearly those of tasks',
    JSON_TYPE,
    `${url}/validate`,
    () => JSON.stringify({ definition: unknownTasks }),
    '200 unknown_task',
  ],
  [
    'more tasks than there may be',
    JSON_TYPE,
    `${url}/validate`,
    () => JSON.stringify({ definition: { tasks: [...LARGEST.tasks, ...unknownTasks.tasks] } }),
    '200 out_of_range',
  ],
])(
  '%s is answered in words, and holds nobody for much longer than the largest request that may be',
  async (_, type, path, body, told) => {
    const send = (given: string | Uint8Array<ArrayBuffer>, contentType: string, to: string) =>
      fetch(harness.api.url + to, {
        method: 'POST',
        headers: { 'x-api-key': DEV_KEY, 'content-type': contentType },
        body: given,
      });
    const largest = JSON.stringify({ definition: LARGEST });
    const given = body();
    /** How much longer than the largest request takes anybody was held. */
    const factor = async (): Promise<number> => {
      const began = performance.now();
      const legal = await send(largest, JSON_TYPE, `${url}/validate`);
      const took = performance.now() - began;
      expect(legal.status).toBe(200);
      const hostile = send(given, type, path);
      const probing = slowestProbe(hostile);
      const other = harness.call('POST', '/api/v1/executions', { action_ref: 'core.noop' });
      const answer = await hostile;
      const { code, data } = (await answer.json()) as { code?: string; data?: { issues: { code: string }[] } };
      expect(`${answer.status} ${code ?? data?.issues[0]?.code ?? 'valid'}`).toBe(told);
      expect((await other).status).toBe(201);
      return (await probing) / took;
    };
    // Other load on the machine delays some probes; the request would delay each of them.
    let least = await factor();
    for (let tries = 1; tries < 5 && least >= 3; tries += 1) least = Math.min(least, await factor());
    expect(least).toBeLessThan(3);
  },
);

// Last, since simulations that nobody awaits any more still take their turns in the threads.
it('a simulation without end is ended, and neither holds other requests nor lets more wait than may', async () => {
  const began = performance.now();
  const rest = new AbortController();
  // Which of them the server takes first, and which it refuses, is up to the network.
  const all = Array.from({ length: 25 }, () => simulate(rest.signal));
  const admitted = Promise.any(
    all.map(async (asked) => {
      const response = await asked;
      if (response.status === 503) throw new Error('refused');
      return response;
    }),
  );
  const probing = slowestProbe(admitted);
  const refused = await Promise.race(all);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  expect(await refused.json()).toMatchObject({ code: 'busy' });
  const definition = { tasks: [{ name: 'a', action: 'core.noop', on_success: 'b' }] };
  const { body } = await harness.call('POST', `${url}/validate`, { definition });
  expect(body.data.issues).toMatchObject([{ code: 'unknown_task' }]);

  const answer = await admitted;
  const took = performance.now() - began;
  const { code, data } = (await answer.json()) as { code?: string; data?: { error: { type: string } } };
  // A fast machine counts all the work that a run may do before its time is over.
  expect([
    [422, 'work_exceeded'],
    [200, 'limit_exceeded'],
  ]).toContainEqual([answer.status, code ?? data?.error.type]);
  expect(await probing).toBeLessThan(took / 2);
  rest.abort();
  await Promise.allSettled(all);
});
