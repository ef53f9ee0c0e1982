import { createHmac } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { readStreamEvents, type StreamEvent } from '../streams/event-stream.ts';
import { DEV_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';
import { readMatchPages } from './match-pages.ts';
import { openOperations } from './operations.ts';

// Reads about events. There is no worker: what is started stays open.

const { harness, stranger, make, rule, post, get, enforcementsOf } = await openOperations('reads');
afterAll(() => harness.close());

it('says why each rule matches an event or does not, as the rules are now', async () => {
  await rule('why_yes', {
    type: 'com.why.pushed',
    when: 'event.payload.n == 1',
    parameters: { branch: '{{ event.payload.b }}' },
  });
  await rule('why_no', { type: 'com.why.*', when: 'event.payload.n == 2' });
  await rule('why_absent', { type: 'com.why.*', when: 'event.payload.m == 2' });
  await rule('why_hook', { type: 'com.why.pushed', webhook: 'elsewhere', when: 'true == true' });
  await rule('why_other', { type: 'com.why.pulled' });
  const { id } = await post({ type: 'com.why.pushed', payload: { n: 1, b: 'main' } });
  const own = (await enforcementsOf(id))['ops.why_yes'];
  const [run] = await get(`/api/v1/executions?view=wide&event=${id}`);
  expect(run.cause).toMatchObject({ by: 'rule', event: id, rule_ref: 'ops.why_yes', enforcement: own!.id, depth: 0 });
  await harness.call('PUT', '/api/v1/rules/ops.why_yes', { enabled: false, when: 'event.payload.n == 3' });
  const path = `/api/v1/events/${id}/matches`;
  const matches = (await readMatchPages(harness, id)).flat();
  const named = matches.filter(({ rule_ref }) => rule_ref.startsWith('ops.why'));
  expect(named).toMatchObject([
    {
      rule_ref: 'ops.why_yes',
      revision: 2,
      enabled: false,
      matched: false,
      reason: { code: 'condition_false' },
      when: { text: 'event.payload.n == 3', value: false, operands: [{ value: 1 }, { value: 3 }] },
      enforcement: { ...own, rule_revision: 1 },
    },
    { rule_ref: 'ops.why_no', matched: false, reason: { code: 'condition_false' }, enforcement: null },
    { rule_ref: 'ops.why_absent', reason: { code: 'undefined', path: 'event.payload.m' }, enforcement: null },
    { rule_ref: 'ops.why_hook', reason: { code: 'webhook_mismatch' }, webhook: { name: 'elsewhere', matched: false } },
  ]);
  const small = await readMatchPages(harness, id, 2);
  expect(small.flat()).toEqual(matches);
  for (const page of small) expect(page.length).toBeLessThan(3);
  const as = async (key: string, at = path) => {
    const { status, body } = await harness.call('GET', at, undefined, { 'x-api-key': key });
    return [status, body.code];
  };
  expect(await as(stranger)).toEqual([404, 'event_not_found']);
  const { key } = await make('/api/v1/keys', { subject: 'runs-only', permissions: ['execution:read'] });
  expect(await as(key)).toEqual([403, 'permission_missing']);
  for (const query of ['limit=0', 'limit=51', 'cursor=x', 'cursor=-1', 'page=1']) {
    expect((await harness.call('GET', `${path}?${query}`)).body.code, query).toBe('request_invalid');
  }
});

it.each([
  ['/api/v1/events/{id}/matches?cursor=2147483647', 200],
  ['/api/v1/events/{id}/matches?cursor=2147483648', 400],
  ['/api/v1/events/{id}/matches?cursor=999999999999999', 400],
  ['/api/v1/events?cursor=9007199254740991', 200],
  ['/api/v1/events?cursor=9007199254740992', 400],
  ['/api/v1/events?replay_of=9007199254740991', 200],
  ['/api/v1/events?replay_of=9007199254740992', 400],
  ['/api/v1/events?execution=9007199254740991', 200],
  ['/api/v1/events/9007199254740991', 404],
  ['/api/v1/enforcements?cursor=9007199254740991', 200],
  ['/api/v1/enforcements?event=9007199254740991', 200],
  ['/api/v1/enforcements?rule=2147483647', 200],
  ['/api/v1/enforcements?rule=2147483648', 200],
  ['/api/v1/enforcements?rule=9999999999', 200],
  ['/api/v1/enforcements?rule=999999999999999', 200],
  ['/api/v1/enforcements/9007199254740991', 404],
  ['/api/v1/executions?event=9007199254740991', 200],
  ['/api/v1/executions?rule=9999999999', 200],
  ['/api/v1/executions?enforcement=9007199254740991', 200],
  ['/api/v1/executions?executor=2147483648', 400],
  ['/api/v1/executions?search=9007199254740993', 200],
  ['/api/v1/executions/enforcement/9007199254740991', 200],
  ['/api/v1/audit?cursor=9007199254740991', 200],
  ['/api/v1/automation/executions?automation_rule_id=f0000000-0000-8002-8000-ffffffffffff', 200],
  ['/api/v1/automation/rules/f0000000-0000-8002-8000-ffffffffffff', 404],
])('a number is refused only if no row can have it: %s', async (path, status) => {
  const { id } = await post({ type: 'com.numbers.sent', event_id: 'numbers' });
  const answer = await harness.call('GET', path.replace('{id}', id));
  expect(answer.status).toBe(status);
  if (status === 400)
    expect(answer.body).toMatchObject({ code: 'request_invalid', issues: [{ path: expect.any(String) }] });
});

it('a page of matches is cut where its rules say much, and parameters that are too large are not shown', async () => {
  const large = { type: 'com.much.sent', payload: { text: 'x'.repeat(700_000) } };
  const parameters = { branch: '{{ event.payload.text }}' };
  for (const at of [1, 2, 3]) await rule(`much${at}`, { type: large.type, enabled: false, parameters });
  const more = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`p${at}`, '{{ event.payload }}']));
  const huge = { ref: 'ops.huge', pack_ref: 'ops', label: 'x', action_ref: 'core.noop', enabled: false };
  await make('/api/v1/rules', { ...huge, type: large.type, parameters: more });
  const { id } = await post(large);
  const found = await readMatchPages(harness, id);
  const pages = found.map((page) => page.map(({ rule_ref, reason }) => [rule_ref, reason?.code ?? null] as const));
  expect(pages.flat()).toEqual([
    ['ops.much1', null],
    ['ops.much2', null],
    ['ops.much3', null],
    ['ops.huge', 'too_large'],
  ]);
  // On a busy machine a page ends even earlier, since its rules take too long.
  for (const page of pages) expect(page.filter(([ref]) => ref.startsWith('ops.much')).length).toBeLessThan(3);
});

it('a run says by which webhook the event came that began it, and its mode is webhook', async () => {
  const type = 'com.github.push';
  const hook = await make('/api/v1/webhooks', { name: 'pushes', preset: 'github', secret: 'a secret of the sender' });
  await rule('hooked', { type, webhook: 'pushes', parameters: { branch: '{{ event.payload.branch }}' } });
  await rule('hooked_elsewhere', { type, webhook: 'elsewhere' });
  const body = JSON.stringify({ branch: 'main' });
  const headers = {
    'x-github-event': 'push',
    'x-github-delivery': 'd-1',
    'x-hub-signature-256': `sha256=${createHmac('sha256', 'a secret of the sender').update(body).digest('hex')}`,
  };
  const deliver = () => harness.call('POST', `/hooks/${hook.key}`, body, headers);
  const { status, body: answer } = await deliver();
  expect([status, answer]).toEqual([202, { data: { id: expect.any(Number), duplicate: false } }]);
  const { id } = answer.data;
  const { 'ops.hooked': own, ...others } = await enforcementsOf(id);
  expect([own!.status, others]).toEqual(['started', {}]);
  const cause = {
    by: 'rule',
    event: id,
    event_type: type,
    rule: own!.rule,
    rule_ref: 'ops.hooked',
    enforcement: own!.id,
    webhook: 'pushes',
    depth: 0,
  };
  const run = await get(`/api/v1/executions/${own!.execution}`);
  expect(run).toMatchObject({ mode: 'webhook', cause, config: { branch: 'main' }, enforcement: own!.id });
  // A delivery that is repeated is the same event.
  expect((await deliver()).body.data).toEqual({ id, duplicate: true });
  const listed = await get(`/api/v1/executions?view=wide&rule=ops.hooked`);
  expect(listed).toMatchObject([{ id: run.id, mode: 'webhook', cause }]);
});

describe('the stream', () => {
  const STREAM = '/api/v1/events/stream';
  const stops: AbortController[] = [];
  afterAll(() => {
    for (const stop of stops) stop.abort();
  });

  async function open(path: string, headers: Record<string, string> = {}) {
    const stop = new AbortController();
    stops.push(stop);
    const asked = { headers: { 'x-api-key': DEV_KEY, ...headers }, signal: stop.signal };
    return { response: await fetch(harness.api.url + path, asked), stop };
  }

  /** Reads a stream until an entry is the last one that is wanted, and closes it. */
  async function readUntil(
    { response, stop }: Awaited<ReturnType<typeof open>>,
    isLast: (entry: StreamEvent) => boolean,
  ) {
    const seen: StreamEvent[] = [];
    for await (const entry of readStreamEvents(response)) {
      seen.push(entry);
      if (isLast(entry)) break;
    }
    stop.abort();
    return seen;
  }

  /** Follows the stream after an id until an entry is the last one that is wanted. */
  const follow = async (after: string, isLast: (entry: StreamEvent) => boolean) =>
    readUntil(await open(STREAM, { 'last-event-id': after }), isLast);

  const refusalOf = async (response: Response) => {
    const { code } = (await response.json()) as { code: string };
    return [response.status, code];
  };
  const idsOf = (entries: readonly StreamEvent[], kind: string) =>
    entries.filter(({ event }) => event === kind).map(({ data }) => data.id);
  /** Leaves out what happens to the enforcements of tests before. */
  const about = (events: readonly number[], entries: readonly StreamEvent[]) =>
    entries.filter(({ event, data }) => events.includes((event === 'event' ? data.id : data.event) as number));
  const isStarted = (event: number) => (entry: StreamEvent) =>
    entry.event === 'enforcement' && entry.data.event === event && entry.data.status === 'started';

  it('has each event once and each enforcement as it is, continues without loss, and is of one tenant', async () => {
    await rule('streamed', { type: 'com.stream.*' });
    const foreign = await open(STREAM, { 'x-api-key': stranger });
    const live = await open(STREAM);
    const first = (await post({ type: 'com.stream.one', payload: { secret: 1 } })).id;
    const seen = await readUntil(live, isStarted(first));
    expect(idsOf(seen, 'event')).toEqual([first]);
    const [entry] = about([first], seen);
    expect(entry).toMatchObject({ event: 'event', data: { id: first, type: 'com.stream.one' } });
    expect(entry!.data).not.toHaveProperty('payload');
    const [enforcement] = await get(`/api/v1/enforcements?event=${first}`);
    expect(seen.at(-1)!.data).toEqual(enforcement);
    // Changes while nobody listens are sent afterwards, and those that were sent before are not.
    const second = (await post({ type: 'com.stream.two' })).id;
    await enforcementsOf(second);
    const rest = await follow(entry!.id, isStarted(second));
    expect(idsOf(rest, 'event')).toEqual([second]);
    expect(about([first, second], rest).map(({ data }) => data.event ?? data.id)).toEqual(
      expect.arrayContaining([first, second]),
    );
    const after = await follow(rest.at(-2)!.id, isStarted(second));
    expect(after).toEqual(rest.slice(-1));
    const other = await post({ type: 'com.stream.three' }, { 'x-api-key': stranger });
    for await (const own of readStreamEvents(foreign.response)) {
      expect([own.event, own.data.id]).toEqual(['event', other.id]);
      break;
    }
    const opening = (await (await open(STREAM)).response.body!.getReader().read()).value!;
    const [, start] = /^retry: 1000\nid: (.+)\n\n$/.exec(new TextDecoder().decode(opening))!;
    const third = await post({ type: 'com.unwatched.sent', subject: 'somebody' });
    const resume = () => follow(start!, ({ event, data }) => event === 'event' && data.id === third.id);
    expect((await resume()).at(-1)!.data.subject).toBe('somebody');
    await until(
      async () => (await harness.call('DELETE', `/api/v1/events/${third.id}`)).status,
      (status) => status < 300,
    );
    expect((await resume()).at(-1)!.data).toMatchObject({ subject: null, erased: expect.any(String) });
    const refused = await open(STREAM, { 'last-event-id': '1-x' });
    expect(await refusalOf(refused.response)).toEqual([400, 'request_invalid']);
  });

  it('counts with those of executions, and no longer once its client has gone', async () => {
    const { key } = await make('/api/v1/keys', { subject: 'listener', roles: ['viewer'] });
    const enter = (path: string) => open(path, { 'x-api-key': key });
    const opened = await Promise.all(
      Array.from({ length: 20 }, (_, at) => enter(at % 2 === 0 ? STREAM : '/api/v1/executions/events')),
    );
    expect(opened.map(({ response }) => response.status)).toEqual(Array(20).fill(200));
    const refused = await enter(STREAM);
    expect(await refusalOf(refused.response)).toEqual([429, 'too_many_streams']);
    for (const { stop } of opened) stop.abort();
    await until(
      async () => (await enter(STREAM)).response.status,
      (status) => status === 200,
    );
  });
});
