import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness, DEV_KEY } from './api-harness.ts';

let harness: ApiHarness;
const url = '/api/v1/workflows';

/** Each item takes little, and all of them more than any request may. */
const MANY_ITEMS = {
  ...{ ref: 'examples.many_items', pack_ref: 'examples', label: 'Many items', version: '1.0.0' },
  definition: {
    tasks: [
      {
        ...{ name: 'a', action: 'core.transform', with_items: '{{ range(0, 50000) }}' },
        input: { data: '{{ range(0, 1000) | sum }}' },
      },
    ],
  },
};

beforeAll(async () => {
  harness = await createApiHarness('hostile', { worker: false });
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

it('a simulation without end is refused, and neither holds other requests nor lets more wait than may', async () => {
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
  expect([answer.status, await answer.json()]).toMatchObject([422, { code: 'work_exceeded' }]);
  expect(await probing).toBeLessThan(took / 10);
  rest.abort();
  await Promise.allSettled(more);
});
