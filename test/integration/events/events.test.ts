import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';

let harness: ApiHarness;
let stranger: string;

beforeAll(async () => {
  harness = await createApiHarness('events', { worker: false });
  await harness.call('POST', '/api/v1/tenants', { ref: 'acme', label: 'Acme' });
  const made = await harness.call('POST', '/api/v1/keys', { subject: 'eve', tenant: 'acme', roles: ['admin'] });
  stranger = made.body.data.key;
});

afterAll(() => harness.close());

const post = (body: unknown, headers: Record<string, string> = {}) =>
  harness.call('POST', '/api/v1/events', body, headers);
const asStranger = (method: string, path: string, body?: unknown) =>
  harness.call(method, path, body, { 'x-api-key': stranger });

it('does what docs/events.md shows', async () => {
  const page = readFileSync('docs/events.md', 'utf8');
  const [event, shown] = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, text]) => JSON.parse(text!));
  const answer = await post(event);
  expect(answer.status).toBe(202);
  expect(answer.body).toEqual({ data: { ...shown.data, id: expect.any(Number) } });
  const { id } = answer.body.data;
  expect(answer.headers.get('location')).toBe(`/api/v1/events/${id}`);
  const read = await harness.call('GET', `/api/v1/events/${id}`);
  expect(read.body.data).toMatchObject({ ...event, id, principal: 'dev', source: '/principals/dev', webhook: null });
  expect((await post(event)).body.data).toEqual({ ...answer.body.data, duplicate: true });
});

it('takes CloudEvents, and gives them back', async () => {
  const cloud = {
    specversion: '1.0',
    id: 'c-1',
    source: '/shop',
    type: 'com.example.paid',
    subject: 'orders/7',
    time: '2026-11-01T03:00:00.5+01:00',
    datacontenttype: 'application/json',
    traceparent: '00-1-2-3',
    data: { total: 12.5, note: 'U+0000 \0 stays' },
  };
  const type = { 'content-type': 'application/cloudevents+json' };
  const { body } = await post(cloud, type);
  const get = (accept: string) =>
    fetch(`${harness.api.url}/api/v1/events/${body.data.id}`, { headers: { 'x-api-key': DEV_KEY, accept } });
  const back = await get('text/html, application/cloudevents+json;q=0.9');
  expect(back.headers.get('content-type')).toBe('application/cloudevents+json');
  expect(await back.json()).toEqual(cloud);
  expect((await get('application/json')).headers.get('content-type')).toContain('application/json');

  const batch = await post([cloud, { ...cloud, id: 'c-2' }], { 'content-type': 'application/cloudevents-batch+json' });
  expect(batch.body.data.map(({ duplicate }: { duplicate: boolean }) => duplicate)).toEqual([true, false]);
  const refused = await post(
    [
      { ...cloud, id: 'c-3' },
      { ...cloud, type: 'a b' },
    ],
    {
      'content-type': 'application/cloudevents-batch+json',
    },
  );
  expect(refused).toMatchObject({ status: 400, body: { issues: [{ path: '/1/type' }] } });
  expect((await harness.call('GET', '/api/v1/events?event_id=c-3')).body.data).toEqual([]);
});

it('lists events by filters, by page and on from a cursor, and refuses what it does not know', async () => {
  const ids: number[] = [];
  for (const at of [0, 1, 2]) ids.unshift((await post({ type: `com.list.a${at}`, subject: `s${at}` })).body.data.id);
  const list = async (query: string) => (await harness.call('GET', `/api/v1/events?${query}`)).body;
  const all = await list('type=com.list.*');
  expect(all.data.map(({ id }: { id: number }) => id)).toEqual(ids);
  expect(all).toMatchObject({ pagination: { total_items: 3 }, next_cursor: null, total_is_lower_bound: false });
  expect(all.data[0]).not.toHaveProperty('payload');
  const first = await list('type=com.list.*&limit=2');
  const rest = await list(`type=com.list.*&limit=2&cursor=${first.next_cursor}`);
  expect([...first.data, ...rest.data].map(({ id }) => id)).toEqual(ids);
  expect(rest.next_cursor).toBeNull();
  expect((await list('type=com.list.*&page=2&per_page=2')).data.map(({ id }: { id: number }) => id)).toEqual([ids[2]]);
  expect((await list('subject=s1&state=received,')).code).toBe('request_invalid');
  for (const query of ['typ=x', 'page=1&cursor=1', 'per_page=1&limit=1', 'cursor=x', 'type=a.*.b', 'page=100000']) {
    expect(await list(query), query).toMatchObject({ status: 400, code: 'request_invalid' });
  }
});

it('keeps the events of tenants apart, also where they have the same identity', async () => {
  const event = { type: 'com.example.same', source: '/one', event_id: 'same' };
  const { id } = (await post(event)).body.data;
  const other = (await asStranger('POST', '/api/v1/events', event)).body.data;
  expect(other.duplicate).toBe(false);
  expect(other.id).not.toBe(id);
  expect(await asStranger('GET', `/api/v1/events/${id}`)).toMatchObject({
    status: 404,
    body: { code: 'event_not_found' },
  });
  const seen = (await asStranger('GET', '/api/v1/events?event_id=same')).body.data;
  expect(seen.map((row: { id: number }) => row.id)).toEqual([other.id]);
});

it('is in no audit log: an event is its own record', async () => {
  await post({ type: 'com.example.audited', payload: { reason: 'x' } });
  const log = (await harness.call('GET', '/api/v1/audit')).body.data;
  expect(log.filter(({ operation }: { operation: string }) => operation.includes('/events'))).toEqual([]);
});

it('lets no caller claim an enforcement that Fermata gives', async () => {
  const start = (enforcement: number) =>
    harness.call('POST', '/api/v1/executions', { action_ref: 'core.noop', enforcement });
  for (const enforcement of [4_294_967_296, 4_294_967_297, Number.MAX_SAFE_INTEGER]) {
    expect(await start(enforcement)).toMatchObject({
      status: 400,
      body: { code: 'enforcement_reserved', issues: [{ path: '/enforcement' }] },
    });
  }
  expect((await start(4_294_967_295)).body.data).toMatchObject({ enforcement: 4_294_967_295, mode: 'trigger' });
});
