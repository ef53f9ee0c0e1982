import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { RequestError } from '../../console/client/request-error.ts';
import { readPageProps } from '../../console/routing/page-props.ts';

// A browser is an address, a document that becomes visible, and an API to ask.

type Client = typeof import('../../console/client/request.ts');
type Sessions = typeof import('../../console/client/session.ts');

const page = Object.assign(new EventTarget(), { visibilityState: 'visible', querySelector: () => null });
const api = vi.fn<(path: string, init: RequestInit) => Promise<Response>>();
let client: Client;
let sessions: Sessions;

beforeAll(async () => {
  vi.stubGlobal('document', page);
  vi.stubGlobal('location', { pathname: '/console/runs', search: '', origin: 'http://127.0.0.1' });
  vi.stubGlobal('fetch', api);
  client = await import('../../console/client/request.ts');
  sessions = await import('../../console/client/session.ts');
  sessions.watchSession();
});
afterEach(() => api.mockReset());
afterAll(() => vi.unstubAllGlobals());

const json = (status: number, body: unknown) => Response.json(body, { status });
const who = (subject: string, csrf: string) =>
  json(200, { data: { subject, tenant: 'default', csrf, permissions: [] } });

describe('an answer', () => {
  const broken = () => {
    const body = new ReadableStream({ pull: (stream) => stream.error(new TypeError('network error')) });
    return new Response(body, { headers: { 'x-request-id': 'r-1' } });
  };

  it.each<[string, () => Response, (path: string) => Promise<unknown>]>([
    ['that breaks off', broken, (path) => client.request(path)],
    [
      'that is no JSON',
      () => new Response('<html>', { headers: { 'x-request-id': 'r-1' } }),
      (path) => client.request(path),
    ],
    ['of text that breaks off', broken, (path) => client.requestText(path)],
  ])('%s is an error of the request', async (_, answer, read) => {
    api.mockResolvedValueOnce(answer());
    const error = await read('/executions').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RequestError);
    expect(error).toMatchObject({ status: 0, code: 'unreadable', requestId: 'r-1' });
  });

  it.each(['"3-abc"', 'W/"3-abc"'])('with the tag %s has the one that the API knows again', async (etag) => {
    api.mockResolvedValueOnce(Response.json({ data: 1 }, { headers: { etag } }));
    expect(await client.requestTagged('/rules/a')).toEqual({ body: { data: 1 }, tag: '"3-abc"' });
  });

  it.each([
    [[{ path: '/parameters/commit' }, { path: '/when' }], 'parameters'],
    [[{ path: '' }], null],
    [undefined, null],
  ])('that refuses with the issues %j is about the field %s', async (issues, control) => {
    api.mockResolvedValueOnce(json(400, { error: 'no', code: 'rule_invalid', issues }));
    await expect(client.request('/rules')).rejects.toMatchObject({ message: 'no', control });
  });

  it('that nobody waits for any more is none', async () => {
    const stop = new AbortController();
    api.mockImplementationOnce(async () => {
      stop.abort();
      return broken();
    });
    await expect(client.request('/executions', { signal: stop.signal })).rejects.toThrow(TypeError);
  });
});

describe('a request', () => {
  it.each([
    [true, '1'],
    [false, null],
  ])('of the page itself (%j) says so', async (isBackground, header) => {
    api.mockResolvedValueOnce(json(200, {}));
    await client.request('/executions', { isBackground });
    expect(new Headers(api.mock.calls[0]![1].headers).get('x-background')).toBe(header);
  });
});

describe('somebody who signs in in another window', () => {
  const signIn = async () => {
    api.mockResolvedValueOnce(who('ann', 'c-1'));
    await sessions.signIn({ key: 'k' });
  };
  const known = () => [sessions.session.value?.subject, client.csrfToken.value];

  it('is known at once, also where nobody was signed in', async () => {
    const other = new BroadcastChannel('fermata-session');
    for (const [subject, token] of [
      ['ann', 'c-1'],
      ['ben', 'c-2'],
    ] as const) {
      api.mockResolvedValueOnce(who(subject, token));
      other.postMessage('signed in');
      await expect.poll(known).toEqual([subject, token]);
    }
    api.mockResolvedValueOnce(json(401, { code: 'session_invalid' }));
    other.postMessage('signed out');
    await expect.poll(known).toEqual([undefined, null]);
    other.close();
  });

  it('is known once the window is looked at', async () => {
    await signIn();
    api.mockResolvedValueOnce(who('ben', 'c-2'));
    page.dispatchEvent(new Event('visibilitychange'));
    await expect.poll(known).toEqual(['ben', 'c-2']);
    expect(new Headers(api.mock.lastCall![1].headers).get('x-background')).toBe('1');
  });

  it('is known once an act is refused, which can be tried again', async () => {
    await signIn();
    api.mockResolvedValueOnce(json(403, { error: 'x-csrf-token must …', code: 'csrf_invalid' }));
    api.mockResolvedValueOnce(who('ann', 'c-2'));
    await expect(client.request('/executions/7/pause', { method: 'POST' })).rejects.toMatchObject({
      message: 'Another window has signed in. Try again.',
    });
    await expect.poll(known).toEqual(['ann', 'c-2']);
  });

  it('is not asked for while the window is hidden, or nobody is signed in', async () => {
    await signIn();
    page.visibilityState = 'hidden';
    page.dispatchEvent(new Event('visibilitychange'));
    page.visibilityState = 'visible';
    api.mockResolvedValueOnce(new Response(null, { status: 204 }));
    await sessions.signOut();
    page.dispatchEvent(new Event('visibilitychange'));
    expect(api).toHaveBeenCalledTimes(2);
  });

  it('does not undo that somebody signs out meanwhile', async () => {
    await signIn();
    let answer = (_: Response) => {};
    api.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
    page.dispatchEvent(new Event('visibilitychange'));
    api.mockResolvedValueOnce(new Response(null, { status: 204 }));
    await sessions.signOut();
    const late = who('ann', 'c-1');
    answer(late);
    await expect.poll(() => late.bodyUsed).toBe(true);
    await new Promise((later) => setTimeout(later));
    expect(known()).toEqual([undefined, null]);
  });
});

it.each([
  [['', '42', 'log'], { of: '42', tab: 'log' }],
  [['', 'a%20b'], { of: 'a b', tab: '' }],
  [[''], { of: '', tab: '' }],
  [['', '%E0%A4%A'], null],
])('the parts %j of an address are %j', (found, props) => {
  expect(readPageProps(found)).toEqual(props);
});
