import { createHmac } from 'node:crypto';
import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import { type HookApp, openHookApp, type Reply, type Sent, signedLike } from './hook-app.ts';

const SECRET = 'a secret of the sender';
const BODY = '{"ref":"refs/heads/main","nested":{"list":[1,2]}}';

let app: HookApp;
beforeAll(async () => {
  app = await openHookApp();
});
afterAll(() => app.close());

let names = 0;

/** Content of an answer or of a row. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into values of every kind
type Found = any;

/** Creates a webhook, and gives the path of its URL. */
async function create(
  fields: object = {},
  who = 'ann',
  at = app,
): Promise<{ path: string; name: string; data: Found }> {
  names += 1;
  const name = `hook-${names}`;
  const { status, body } = await at.call(who, 'POST', '/api/v1/webhooks', {
    name,
    preset: 'github',
    ...('preset' in fields ? {} : { secret: SECRET }),
    ...fields,
  });
  expect([status, body.code]).toEqual([201, undefined]);
  return { path: new URL(body.data.url).pathname, name, data: body.data };
}

const signed = (body: string | Uint8Array = BODY, more: Record<string, string | string[]> = {}): Sent => ({
  headers: { ...signedLike(SECRET, body), ...more },
  body,
});

const open = (more: object = {}) => create({ preset: 'none', insecure: true, ...more });

/** Returns a stored event. */
async function eventOf(id: number): Promise<Found> {
  const { rows } = (await app.database.db.execute(sql`select * from events where id = ${id}`)) as unknown as {
    rows: Record<string, unknown>[];
  };
  return rows[0];
}

/** Returns what a sender is told, but for the id of the request and the time. */
function told({ status, headers, body }: Reply) {
  const { 'x-request-id': _, date: __, ...rest } = headers;
  return { status, headers: rest, body: { ...body, request_id: 'any' } };
}

describe('a signed request', () => {
  it('becomes an event, with what it says about itself', async () => {
    const { path, name } = await create({ keep_headers: ['X-Region'] });
    const sent = signed(BODY, { 'x-github-delivery': 'd-1', 'x-region': 'eu', 'user-agent': 'GitHub-Hookshot/1' });
    const { status, body } = await app.send(path, sent);
    expect([status, body]).toEqual([202, { data: { id: expect.any(Number), duplicate: false } }]);
    expect(await eventOf(body.data.id)).toMatchObject({
      tenant: app.tenants.ann,
      event_id: 'd-1',
      type: 'com.github.push',
      source: `/hooks/${name}`,
      webhook: name,
      verified: true,
      payload: JSON.parse(BODY),
      content_type: 'application/json',
      headers: {
        'user-agent': 'GitHub-Hookshot/1',
        'content-type': 'application/json',
        'x-github-event': 'push',
        'x-github-delivery': 'd-1',
        'x-region': 'eu',
      },
      principal: null,
      // Whoever has made the webhook could have sent it.
      starters: ['ann'],
    });
    const { body: shown } = await app.call('ann', 'GET', `/api/v1/webhooks/${name}`);
    expect(shown.data.last_event).toEqual({ id: body.data.id, at: new Date(app.now.value).toISOString() });
  });

  it('is taken once for each delivery id, of each webhook', async () => {
    const [one, two] = [await create(), await create()];
    const sent = signed(BODY, { 'x-github-delivery': 'd-2' });
    const first = await app.send(one.path, sent);
    const again = await app.send(one.path, signed('{}', { 'x-github-delivery': 'd-2' }));
    expect([again.status, again.body.data]).toEqual([202, { id: first.body.data.id, duplicate: true }]);
    expect((await app.send(two.path, sent)).body.data.duplicate).toBe(false);
  });

  it('without a delivery id is an event each time', async () => {
    const { path } = await create();
    const [one, two] = [await app.send(path, signed()), await app.send(path, signed())];
    expect([one.body.data.duplicate, two.body.data.duplicate]).toEqual([false, false]);
  });

  it('needs no key of the API, and none counts: nor a cookie, a tenant or a wrong key', async () => {
    const { path } = await create();
    const more = {
      authorization: 'Bearer fmt_wrong',
      'x-api-key': 'bob',
      'x-tenant-id': app.tenants.bob,
      cookie: 'fermata_session=x',
    };
    const { status, body } = await app.send(path, signed(BODY, more));
    expect([status, (await eventOf(body.data.id)).tenant]).toEqual([202, app.tenants.ann]);
  });

  it('is refused after one byte of its body was changed, and everything refused reads alike', async () => {
    const { path, name } = await create();
    const { 'x-hub-signature-256': signature, ...unsigned } = signedLike(SECRET, BODY);
    const attempts: Sent[] = [
      { headers: signedLike(SECRET, BODY), body: BODY.replace('1', '3') },
      { headers: { ...unsigned }, body: BODY },
      { headers: { ...unsigned, 'x-hub-signature-256': 'sha256=zz' }, body: BODY },
      { headers: { ...unsigned, 'x-hub-signature-256': [signature!, `sha256=${'0'.repeat(64)}`] }, body: BODY },
      { headers: signedLike('another secret', BODY), body: BODY },
      { headers: { ...signedLike(SECRET, BODY), 'content-type': 'application/xml' }, body: `${BODY} ` },
      { headers: signedLike('another secret', '{'), body: '{' },
    ];
    const answers = [];
    for (const attempt of attempts) answers.push(told(await app.send(path, attempt)));
    expect(answers[0]).toMatchObject({ status: 401, body: { code: 'signature_invalid' } });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    const { body } = await app.call('ann', 'GET', `/api/v1/webhooks/${name}`);
    const at = new Date(app.now.value).toISOString();
    expect(body.data).toMatchObject({ refusals: { count: attempts.length, last: { at, reason: 'mismatch' } } });
    expect(body.data.last_event).toBeNull();
  });

  it('has its reason counted for the owner', async () => {
    const { path, name } = await create({ preset: 'stripe', secret: SECRET });
    const sign = (seconds: number) => {
      const signature = createHmac('sha256', SECRET).update(`${seconds}.{}`).digest('hex');
      return { 'content-type': 'application/json', 'stripe-signature': `t=${seconds},v1=${signature}` };
    };
    const now = Math.floor(app.now.value / 1000);
    const cases: [Record<string, string>, string][] = [
      [{}, 'missing_header'],
      [{ 'stripe-signature': 'x' }, 'malformed'],
      [sign(now - 302), 'stale'],
      [sign(now + 302), 'stale'],
      [{ ...sign(now), 'stripe-signature': `t=${now},v1=${'0'.repeat(64)}` }, 'mismatch'],
    ];
    for (const [index, [headers, reason]] of cases.entries()) {
      expect((await app.send(path, { headers, body: '{}' })).status).toBe(401);
      const { body } = await app.call('ann', 'GET', `/api/v1/webhooks/${name}`);
      expect([body.data.refusals.count, body.data.refusals.last.reason]).toEqual([index + 1, reason]);
    }
    expect((await app.send(path, { headers: sign(now), body: '{}' })).status).toBe(202);
    const { body: listed } = await app.call('ann', 'GET', '/api/v1/webhooks');
    const shown = listed.data.find((each: { name: string }) => each.name === name);
    expect([shown.refusals.count, shown.last_event]).toEqual([
      cases.length,
      { id: expect.any(Number), at: expect.any(String) },
    ]);
  });
});

describe('a key', () => {
  it('that is unknown, malformed, of a disabled or of a deleted webhook is answered alike, whatever is sent', async () => {
    const disabled = await create({ enabled: false });
    const deleted = await create();
    await app.call('ann', 'DELETE', `/api/v1/webhooks/${deleted.name}`);
    const foreign = await create({ enabled: false }, 'bob');
    const unknown = `/hooks/whk_${'A'.repeat(43)}`;
    const paths = [
      disabled.path,
      deleted.path,
      foreign.path,
      unknown,
      '/hooks/x',
      '/hooks/whk_%00',
      '/hooks/',
      '/hooks',
    ];
    const first = told(await app.send(unknown, signed()));
    expect(first).toMatchObject({ status: 404, body: { code: 'webhook_not_found', error: 'webhook not found' } });
    for (const path of [...paths, '/hooks/a/b']) {
      for (const sent of [signed(), { headers: { 'content-length': '99999999' } }, { body: 'x', headers: {} }]) {
        const { headers, ...rest } = told(await app.send(path, sent));
        expect([path, rest]).toEqual([path, { status: 404, body: first.body }]);
        expect(headers['www-authenticate']).toBeUndefined();
      }
    }
  });

  it('is valid again as soon as its webhook is', async () => {
    const { path, name } = await create();
    const statusAfter = async (enabled: boolean) => {
      await app.call('ann', 'PUT', `/api/v1/webhooks/${name}`, { enabled });
      return (await app.send(path, signed())).status;
    };
    expect([await statusAfter(false), await statusAfter(true)]).toEqual([404, 202]);
  });

  it('ends with a rotation, or after the time for which it is kept', async () => {
    const { path, name } = await create();
    const rotate = async (body?: object) => {
      const answer = await app.call('ann', 'POST', `/api/v1/webhooks/${name}/rotate`, body ?? {});
      expect(answer.status).toBe(200);
      return new URL(answer.body.data.url).pathname;
    };
    const statuses = async (...paths: string[]) => {
      const all = [];
      for (const each of paths) all.push((await app.send(each, signed())).status);
      return all;
    };
    const second = await rotate();
    expect(await statuses(path, second)).toEqual([404, 202]);
    const third = await rotate({ keep: 60 });
    expect(await statuses(path, second, third)).toEqual([404, 202, 202]);
    app.now.value += 60_000;
    expect(await statuses(second, third)).toEqual([404, 202]);
    const fourth = await rotate({ keep: 60 });
    const fifth = await rotate({ keep: 60 });
    // One old key at a time.
    expect(await statuses(third, fourth, fifth)).toEqual([404, 202, 202]);
  });

  it('leads to its own tenant, also where both have webhooks of one name', async () => {
    const name = 'shared';
    const [ours, theirs] = [await create({ name }), await create({ name }, 'bob')];
    const sent = signed(BODY, { 'x-github-delivery': 'd-3' });
    const [one, two] = [await app.send(ours.path, sent), await app.send(theirs.path, sent)];
    expect([one.body.data.duplicate, two.body.data.duplicate]).toEqual([false, false]);
    expect((await eventOf(one.body.data.id)).tenant).toBe(app.tenants.ann);
    expect((await eventOf(two.body.data.id)).tenant).toBe(app.tenants.bob);
    await app.call('bob', 'DELETE', `/api/v1/webhooks/${name}`);
    expect([(await app.send(ours.path, sent)).status, (await app.send(theirs.path, sent)).status]).toEqual([202, 404]);
  });

  it('and secrets are in no answer but the first, in no row and in no log', async () => {
    const { path, name, data } = await create();
    const key = path.split('/').at(-1)!;
    expect(data).toMatchObject({ key, key_prefix: key.slice(0, 8), secrets: 1, secret: null });
    expect(key).toMatch(/^whk_[\w-]{43}$/);
    const { rows } = (await app.database.db.execute(sql`select * from webhooks where name = ${name}`)) as never as {
      rows: object[];
    };
    const answers = [
      await app.call('ann', 'GET', `/api/v1/webhooks/${name}`),
      await app.call('ann', 'GET', '/api/v1/webhooks'),
      await app.call('ann', 'PUT', `/api/v1/webhooks/${name}`, { label: 'x' }),
      await app.send(path, { method: 'GET' }),
      await app.send(path, { headers: {}, body: 'x' }),
    ];
    const texts = [JSON.stringify(rows), ...answers.map(({ text }) => text), ...app.log];
    for (const text of texts) expect([text.includes(key), text.includes(SECRET)]).toEqual([false, false]);
  });
});

it('an event has the trigger of its type or of its webhook, and is invalid where the schema refuses its payload', async () => {
  const schema = { type: 'object', required: ['ref'] };
  await app.declare('ann', { ref: 'shop.push', type: 'com.github.push', schema });
  await app.declare('ann', { ref: 'shop.sold', type: 'com.example.sold', schema: null });
  const [typed, named] = [await create(), await open({ trigger_ref: 'shop.sold' })];
  const of = async (path: string, sent: Sent) => {
    const { status, body } = await app.send(path, sent);
    const { type, trigger_ref, state, issues } = await eventOf(body.data.id);
    return [status, type, trigger_ref, state, issues.map(({ path: at, code }: Found) => `${code} ${at}`)];
  };
  expect(await of(typed.path, signed())).toEqual([202, 'com.github.push', 'shop.push', 'received', []]);
  const invalid = [202, 'com.github.push', 'shop.push', 'invalid', ['required /payload/ref']];
  expect(await of(typed.path, signed('{}'))).toEqual(invalid);
  const body = '{"type":"com.example.other"}';
  expect(await of(named.path, { headers: { 'content-type': 'application/json' }, body })).toEqual([
    ...[202, 'com.example.sold', 'shop.sold', 'received', []],
  ]);
  const foreign = await create({}, 'bob');
  expect(await of(foreign.path, signed('{}'))).toEqual([202, 'com.github.push', null, 'received', []]);
});

it('other methods are not allowed, and a preflight request is allowed nothing', async () => {
  const { path } = await create();
  for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE']) {
    const { status, headers } = await app.send(path, { method, headers: { origin: 'https://portal.example.com' } });
    expect([method, status, headers.allow]).toEqual([method, 405, 'POST, OPTIONS']);
  }
  const headers = { origin: 'https://portal.example.com', 'access-control-request-method': 'POST' };
  const preflight = await app.send(path, { method: 'OPTIONS', headers });
  expect([preflight.status, preflight.text]).toEqual([204, '']);
  const sent = await app.send(path, { ...signed(BODY, { origin: 'https://portal.example.com' }) });
  for (const answer of [preflight, sent]) {
    expect(Object.keys(answer.headers).filter((name) => /^access-control|^set-cookie/.test(name))).toEqual([]);
  }
});

describe('a body', () => {
  it.each<[string, string | undefined, unknown]>([
    ['application/json', '{"a":[1,null]}', { a: [1, null] }],
    ['application/json; charset=utf-8', '"\\u0000"', '\u0000'],
    ['application/vnd.api+json', '[]', []],
    ['application/x-www-form-urlencoded', 'a=1&b=%C3%BC&a=2', { a: ['1', '2'], b: 'ü' }],
    ['application/x-www-form-urlencoded', `payload=${encodeURIComponent('{"a":1}')}`, { a: 1 }],
    ['application/x-www-form-urlencoded', 'payload=x&more=1', { payload: 'x', more: '1' }],
    ['text/plain', 'café', 'café'],
    ['text/xml', '<a>&x;</a>', '<a>&x;</a>'],
    ['application/xml', undefined, null],
  ])('of %s is read: %s', async (type, body, payload) => {
    const { path } = await open();
    const answer = await app.send(path, { headers: { 'content-type': type }, ...(body === undefined ? {} : { body }) });
    expect(answer.status).toBe(202);
    expect((await eventOf(answer.body.data.id)).payload).toEqual(payload);
    expect((await eventOf(answer.body.data.id)).verified).toBe(false);
  });

  it('of a CloudEvent is taken as one', async () => {
    const { path, name } = await open();
    const cloud = {
      specversion: '1.0',
      id: 'c-1',
      source: '/shop',
      type: 'com.example.sold',
      subject: 'o-1',
      data: { a: 1 },
    };
    const structured = await app.send(path, {
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify(cloud),
    });
    const wanted = {
      event_id: 'c-1',
      source: '/shop',
      type: 'com.example.sold',
      subject: 'o-1',
      payload: { a: 1 },
      webhook: name,
    };
    expect(await eventOf(structured.body.data.id)).toMatchObject(wanted);
    const binary = await app.send(path, {
      headers: {
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': 'c-1',
        'ce-source': '/shop',
        'ce-type': 'com.example.sold',
      },
      body: '{}',
    });
    expect(binary.body.data).toEqual({ id: structured.body.data.id, duplicate: true });
    const invalid = await app.send(path, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...cloud, id: undefined }),
    });
    expect([invalid.status, invalid.body.issues]).toEqual([
      400,
      [expect.objectContaining({ path: '/id', code: 'required' })],
    ]);
    const send = (change: object) =>
      app.send(path, {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...cloud, id: 'c-2', ...change }),
      });
    for (const reserved of [
      { type: 'io.fermata.execution.failed' },
      { source: '/principals/ann' },
      { source: '/hooks/other' },
    ]) {
      const refused = await send(reserved);
      expect([reserved, refused.status, refused.body.code]).toEqual([reserved, 400, 'type_reserved']);
    }
    expect((await send({ source: `/hooks/${name}` })).status).toBe(202);
  });

  it.each<[string, Record<string, string>, string | Uint8Array, number, string]>([
    ['of another type', { 'content-type': 'application/xml' }, '<a/>', 415, 'unsupported_media_type'],
    ['without a type', {}, 'x', 415, 'unsupported_media_type'],
    [
      'that is compressed',
      { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      '{}',
      415,
      'unsupported_media_type',
    ],
    ['that is no JSON', { 'content-type': 'application/json' }, '{', 400, 'json_malformed'],
    [
      'that is too deep',
      { 'content-type': 'application/json' },
      '['.repeat(101) + ']'.repeat(101),
      400,
      'request_invalid',
    ],
    ['that is no UTF-8', { 'content-type': 'text/plain' }, Buffer.from([0xff]), 400, 'request_invalid'],
    [
      'with too many fields',
      { 'content-type': 'application/x-www-form-urlencoded' },
      'a&'.repeat(1_000),
      400,
      'request_invalid',
    ],
    ['that is too large', { 'content-type': 'text/plain' }, 'x'.repeat(1024 * 1024 + 1), 413, 'body_too_large'],
  ])('%s is refused', async (_, headers, body, status, code) => {
    const { path } = await open();
    const answer = await app.send(path, { headers, body });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('that is too large is refused without Content-Length, too, and as large as allowed is taken', async () => {
    const { path } = await open();
    const headers = { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' };
    const refused = await app.send(path, { headers, body: 'x'.repeat(1024 * 1024 + 1) });
    expect([refused.status, refused.body.code, refused.headers.connection]).toEqual([413, 'body_too_large', 'close']);
    const quoted = JSON.stringify('x'.repeat(1024 * 1024 - 2));
    const taken = await app.send(path, { headers: { ...headers, 'content-type': 'application/json' }, body: quoted });
    expect(taken.status).toBe(202);
  });

  it('is verified before it is read', async () => {
    const { path } = await create();
    expect((await app.send(path, { headers: { 'content-type': 'application/json' }, body: '{' })).status).toBe(401);
    const body = Buffer.from([0x22, 0xff, 0x22]);
    const signedBytes = await app.send(path, { headers: signedLike(SECRET, body), body });
    expect([signedBytes.status, signedBytes.body.code]).toEqual([400, 'json_malformed']);
  });
});

it('Slack’s check of the URL is answered if it is signed, and is no event', async () => {
  const { path, name } = await create({ preset: 'slack', secret: SECRET });
  const body = JSON.stringify({ type: 'url_verification', challenge: 'c-1', token: 'x' });
  const seconds = Math.floor(app.now.value / 1000);
  const signature = createHmac('sha256', SECRET).update(`v0:${seconds}:${body}`).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'x-slack-request-timestamp': String(seconds),
    'x-slack-signature': `v0=${signature}`,
  };
  const answer = await app.send(path, { headers, body });
  expect([answer.status, answer.body]).toEqual([200, { challenge: 'c-1' }]);
  expect((await app.send(path, { headers: { ...headers, 'x-slack-signature': 'v0=00' }, body })).status).toBe(401);
  const { body: shown } = await app.call('ann', 'GET', `/api/v1/webhooks/${name}`);
  expect([shown.data.last_event, shown.data.refusals.count]).toEqual([null, 1]);
});

it('nothing that anybody sends is answered with an error of ours, and no key is logged', async () => {
  const hooks = [await open(), await create(), await create({ preset: 'slack', secret: SECRET })];
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constantFrom('{"type":"url_verification","challenge":1}', 'payload='),
  );
  const types = fc.constantFrom(
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    ';',
    '',
  );
  const headers = fc.dictionary(
    fc.constantFrom(
      'ce-specversion',
      'ce-id',
      'ce-type',
      'ce-source',
      'ce-time',
      'content-encoding',
      'x-github-event',
      'user-agent',
      'idempotency-key',
      'x-slack-signature',
    ),
    fc
      .oneof(fc.constantFrom('1.0', 'identity', '%', '%ff', '2026-01-01T00:00:00Z'), fc.string({ maxLength: 40 }))
      .map((text) => text.replaceAll(/[^\t -~]/g, '?')),
  );
  const bodies = fc.oneof(texts, fc.uint8Array());
  await fc.assert(
    fc.asyncProperty(fc.nat(2), types, headers, bodies, fc.boolean(), async (at, type, more, body, isSigned) => {
      const bytes = Buffer.from(body);
      const sent = { ...(isSigned ? signedLike(SECRET, bytes) : {}), ...more, 'content-type': type };
      const { status } = await app.send(hooks[at]!.path, { headers: sent, body: bytes });
      expect([200, 202, 400, 401, 413, 415]).toContain(status);
    }),
    { numRuns: 200 },
  );
  for (const { data } of hooks) expect(app.log.filter((line) => line.includes(data.key))).toEqual([]);
});

describe('with a limit', () => {
  let limited: HookApp;
  beforeAll(async () => {
    limited = await openHookApp({
      hookRate: 2,
      intake: {
        accept: async () => {
          throw new AppError('database_unavailable', 'the database does not respond');
        },
      },
    });
  });
  afterEach(() => void vi.useRealTimers());
  afterAll(() => limited.close());

  it('a webhook is refused beyond it before its body is read, and others are not', async () => {
    const [one, two] = [await create({}, 'ann', limited), await create({}, 'ann', limited)];
    const tooLarge = { headers: { 'content-length': '99999999' } };
    // All of them are in one second, however busy the machine is.
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
    const answers = await Promise.all([1, 2, 3, 4].map(() => limited.send(one.path, tooLarge)));
    vi.useRealTimers();
    expect(answers.map(({ status }) => status).sort()).toEqual([413, 413, 429, 429]);
    for (const { status, headers } of answers) expect(headers['retry-after']).toBe(status === 429 ? '1' : undefined);
    expect((await limited.send(two.path, tooLarge)).status).toBe(413);
  });

  it('an event that cannot be recorded is answered 503, and logged without the URL', async () => {
    const { path, data } = await create({}, 'ann', limited);
    const { status, body } = await limited.send(path, signed());
    expect([status, body.code]).toEqual([503, 'database_unavailable']);
    expect(limited.log.some((line) => line.includes('"route":"/hooks/:key"'))).toBe(true);
    expect(limited.log.filter((line) => line.includes(data.key) || line.includes(path))).toEqual([]);
  });
});
