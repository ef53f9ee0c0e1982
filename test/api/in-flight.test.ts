import { expect, it } from 'vitest';
import { AppError } from '../../model/app-error.ts';
import type { Principal } from '../../model/principal.ts';
import { createTestApp } from './test-app.ts';

/** The API for two tenants, `a` and `b`, whose principals are called `a1`, `b2`; explanations and events wait until they are told to end. */
function scene() {
  const explaining: (() => void)[] = [];
  const explain = (_: Principal, id: string) =>
    new Promise((_, reject) => explaining.push(() => reject(new AppError('execution_not_found', `no ${id}`))));
  const posting: (() => void)[] = [];
  const accept = () => new Promise((resolve) => posting.push(() => resolve([{ id: 1 }])));
  const watches = {
    watch: async (_: Principal, _id: string, { signal }: { signal: AbortSignal }) => {
      async function* entries() {
        yield { type: 'log', id: '1', entry: { message: 'x' } };
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      }
      return { found: { execution: { closed: null } }, entries: entries() };
    },
  };
  const authenticate = async (key?: string): Promise<Principal> => {
    const [, tenant = '', number = ''] = /^([ab])(\d+)$/.exec(key ?? '') ?? [];
    if (tenant === '') throw new AppError('unauthenticated', 'no such key');
    return {
      id: tenant.charCodeAt(0) * 100 + Number(number),
      subject: `${tenant}${number}`,
      tenant,
      tenantRef: tenant,
      kind: 'person',
      onBehalfOf: null,
      roles: [],
      permissions: ['execution:read', 'execution:execute'],
      groups: [],
    };
  };
  const app = createTestApp(
    {},
    { principals: { authenticate }, explanations: { explain }, intake: { accept }, watches },
  );
  const ask = async (key: string, path: string, signal?: AbortSignal) =>
    app.request(path, { headers: { 'x-api-key': key }, ...(signal === undefined ? {} : { signal }) });
  return {
    ask,
    posted: async (key: string) =>
      app.request('/api/v1/events', {
        method: 'POST',
        headers: { 'x-api-key': key, 'content-type': 'application/json' },
        body: JSON.stringify({ type: 'com.example.sold' }),
      }),
    posting,
    explained: (key: string) => ask(key, '/api/v1/executions/1/explain'),
    /** Lets so many explanations end, once as many have begun. */
    end: async (count: number) => {
      await expect.poll(() => explaining.length, { interval: 1 }).toBeGreaterThanOrEqual(count);
      for (const stop of explaining.splice(0, count)) stop();
    },
    begun: () => explaining.length,
  };
}

it('a tenant has 100 requests in flight, whoever of it asks; then it is busy, and nobody else', async () => {
  const { explained, ask, end, begun } = scene();
  const first = Array.from({ length: 100 }, (_, n) => explained(`a${n % 3}`));
  await expect.poll(begun, { interval: 1 }).toBe(100);
  for (const key of ['a0', 'a9']) {
    const refused = await explained(key);
    expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toMatchObject([
      ...[503, expect.stringMatching(/^\d+$/)],
      { code: 'busy', error: 'this tenant has 100 requests in progress, the most that are allowed at once' },
    ]);
  }
  expect((await ask('a0', '/healthz')).status).toBe(200);
  const other = explained('b1');
  await expect.poll(begun, { interval: 1 }).toBe(101);
  await end(1);
  expect((await Promise.race(first)).status).toBe(404);
  const again = explained('a0');
  await expect.poll(begun, { interval: 1 }).toBe(101);
  await end(101);
  expect((await Promise.all([...first, other, again])).map(({ status }) => status)).toEqual(Array(102).fill(404));
});

it('100 requests with events of a tenant are in flight, apart from its others; then the next one is to be sent again', async () => {
  const { explained, posted, posting, end } = scene();
  const events = Array.from({ length: 100 }, (_, n) => posted(`a${n % 3}`));
  await expect.poll(() => posting.length, { interval: 1 }).toBe(100);
  const refused = await posted('a9');
  expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toMatchObject([
    ...[429, '1'],
    {
      code: 'rate_limited',
      error: 'this tenant has 100 requests with events in progress, the most that are allowed at once',
    },
  ]);
  const others = Array.from({ length: 100 }, () => explained('a1'));
  await end(100);
  expect((await Promise.all(others)).map(({ status }) => status)).toEqual(Array(100).fill(404));
  for (const stop of posting.splice(0)) stop();
  expect((await Promise.all(events)).map(({ status }) => status)).toEqual(Array(100).fill(202));
  const again = posted('a9');
  await expect.poll(() => posting.length, { interval: 1 }).toBe(1);
  posting[0]!();
  expect((await again).status).toBe(202);
});

it('requests that were refused or answered are not in flight, however they ended', async () => {
  const { ask, explained, end } = scene();
  for (let n = 0; n < 110; n += 1) {
    expect((await ask('a1', '/api/v1/nothing')).status).toBe(404);
    expect((await ask('a1', '/api/v1/workflows')).status).toBe(403);
    const made = explained('a1');
    await end(1);
    expect((await made).status).toBe(404);
  }
});

it('open streams are not in flight', async () => {
  const { ask, explained, end } = scene();
  const stop = new AbortController();
  const streams: Response[] = [];
  // Each of six principals opens as many as a principal may have, ten at once: a stream is in flight until it begins.
  while (streams.length < 120) {
    const opened = Array.from({ length: 60 }, (_, n) => ask(`a${n % 6}`, '/api/v1/executions/1/events', stop.signal));
    streams.push(...(await Promise.all(opened)));
  }
  expect(streams.map(({ status }) => status)).toEqual(Array(120).fill(200));
  const made = explained('a1');
  await end(1);
  expect((await made).status).toBe(404);
  stop.abort();
  await Promise.all(streams.map((stream) => stream.body?.cancel()));
});
