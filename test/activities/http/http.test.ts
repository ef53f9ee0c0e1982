import { ApplicationFailure } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createActivities } from '../../../activities/activities.ts';
import { ACTIONS } from '../../../activities/catalog.ts';
import { createEgress } from '../../../egress/egress.ts';
import type { Json } from '../../../model/json.ts';
import { Permits } from '../../../model/permits.ts';
import { createWebServer, type WebServer } from '../../integration/support/web-server.ts';
import { createAttempt } from '../activity.ts';

const egress = createEgress({ allowed: ['loopback'] });
let web: WebServer;
beforeAll(async () => {
  web = await createWebServer();
});
afterAll(async () => {
  web.open();
  await web.close();
  await egress.close();
});

const run = (input: object, info: object = {}, action = 'core.http'): Promise<Json> =>
  createAttempt({ activityType: action, startToCloseTimeoutMs: 20_000, ...info }).run(
    createActivities(
      ACTIONS,
      { egress, connect: async () => null, secretOf: async () => null, isAuthentic: async () => true },
      new Permits(10),
    ).default!,
    input,
  ) as Promise<Json>;
const failure = async (input: object, info: object = {}, action = 'core.http'): Promise<ApplicationFailure> => {
  const error = await run(input, info, action).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApplicationFailure);
  return error as ApplicationFailure;
};

describe('core.http', () => {
  it('gives status, headers, parsed body and duration', async () => {
    expect(await run({ url: `${web.url}/ok` })).toEqual({
      status_code: 200,
      headers: expect.objectContaining({ 'content-type': 'application/json' }),
      encoding: 'json',
      body: { ok: true },
      duration_ms: expect.any(Number),
    });
  });

  /** A URL whose answer is of these bytes. */
  const said = (bytes: Buffer | string, headers: string[], status = 200) => {
    const query = new URLSearchParams({ base64: Buffer.from(bytes).toString('base64'), status: String(status) });
    for (const header of headers) query.append('header', header);
    return `${web.url}/said?${query}`;
  };

  it.each<[name: string, bytes: string | Buffer, headers: string[], found: object]>([
    [
      'Latin-1',
      Buffer.from('caf\xe9', 'latin1'),
      ['content-type: text/plain; charset=iso-8859-1'],
      { encoding: 'text', body: 'café' },
    ],
    [
      'an image',
      Buffer.from([0x89, 0x50, 0xff, 0]),
      ['content-type: image/png'],
      { encoding: 'base64', body: 'iVD/AA==' },
    ],
    ['nothing', '', ['content-type: application/json'], { encoding: 'none', body: null }],
    [
      'one cookie',
      '{}',
      ['content-type: application/json', 'set-cookie: a=1; Path=/'],
      { headers: { 'set-cookie': ['a=1; Path=/'] } },
    ],
    [
      'several cookies, and several of another header',
      '{}',
      ['set-cookie: a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'set-cookie: b=2', 'x-a: 1', 'x-a: 2'],
      { headers: { 'set-cookie': ['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b=2'], 'x-a': '1, 2' } },
    ],
  ])('gives %s as it is', async (_, bytes, headers, found) => {
    expect(await run({ url: said(bytes, headers) })).toMatchObject(found);
  });

  it.each([
    ['HEAD', 200, '{"a":1}'],
    ['GET', 204, ''],
    ['DELETE', 205, ''],
    ['POST', 201, ''],
  ])('gives no body of an answer without one: %s, %i', async (method, status, body) => {
    expect(await run({ url: said(body, ['content-type: application/json'], status), method })).toMatchObject({
      status_code: status,
      encoding: 'none',
      body: null,
    });
  });

  it('refuses JSON whose numbers would change, and does not try again; text is given where it is asked for', async () => {
    const url = said('{"a":[1,7615917337495251231]}', ['content-type: application/json']);
    const { type, message, nonRetryable, details } = await failure({ url });
    expect([type, nonRetryable, details?.[1]]).toMatchObject(['output_invalid', true, { code: 'NUMBER_INEXACT' }]);
    expect(message).toContain(
      'responded with JSON in which /a/1 is 7615917337495251231, which a JSON number cannot represent exactly',
    );
    expect(await run({ url, big_numbers: 'text' })).toMatchObject({ body: { a: [1, '7615917337495251231'] } });
    const infinite = said('1e400', ['content-type: application/json']);
    expect((await failure({ url: infinite, big_numbers: 'text' })).type).toBe('output_invalid');
  });

  it.each([
    ['{"id":7615917337495251231}', { id: '7615917337495251231' }],
    ['{"id":1e400}', '{"id":1e400}'],
  ])('an unexpected answer keeps its status, whatever its body is: %s', async (text, body) => {
    const url = said(text, ['content-type: application/json', 'retry-after: 7'], 503);
    const error = await failure({ url });
    expect([error.type, error.details?.[0], error.nextRetryDelay]).toMatchObject([
      'http_error',
      { status_code: 503, body },
      7_000,
    ]);
  });

  it('does not reach what it may not, and does not try again', async () => {
    const { type, message, nonRetryable } = await failure({ url: 'http://10.0.0.1/' });
    expect([type, message, nonRetryable]).toEqual(['egress_denied', '10.0.0.1 may not be reached', true]);
  });

  it.each([
    ['/text', 'plain {"a":1}'],
    ['/broken', '{"a":'],
  ])('leaves a body that is no JSON as text: %s', async (path, body) => {
    expect(await run({ url: web.url + path })).toMatchObject({ body });
  });

  it.each([
    [
      { method: 'POST', body: { a: 1 } },
      { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } },
    ],
    [
      { method: 'PUT', body: 'text' },
      { method: 'PUT', body: 'text' },
    ],
    [{ method: 'POST', form: { a: 'x y', b: 2 } }, { body: 'a=x+y&b=2' }],
    [{ query: { q: 'ä&', n: 1, t: true } }, { url: '/echo?q=%C3%A4%26&n=1&t=true' }],
    [{ query: { q: ['a b', 2], n: [] } }, { url: '/echo?q=a+b&q=2' }],
    [{ form: { a: ['x', true], b: 'y' }, method: 'POST' }, { body: 'a=x&a=true&b=y' }],
    [{ headers: { 'X-Own': '1' } }, { headers: { 'x-own': '1' } }],
    [{ auth: { bearer: 'token' } }, { headers: { authorization: 'Bearer token' } }],
    [{ auth: { username: 'u', password: 'p' } }, { headers: { authorization: 'Basic dTpw' } }],
  ])('sends %j', async (input, sent) => {
    expect(await run({ url: `${web.url}/echo`, ...input })).toMatchObject({ body: sent });
  });

  it('follows a redirect unless it is told not to', async () => {
    expect(await run({ url: `${web.url}/redirect` })).toMatchObject({ status_code: 200 });
    const input = { url: `${web.url}/redirect`, follow_redirects: false, expect: [302] };
    expect(await run(input)).toMatchObject({ status_code: 302, headers: { location: '/ok' } });
  });

  it('takes the statuses that are expected for success, and fails on others with what came', async () => {
    expect(await run({ url: `${web.url}/status/404`, expect: [404] })).toMatchObject({ status_code: 404 });
    expect(await run({ url: `${web.url}/status/418`, expect: ['200-299', '400-499'] })).toMatchObject({
      status_code: 418,
    });
    const error = await failure({ url: `${web.url}/status/503` }, { attempt: 3 });
    expect(error).toMatchObject({ type: 'http_error', nonRetryable: false });
    expect(error.details).toMatchObject([
      { status_code: 503, body: { was: 503 } },
      { code: 'HTTP_503', attempt: 3 },
    ]);
    expect(error.stack).toBe('');
  });

  it('fails with the code of the system when nobody answers', async () => {
    const error = await failure({ url: 'http://127.0.0.1:1/' });
    expect([error.type, error.details?.[1]]).toEqual([
      'http_error',
      { attempt: 1, code: expect.stringMatching(/^[A-Z_]+$/) },
    ]);
  });

  it('fails with timeout after its own timeout', async () => {
    expect(await failure({ url: `${web.url}/wait`, timeout: 0.05 })).toMatchObject({
      type: 'timeout',
      nonRetryable: false,
    });
  });

  it('fails with too_large, once, on an answer that no payload can hold', async () => {
    expect(await failure({ url: `${web.url}/big` })).toMatchObject({ type: 'too_large', nonRetryable: true });
  });
});

describe('a secret', () => {
  const SECRET = "can'ary /ü of & 7";
  let other: WebServer;
  beforeAll(async () => {
    other = await createWebServer();
  });
  afterAll(() => other.close());

  /** Sends a secret in some places of an input to a server that redirects to another origin. */
  async function redirected(input: object, secrets: Record<string, unknown>, status: number): Promise<unknown> {
    const url = `${web.url}/redirect?status=${status}&to=${encodeURIComponent(`${other.url}/echo`)}`;
    const activities = createActivities(
      ACTIONS,
      { egress, connect: async () => null, secretOf: async () => SECRET, isAuthentic: async () => true },
      new Permits(10),
    );
    return createAttempt({ activityType: 'core.http', startToCloseTimeoutMs: 20_000 })
      .run(...([activities.default!, { url, ...input }, { tenant: 'a', secrets }] as const))
      .catch((error: ApplicationFailure) => [error.type, error.nonRetryable, error.message.includes(SECRET)]);
  }
  const WHOLE = [{ secret: 'A' }];

  it('in a header goes to no other origin; other headers do', async () => {
    const found = await redirected({ headers: { 'x-a': '', 'x-b': 'b' } }, { '/headers/x-a': ['k ', ...WHOLE] }, 302);
    const { headers } = (found as { body: { headers: Record<string, string> } }).body;
    expect([headers['x-a'], headers['x-b']]).toEqual([undefined, 'b']);
  });

  it.each<[string, object, Record<string, unknown>]>([
    ['text', { body: '' }, { '/body': ['a ', ...WHOLE] }],
    ['JSON', { body: { a: '' } }, { '/body/a': WHOLE }],
    ['form', { form: { a: '' } }, { '/form/a': WHOLE }],
  ])('in a body of %s is not sent on', async (_, input, secrets) => {
    const before = other.asked.length;
    expect(await redirected({ method: 'POST', ...input }, secrets, 307)).toEqual(['redirect_refused', true, false]);
    expect(other.asked.length).toBe(before);
    // A request without its body may go on.
    expect(await redirected({ method: 'POST', ...input }, secrets, 303)).toMatchObject({ status_code: 200 });
  });

  it('that is not in the body does not keep it back', async () => {
    const found = await redirected({ method: 'POST', body: 'b', headers: { a: '' } }, { '/headers/a': WHOLE }, 308);
    expect(found).toMatchObject({ body: { method: 'POST', body: 'b' } });
  });

  it('in a host that may not be reached is masked', async () => {
    const activities = createActivities(
      ACTIONS,
      {
        egress: createEgress({ denied: ['0.0.0.0/0'] }),
        connect: async () => null,
        secretOf: async () => 'LocalHost',
        isAuthentic: async () => true,
      },
      new Permits(10),
    );
    const failed = await createAttempt({ activityType: 'core.http', startToCloseTimeoutMs: 20_000 })
      .run(
        ...([activities.default!, { url: '' }, { tenant: 'a', secrets: { '/url': ['http://', ...WHOLE] } }] as const),
      )
      .catch((error: ApplicationFailure) => [error.type, error.message]);
    expect(failed).toEqual(['egress_denied', '******** may not be reached']);
  });
});

describe('every action', () => {
  it('fails with timeout when its attempt takes longer than it may, ten seconds before the backstop', async () => {
    const error = await failure({ url: `${web.url}/wait` }, { startToCloseTimeoutMs: 10_100 });
    expect(error).toMatchObject({ type: 'timeout', message: 'the attempt took longer than 0.1 seconds' });
  });

  it('fails with input_invalid, once, and every path', async () => {
    const error = await failure({ url: 'ftp://x', headers: { a: 1 }, nope: 1 });
    expect(error).toMatchObject({ type: 'input_invalid', nonRetryable: true });
    const paths = (error.details![0] as { path: string }[]).map(({ path }) => path);
    expect(paths.sort()).toEqual(['/headers/a', '/nope', '/url']);
  });

  it('fails with action_unavailable, once, when it is not made', async () => {
    for (const action of ['nothing.at_all', 'toString']) {
      expect(await failure({}, {}, action)).toMatchObject({ type: 'action_unavailable', nonRetryable: true });
    }
  });

  it('ends as cancelled when it is cancelled', async () => {
    const environment = createAttempt({ activityType: 'core.http', startToCloseTimeoutMs: 20_000 });
    const running = environment.run(
      createActivities(
        ACTIONS,
        { egress, connect: async () => null, secretOf: async () => null, isAuthentic: async () => true },
        new Permits(10),
      ).default!,
      {
        url: `${web.url}/wait`,
      },
    );
    environment.cancel();
    await expect(running).rejects.toThrow(/CANCELLED/);
  });
});
