import { beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../../model/app-error.ts';
import type { BrowserSession } from '../../../../service/access/sessions.ts';
import { createTestApp, unreached } from '../../test-app.ts';

// Where a session counts, and what it needs there. test/integration/access/sessions.test.ts has when it ends.

const PATH = '/api/v1/session';
const COOKIE = 'fermata_session=good';
const CSRF = 'the token of the session';

/** A session of somebody who may do nothing: who is let in is told of the permission that is missing. */
const session: BrowserSession = {
  hash: 'hash',
  principal: {
    id: 7,
    subject: 'ann',
    kind: 'person',
    onBehalfOf: null,
    tenant: 'one',
    tenantRef: 'one',
    roles: [],
    permissions: [],
    groups: [],
  },
  keyPrefix: null,
  csrf: CSRF,
  ends: new Date(0),
  idleEnds: new Date(0),
};
const uses: boolean[] = [];
const sessions = {
  find: async (cookie: string, { used }: { used: boolean }) => {
    if (cookie !== 'good') throw new AppError('session_invalid', 'no');
    uses.push(used);
    return session;
  },
};
const app = createTestApp({ bob: [] }, { sessions, payloads: unreached('payloads') });
app.post('/mcp', (context) => context.json({}));

interface Operation {
  method: string;
  path: string;
  counts: boolean;
}
let operations: Operation[];
beforeAll(async () => {
  const { paths } = (await (await app.request('/openapi.json')).json()) as {
    paths: Record<string, Record<string, { tags: string[]; security?: unknown[] }>>;
  };
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { security }]) => security?.length !== 0)
      .map(([method, { tags }]) => ({
        method: method.toUpperCase(),
        path: path.replaceAll(/\{[^}]+\}/g, '1024'),
        counts: !tags.includes('codec') && (!tags.includes('execution management') || path.includes('/executions/')),
      })),
  );
  const others = [
    'POST /mcp',
    'GET /metrics',
    'GET /api/v1',
    'GET /execution/1024/',
    'GET /api/v1/execution/1024/cancel/',
    'GET /api/v1/%65%78%65%63%75%74%69%6F%6E/1024',
    'GET //api/v1/keys',
    'GET /API/v1/keys',
  ].map((line) => ({ method: line.split(' ')[0]!, path: line.split(' ')[1]!, counts: false }));
  operations = [...documented, ...others];
  expect(documented.length).toBeGreaterThan(110);
  expect(documented.filter(({ counts }) => !counts).length).toBeGreaterThan(15);
});

async function ask({ method, path }: Operation, headers: Record<string, string>): Promise<string> {
  const response = await app.request(path, { method, headers });
  if (response.status === 204) return 'let in';
  // Errors of the Automation API have another form.
  const body = (await response.json()) as { code?: string; error?: { code?: string } };
  const code = body.code ?? body.error?.code ?? '';
  return response.status === 401 || code === 'csrf_invalid' ? code : 'let in';
}

const isChange = ({ method }: Operation) => method !== 'GET';
const needsToken = (each: Operation) => (isChange(each) ? 'csrf_invalid' : 'let in');

describe('every route', () => {
  it.each<[string, Record<string, string>, (operation: Operation) => string]>([
    ['no credential', {}, ({ path }) => (path === PATH ? 'session_invalid' : 'unauthenticated')],
    ['a cookie alone', { cookie: COOKIE }, needsToken],
    ['a cookie and its token', { cookie: COOKIE, 'x-csrf-token': CSRF }, () => 'let in'],
    ['a cookie and another token', { cookie: COOKIE, 'x-csrf-token': CSRF.replace('the', 'The') }, needsToken],
    ['a cookie and a part of its token', { cookie: COOKIE, 'x-csrf-token': CSRF.slice(0, -1) }, needsToken],
    ['a cookie and an empty token', { cookie: COOKIE, 'x-csrf-token': '' }, needsToken],
    [
      'a cookie of a session that is over',
      { cookie: 'fermata_session=old', 'x-csrf-token': CSRF },
      () => 'session_invalid',
    ],
    ['two cookies', { cookie: `${COOKIE}; ${COOKIE}`, 'x-csrf-token': CSRF }, () => 'session_invalid'],
  ])('with %s', async (_, headers, expected) => {
    const wrong: string[] = [];
    for (const operation of operations) {
      const found = await ask(operation, headers);
      const wanted = operation.counts ? expected(operation) : 'unauthenticated';
      if (found !== wanted) wrong.push(`${operation.method} ${operation.path}: ${found}`);
    }
    expect(wrong).toEqual([]);
  });

  it('takes the credential in a header rather than the cookie, also a wrong one, and needs no token then', async () => {
    const wrong: string[] = [];
    for (const operation of operations) {
      const refused = await ask(operation, { cookie: COOKIE, 'x-csrf-token': CSRF, 'x-api-key': 'wrong' });
      const taken = await ask(operation, { cookie: COOKIE, authorization: 'Bearer bob' });
      if (refused !== 'unauthenticated') wrong.push(`${operation.method} ${operation.path}: ${refused}`);
      const wanted = operation.path === PATH ? 'session_invalid' : 'let in';
      if (taken !== wanted) wrong.push(`${operation.method} ${operation.path}: ${taken}`);
    }
    expect(wrong).toEqual([]);
  });

  it.each<[string, Record<string, string>, boolean]>([
    ['a request', {}, true],
    ['a stream', { accept: 'text/event-stream' }, false],
    ['a WebSocket', { upgrade: 'websocket', origin: 'http://localhost' }, false],
  ])('%s counts as use of the session: %s', async (_, headers, counts) => {
    uses.length = 0;
    await app.request('/api/v1/me', { headers: { cookie: COOKIE, ...headers } });
    expect(uses).toEqual([counts]);
  });
});

it.each([
  ['https', true],
  ['https, https', true],
  [' https ,http', true],
  ['http, https', false],
  ['http', false],
])('behind proxies that send x-forwarded-proto "%s" the cookie of https counts: %s', async (proto, counts) => {
  const headers = { cookie: `__Host-${COOKIE}`, 'x-forwarded-proto': proto };
  expect((await app.request(PATH, { headers })).status).toBe(counts ? 200 : 401);
});
