import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createWatchService } from '../../../service/executions/live-events/service.ts';
import { createTemporal } from '../../../temporal/gateway.ts';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';
import { all, readStreamEvents, type StreamEvent } from './event-stream.ts';

const BASE = '/api/v1/executions';
let harness: ApiHarness;

beforeAll(async () => {
  harness = await createApiHarness('streams');
  const definition = {
    tasks: [
      { name: 'hello', action: 'core.log', input: { message: 'hello' } },
      { name: 'wait', action: 'core.wait_signal', input: { name: 'go' } },
      { name: 'get', action: 'core.http', input: { url: `${harness.api.url}/healthz` } },
    ],
  };
  const body = { ref: 'examples.followed', pack_ref: 'examples', label: 'f', version: '1.0.0', definition };
  expect((await harness.call('POST', '/api/v1/workflows', body)).status).toBe(201);
});
afterAll(() => harness.close());

const start = async (ref: string) =>
  (await harness.call('POST', BASE, { action_ref: ref })).body.data as { id: number; workflow_id: string };

function open(path: string, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
  return fetch(harness.api.url + path, { headers: { 'x-api-key': DEV_KEY, ...headers }, ...(signal && { signal }) });
}

describe('a stream', () => {
  it('ends once its key is revoked, or its principal is disabled or given other roles, and not before', async () => {
    const { id } = await start('examples.followed');
    const keyOf = async (subject: string) =>
      (await harness.call('POST', '/api/v1/keys', { subject, roles: ['viewer'] })).body.data as {
        id: number;
        key: string;
      };
    const [revoked, disabled, demoted] = [await keyOf('revoked'), await keyOf('disabled'), await keyOf('demoted')];
    const paths = [`${BASE}/${id}/events`, `${BASE}/events`];
    const follow = async (key: string) => {
      const opened = await Promise.all(paths.map((path) => open(path, { 'x-api-key': key })));
      return opened.map((response) => all(readStreamEvents(response)));
    };
    const [ofRevoked, ofDisabled] = [await follow(revoked.key), await follow(disabled.key)];
    const ofDemoted = await follow(demoted.key);
    const others = [...ofDisabled, ...ofDemoted];
    let left = others.length;
    for (const stream of others) {
      void stream.then(() => {
        left -= 1;
      });
    }
    expect((await harness.call('DELETE', `/api/v1/keys/${revoked.id}`)).status).toBe(200);
    for (const events of await Promise.all(ofRevoked)) {
      expect(events.at(-1)).toMatchObject({ event: 'end', data: { reason: 'credential_ended' } });
    }
    expect(left).toBe(4);
    expect((await harness.call('POST', '/api/v1/principals/disabled/disable')).status).toBe(200);
    await Promise.all(ofDisabled);
    const body = { subject: 'demoted', roles: [], permissions: ['workflow:read'] };
    expect((await harness.call('POST', '/api/v1/keys', body)).status).toBe(201);
    await Promise.all(ofDemoted);
    await harness.call('POST', `${BASE}/${id}/terminate`);
  });
});

describe('the events of an execution', () => {
  it('tell what happens to it and its tasks, and end with it; behind any of them the rest is told, once', async () => {
    const { id } = await start('examples.followed');
    const followed = all(readStreamEvents(await open(`${BASE}/${id}/events`)));
    await until(
      () => harness.call('GET', `${BASE}/${id}`),
      ({ body }) => body.data.waiting_for[0]?.kind === 'signal',
    );
    await harness.call('POST', `${BASE}/${id}/signal`, { name: 'go' });
    const events = await followed;
    const shown = events.flatMap(({ event, data }) =>
      event === 'log' ? [] : [[event, data.task ?? null, data.status].filter((part) => part !== null).join(' ')],
    );
    expect(shown).toEqual([
      ...['execution requested', 'task hello completed', 'task wait running', 'execution running'],
      ...['task wait completed', 'task get scheduled', 'execution running', 'task get completed'],
      ...['execution completed', 'end completed'],
    ]);
    const changes = events.filter(({ event }) => event === 'task').map(({ data }) => data);
    expect(changes[0]).toMatchObject({ id: id + 1, parent: id, task: 'hello', name: 'hello', visit: 1, item: null });
    const { data: rows } = (await harness.call('GET', `${BASE}/${id}/tasks`)).body;
    for (const key of ['hello', 'wait', 'get']) {
      const { started, ended, child, error } = rows.find((row: { key: string }) => row.key === key);
      expect(changes.findLast(({ task }) => task === key)).toMatchObject({ started, ended, child, error });
    }
    expect(changes.map(({ task, was }) => [task, was])).toEqual([
      ['hello', null],
      ['wait', null],
      ['wait', 'running'],
      ['get', null],
      ['get', 'scheduled'],
    ]);
    const logs = events.filter(({ event }) => event === 'log').map(({ data }) => data);
    expect(logs).toEqual(expect.arrayContaining((await harness.call('GET', `${BASE}/${id}/logs`)).body.data));
    expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
    const last = events.at(-1)!;
    expect((await open(`${BASE}/${id}/events`, { 'last-event-id': last.id })).status).toBe(204);
    for (const [index, event] of events.slice(0, -1).entries()) {
      const rest = await all(readStreamEvents(await open(`${BASE}/${id}/events`, { 'last-event-id': event.id })));
      expect(rest).toEqual(events.slice(index + 1));
    }
    // A page cannot set the header before it connects again; then the header is newer than the query.
    const query = (event: StreamEvent) => `?last_event_id=${encodeURIComponent(event.id)}`;
    expect((await open(`${BASE}/${id}/events${query(last)}`)).status).toBe(204);
    const again = await open(`${BASE}/${id}/events${query(events[0]!)}`, { 'last-event-id': events[3]!.id });
    expect(await all(readStreamEvents(again))).toEqual(events.slice(4));
    expect((await open(`${BASE}/${id}/events?last_event_id=x`)).status).toBe(400);
  });

  it('are refused to who may not read the run, and behind an id that no event had', async () => {
    const { id } = await start('core.noop');
    expect((await open(`${BASE}/${id}/events`, { 'x-api-key': 'nobody' })).status).toBe(401);
    expect((await open(`${BASE}/1024/events`)).status).toBe(404);
    const wrong = await open(`${BASE}/${id}/events`, { 'last-event-id': 'nonsense' });
    expect([wrong.status, ((await wrong.json()) as { code: string }).code]).toEqual([400, 'request_invalid']);
  });

  it('are read from Temporal once, however many listen, and no more when nobody does', async () => {
    const temporal = createTemporal({ connection: harness.connection, namespace: 'streams' });
    let follows = 0;
    const counted = {
      ...temporal,
      follow: (...args: Parameters<typeof temporal.follow>) => {
        follows += 1;
        return temporal.follow(...args);
      },
    };
    const watches = createWatchService({
      temporal: counted,
      executions: harness.api.executions,
      pool: { runInThread: () => Promise.reject(new Error('a small run needs no thread')) },
      log: pino({ level: 'silent' }),
    });
    const principal = await harness.api.principals.authenticate(DEV_KEY);
    const { id } = await start('examples.followed');
    const leaving = new AbortController();
    const lists = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const signal = index < 10 ? leaving.signal : new AbortController().signal;
        const seen: string[] = [];
        const { entries } = await watches.watch(principal, String(id), { signal });
        const done = (async () => {
          for await (const entry of entries) seen.push(entry.id);
        })();
        return { seen, done };
      }),
    );
    await until(
      async () => lists.every(({ seen }) => seen.length > 4),
      (some) => some,
    );
    leaving.abort();
    await Promise.all(lists.slice(0, 10).map(({ done }) => done));
    expect(watches.following).toBe(1);
    await harness.call('POST', `${BASE}/${id}/signal`, { name: 'go' });
    await Promise.all(lists.map(({ done }) => done));
    expect(follows).toBe(1);
    expect(new Set(lists.slice(10).map(({ seen }) => seen.join())).size).toBe(1);
    expect(watches.following).toBe(0);
  });
});

describe('the events of all executions', () => {
  it('tell each that changes, and behind any of them nothing is lost or repeated', async () => {
    const stop = new AbortController();
    const stream = readStreamEvents(await open(`${BASE}/events`, {}, stop.signal));
    const started: number[] = [];
    for (let n = 0; n < 5; n += 1) started.push((await start('core.noop')).id);
    const last = new Map<number, string>();
    const seen: StreamEvent[] = [];
    while (started.some((id) => last.get(id) !== 'completed')) {
      const event = (await stream.next()).value as StreamEvent;
      seen.push(event);
      last.set(event.data.id, event.data.status);
    }
    expect(seen.every(({ event }) => event === 'execution')).toBe(true);
    // Behind the first one: those that changed again since are told as they are now.
    const again = readStreamEvents(await open(`${BASE}/events`, { 'last-event-id': seen[0]!.id }, stop.signal));
    const isOurs = ({ data }: StreamEvent) => started.includes(data.id);
    const wanted = new Set(
      seen
        .slice(1)
        .filter(isOurs)
        .map(({ data }) => data.id),
    );
    const repeated: number[] = [];
    while (repeated.length < wanted.size) {
      const event = (await again.next()).value as StreamEvent;
      // The runs of earlier tests may change yet.
      if (!isOurs(event)) continue;
      const { data } = event;
      repeated.push(data.id);
      expect(data.status).toBe('completed');
    }
    expect(new Set(repeated)).toEqual(wanted);
    stop.abort();
  });

  it('tell a run that has changed several times once behind an earlier place, as it is', async () => {
    const stop = new AbortController();
    const stream = readStreamEvents(await open(`${BASE}/events`, {}, stop.signal));
    const first = await start('core.noop');
    let place = (await stream.next()).value as StreamEvent;
    while (place.data.id !== first.id || place.data.status !== 'completed')
      place = (await stream.next()).value as StreamEvent;
    const { id } = await start('examples.followed');
    let told = (await stream.next()).value as StreamEvent;
    while (told.data.id !== id || told.data.status !== 'running') told = (await stream.next()).value as StreamEvent;
    await harness.call('POST', `${BASE}/${id}/signal`, { name: 'go' });
    while (told.data.id !== id || told.data.status !== 'completed') told = (await stream.next()).value as StreamEvent;
    const again = readStreamEvents(await open(`${BASE}/events`, { 'last-event-id': place.id }, stop.signal));
    const statuses: string[] = [];
    while (statuses.at(-1) !== 'completed') {
      const { data } = (await again.next()).value as StreamEvent;
      if (data.id === id) statuses.push(data.status);
    }
    expect(statuses).toEqual(['completed']);
    stop.abort();
  });
});

describe('the log of an execution over a WebSocket', () => {
  const url = (id: number | string) => `${harness.api.url.replace('http', 'ws')}${BASE}/${id}/logs/stream`;

  it('comes entry by entry, and ends with the run', async () => {
    const { id } = await start('examples.followed');
    const socket = new WebSocket(url(id), { headers: { 'x-api-key': DEV_KEY } });
    const frames: { message?: string; type?: string }[] = [];
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    socket.on('message', (data) => frames.push(JSON.parse(String(data))));
    await until(
      async () => frames.map(({ message }) => message),
      (messages) => messages.includes('hello'),
    );
    expect(frames.some(({ type }) => type === 'end')).toBe(false);
    await harness.call('POST', `${BASE}/${id}/signal`, { name: 'go' });
    expect(await closed).toBe(1000);
    expect(frames.at(-1)).toEqual({ type: 'end' });
    const logs = (await harness.call('GET', `${BASE}/${id}/logs`)).body.data;
    expect(frames).toEqual(expect.arrayContaining(logs));
  });

  it('is refused as any request is', async () => {
    const { id } = await start('core.noop');
    const refused = (of: number | string, headers: Record<string, string>) =>
      new Promise<number | undefined>((resolve, reject) => {
        const socket = new WebSocket(url(of), { headers });
        socket.on('unexpected-response', (_, response) => resolve(response.statusCode));
        socket.on('open', () => reject(new Error('it was let in')));
        socket.on('error', () => undefined);
      });
    expect(await refused(id, {})).toBe(401);
    expect(await refused(1024, { 'x-api-key': DEV_KEY })).toBe(404);
    const plain = await harness.call('GET', `${BASE}/${id}/logs/stream`);
    expect([plain.status, plain.body.code]).toEqual([426, 'upgrade_required']);
  });
});
