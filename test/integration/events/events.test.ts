import { readFileSync } from 'node:fs';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';
import { readMatchPages } from './match-pages.ts';

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

describe('an event of the past', () => {
  const get = async (path: string) => (await harness.call('GET', path)).body.data;
  const replay = (id: number, body: object = {}, headers: Record<string, string> = {}) =>
    harness.call('POST', `/api/v1/events/${id}/replay`, body, headers);

  beforeAll(async () => {
    await harness.call('POST', '/api/v1/packs', { ref: 'past', label: 'Past' });
  });

  async function makeRule(name: string, more: object) {
    const rule = { ref: `past.${name}`, pack_ref: 'past', label: name, action_ref: 'core.noop', ...more };
    const { status, body } = await harness.call('POST', '/api/v1/rules', rule);
    expect(status, JSON.stringify(body)).toBe(201);
  }

  /** The refs of the rules that an event has matched, once each has started its run, but for those that fail to. */
  async function matchesOf(event: number, failing: string[] = []): Promise<string[]> {
    await until(
      () => get(`/api/v1/events/${event}`),
      ({ state }) => state === 'planned',
    );
    const found = await until(
      () => get(`/api/v1/enforcements?event=${event}`),
      (rows: { rule_ref: string; status: string }[]) => rows.every(({ status }) => status !== 'pending'),
    );
    const failed = found.filter(({ status }) => status !== 'started');
    expect(failed.map(({ rule_ref }) => rule_ref)).toEqual(failing);
    return found.map(({ rule_ref }) => rule_ref).sort();
  }

  it('is replayed as a new one, which the rules of today match, or those alone that are named', async () => {
    const type = 'com.past.replayed';
    await makeRule('first', { type });
    const sent = { type, subject: 's', payload: { n: [1.5, 'a\0b'] }, time: '2026-11-01T03:00:00Z' };
    const { id } = (await post({ ...sent, event_id: 'once' })).body.data;
    expect(await matchesOf(id)).toEqual(['past.first']);
    const before = await get(`/api/v1/events/${id}`);
    await makeRule('second', { type });
    const answer = await replay(id, { reason: 'the second rule came late' });
    expect(answer).toMatchObject({ status: 202, body: { data: { id: expect.any(Number), replay_of: id } } });
    const again = answer.body.data.id;
    expect(answer.headers.get('location')).toBe(`/api/v1/events/${again}`);
    expect(await matchesOf(again)).toEqual(['past.first', 'past.second']);
    const { event_id, ...replayed } = await get(`/api/v1/events/${again}`);
    expect(event_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(replayed).toMatchObject({ ...sent, source: before.source, depth: 0, replay_of: id, webhook: null });
    const one = (await replay(id, { rules: ['past.second'] })).body.data.id;
    expect(await matchesOf(one)).toEqual(['past.second']);
    const explained = (await readMatchPages(harness, one)).flat();
    expect(explained.filter(({ rule_ref }) => rule_ref.startsWith('past.'))).toMatchObject([
      { rule_ref: 'past.first', matched: false, reason: { code: 'not_asked' }, would_start: null, enforcement: null },
      { rule_ref: 'past.second', matched: true, reason: null, would_start: { workflow: 'core.noop' } },
    ]);
    const tested = await harness.call('POST', '/api/v1/rules/past.first/test', { event: one });
    expect(tested.body.data).toMatchObject({ matched: false, reason: { code: 'not_asked' }, would_start: null });
    expect(await get(`/api/v1/events/${id}`)).toEqual(before);
    const found: { id: number }[] = await get(`/api/v1/events?replay_of=${id}`);
    expect(found.map((row) => row.id)).toEqual([one, again]);
    const log: { target: string; operation: string; reason: string | null }[] = await get('/api/v1/audit');
    expect(log.find(({ reason }) => reason === 'the second rule came late')).toMatchObject({
      operation: 'POST /api/v1/events/:id/replay',
      target: `/api/v1/events/${id}/replay`,
    });

    expect(await replay(id, { rules: ['past.none'] })).toMatchObject({ status: 404, body: { code: 'rule_not_found' } });
    expect(await replay(id, { rules: [] })).toMatchObject({ status: 400, body: { code: 'request_invalid' } });
    expect(await replay(1_999_999)).toMatchObject({ status: 404, body: { code: 'event_not_found' } });
    expect(await asStranger('POST', `/api/v1/events/${id}/replay`, {})).toMatchObject({
      status: 404,
      body: { code: 'event_not_found' },
    });
  });

  it('is replayed once for a key, also by requests at the same time', async () => {
    const { id } = (await post({ type: 'com.past.key' })).body.data;
    const key = { 'idempotency-key': 'replay-1' };
    const answers = await Promise.all([1, 2, 3].map(() => replay(id, { reason: 'r' }, key)));
    expect(new Set(answers.map(({ body }) => body.data.id)).size).toBe(1);
    expect((await replay(id, { reason: 'r' }, key)).body.data.id).toBe(answers[0]!.body.data.id);
    expect((await replay(id, { reason: 'other' }, key)).body.code).toBe('idempotency_mismatch');
    expect(await get(`/api/v1/events?replay_of=${id}`)).toHaveLength(1);
  });

  it('is not replayed with a payload that the schema of its trigger refuses by now', async () => {
    const type = 'com.past.declared';
    const trigger = { ref: 'past.declared', pack_ref: 'past', label: 'D', type };
    const { id } = (await post({ type, payload: { a: 'text' } })).body.data;
    await harness.call('POST', '/api/v1/triggers', { ...trigger, schema: { properties: { a: { type: 'number' } } } });
    expect(await replay(id)).toMatchObject({
      status: 400,
      body: { code: 'payload_invalid', issues: [{ path: '/payload/a' }] },
    });
    await harness.call('PUT', '/api/v1/triggers/past.declared', { schema: { properties: { a: { type: 'string' } } } });
    const { body } = await replay(id);
    expect(await get(`/api/v1/events/${body.data.id}`)).toMatchObject({ trigger_ref: 'past.declared' });
  });

  it('is erased for good, but not while something is to be started for it', async () => {
    const type = 'com.past.erased';
    await makeRule('erasing', { type });
    await makeRule('quoting', { type, parameters: { x: '{{ event.payload[event.payload.mail] }}' } });
    const erase = (id: number, headers: Record<string, string> = {}) =>
      harness.call('DELETE', `/api/v1/events/${id}`, undefined, headers);
    const event = { type, subject: 'ann@example.com', payload: { mail: 'ann@example.com' }, event_id: 'erased' };
    // Nothing is started while this lasts, as while Temporal is down.
    await harness.database.db.execute(sql`create function wait_for_erasure() returns trigger language plpgsql as $$
      begin new.not_before := now() + interval '1 hour'; return new; end $$`);
    await harness.database.db.execute(
      sql`create trigger wait before insert on enforcements for each row execute function wait_for_erasure()`,
    );
    const { id } = (await post(event)).body.data;
    await until(
      () => get(`/api/v1/events/${id}`),
      ({ state }) => state === 'planned',
    );
    expect(await erase(id)).toMatchObject({ status: 409, body: { code: 'enforcement_pending' } });
    await harness.database.db.execute(sql`drop function wait_for_erasure cascade`);
    await harness.database.db.execute(sql`update enforcements set not_before = null`);
    expect(await matchesOf(id, ['past.quoting'])).toEqual(['past.erasing', 'past.quoting']);
    const [quoting] = await get(`/api/v1/enforcements?event=${id}&rule=past.quoting`);
    expect(quoting).toMatchObject({
      status: 'failed',
      reason: { message: expect.stringContaining('ann@example.com') },
    });

    const operator = await harness.call('POST', '/api/v1/keys', { subject: 'op', roles: ['operator'] });
    expect((await erase(id, { 'x-api-key': operator.body.data.key })).status).toBe(403);
    expect(await asStranger('DELETE', `/api/v1/events/${id}`)).toMatchObject({
      status: 404,
      body: { code: 'event_not_found' },
    });
    expect((await erase(id)).status).toBe(200);
    // As an earlier version has left it.
    const { reason } = quoting;
    await harness.database.db.execute(
      sql`update enforcements set reason = ${JSON.stringify(reason)} where id = ${quoting.id}`,
    );
    expect((await erase(id)).status).toBe(200);
    const erased = await get(`/api/v1/events/${id}`);
    expect(erased).toMatchObject({ type, payload: null, headers: {}, extensions: {}, subject: null, matches: 2 });
    expect(erased.erased).not.toBeNull();
    expect(
      await harness.database.db.execute(sql`select 1 from events where payload::text like '%ann@%'`),
    ).toMatchObject({
      rows: [],
    });
    const message = 'the message was erased with the event';
    const [failed, enforcement] = await get(`/api/v1/enforcements?event=${id}`);
    expect(failed.reason).toEqual({ code: 'template_error', message });
    expect(await get(`/api/v1/enforcements/${enforcement.id}`)).toMatchObject({ status: 'started', parameters: null });
    const run = await get(`/api/v1/executions/${enforcement.execution}`);
    expect((await get(`/api/v1/automation/executions/${run.uuid}`)).trigger_data).toBeNull();
    expect(await replay(id)).toMatchObject({ status: 409, body: { code: 'event_erased' } });
    expect((await post(event)).body.data).toMatchObject({ id, duplicate: true });
    const test = (body: object) => harness.call('POST', '/api/v1/rules/past.erasing/test', body);
    expect(await test({ event: id })).toMatchObject({ status: 409, body: { code: 'event_erased' } });
    expect((await test({ recent: 5 })).body.data).toMatchObject({ considered: 0, limited_by: null });
  });
});
