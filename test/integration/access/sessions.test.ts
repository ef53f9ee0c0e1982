import { request } from 'node:http';
import { eq } from 'drizzle-orm';
import { SignJWT } from 'jose';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createSealer } from '../../../service/access/sealer.ts';
import { createSessionService, type SessionService } from '../../../service/access/sessions.ts';
import { createSessionStore } from '../../../store/access/sessions.ts';
import { sessions } from '../../../store/access/tables.ts';
import { all, readStreamEvents } from '../streams/event-stream.ts';
import { type ApiHarness, createApiHarness, DEV_KEY, SECRET_KEY } from '../support/api-harness.ts';
import { send } from '../support/requests.ts';

// Sessions of browsers, and attacks on them.

const SECRET = 'a secret that is long enough for HS256';
const PATH = '/api/v1/session';
let harness: ApiHarness;
beforeAll(async () => {
  const access = { tokens: { secret: SECRET }, temporalUi: 'http://127.0.0.1:8233/' };
  harness = await createApiHarness('sessions', { worker: false, access });
});
afterAll(() => harness.close());

interface Reply {
  status: number;
  code: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
  body: any;
  headers: Headers;
}

async function ask(method: string, path: string, headers: Record<string, string> = {}, body?: unknown): Promise<Reply> {
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  const reply = await send(harness.api.url + path, {
    method,
    headers: { ...type, ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(120_000),
  });
  const text = await reply.text();
  const parsed = text === '' ? null : JSON.parse(text);
  // Errors of the Automation API have another form.
  const code = parsed?.code ?? parsed?.error?.code;
  return { status: reply.status, code, body: parsed, headers: reply.headers };
}

interface SignedIn {
  cookie: string;
  csrf: string;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  data: any;
  key: string;
  keyId: number;
}

let made = 0;

/** Creates a key of a new subject. */
async function newKey(grants: object = {}): Promise<{ key: string; id: number; prefix: string; subject: string }> {
  made += 1;
  const body = { subject: `user ${made}`, ...grants };
  return (await harness.call('POST', '/api/v1/keys', body)).body.data;
}

async function signInWith(
  key: string,
  headers: Record<string, string> = {},
): Promise<{ cookie: string; reply: Reply }> {
  const reply = await ask('POST', PATH, headers, { key });
  return { cookie: (reply.headers.get('set-cookie') ?? '').split(';')[0]!, reply };
}

/** Signs in with the key of a new subject. */
async function signIn(grants: object = {}): Promise<SignedIn> {
  const { key, id } = await newKey(grants);
  const { cookie, reply } = await signInWith(key);
  expect([reply.status, reply.code]).toEqual([201, undefined]);
  return { cookie, csrf: reply.body.data.csrf, data: reply.body.data, key, keyId: id };
}

/** Moves a time of the only session of a subject. */
async function move(subject: string, times: { seen?: Date; ends?: Date }): Promise<void> {
  const { db } = harness.database;
  const [{ executor } = { executor: 0 }] = await rowsOf(subject);
  await db.update(sessions).set(times).where(eq(sessions.principal, executor));
}

async function rowsOf(subject: string) {
  const { rows } = (await harness.database.db.execute(
    `select p.id as executor, s.seen_at, s.hash from sessions s join principals p on p.id = s.principal where p.subject = '${subject}'`,
  )) as unknown as { rows: { executor: number; seen_at: Date; hash: string }[] };
  return rows;
}

const ago = (milliseconds: number) => new Date(Date.now() - milliseconds);

describe('signing in', () => {
  it('gives a cookie that scripts cannot read, and says who one is, what one may do, and until when', async () => {
    const { key, prefix, subject } = await newKey({ roles: ['viewer'], groups: ['ops'] });
    const { reply } = await signInWith(key);
    expect(reply.headers.get('set-cookie')).toMatch(/^fermata_session=[\w.-]+; Path=\/; HttpOnly; SameSite=Strict$/);
    const { csrf, expires_at, idle_expires_at, ...me } = reply.body.data;
    expect(me).toEqual({
      subject,
      kind: 'person',
      on_behalf_of: null,
      tenant: 'default',
      groups: ['ops'],
      roles: ['viewer'],
      permissions: ['workflow:read', 'execution:read', 'automation:read'],
      temporal_ui: 'http://127.0.0.1:8233/namespaces/sessions/workflows/{workflow_id}/{run_id}/history',
    });
    expect((await ask('GET', '/api/v1/me', { 'x-api-key': key })).body.data).toEqual(me);
    const [absolute, idle] = [expires_at, idle_expires_at].map((time) => (Date.parse(time) - Date.now()) / 3_600_000);
    expect(absolute).toBeGreaterThan(11.9);
    expect(absolute).toBeLessThanOrEqual(12);
    expect(idle).toBeGreaterThan(0.4);
    expect(idle).toBeLessThanOrEqual(0.5);
    // Neither the cookie nor the row has the key, and the row has not what the cookie has.
    const [row] = await rowsOf(subject);
    expect(reply.headers.get('set-cookie')).not.toContain(row!.hash);
    expect(JSON.stringify(reply.body)).not.toContain(key);
    const entries = (await harness.call('GET', `/api/v1/audit?subject=${encodeURIComponent(subject)}`)).body.data;
    expect(entries).toMatchObject([
      { operation: 'POST /api/v1/session', target: PATH, details: { credential: 'key', prefix } },
    ]);
    expect(csrf.length).toBeGreaterThan(40);
  });

  it('over https gives a cookie that no other host can set', async () => {
    const { key } = await newKey();
    const secure = { 'x-forwarded-proto': 'https' };
    const { cookie, reply } = await signInWith(key, secure);
    expect(reply.headers.get('set-cookie')).toMatch(
      /^__Host-fermata_session=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    expect((await ask('GET', PATH, { cookie, ...secure })).status).toBe(200);
    // It does not count under the other name.
    const plain = cookie.replace('__Host-', '');
    expect((await ask('GET', PATH, { cookie: plain, ...secure })).code).toBe('session_invalid');
    expect((await ask('GET', PATH, { cookie })).code).toBe('session_invalid');
  });

  it.each<[string, Record<string, string>, unknown, number, string]>([
    ['an unknown key', {}, { key: 'fmt_wrong' }, 401, 'unauthenticated'],
    ['nonsense', {}, { key: 'a.b.c' }, 401, 'unauthenticated'],
    ['an unknown code', {}, { code: 'x' }, 401, 'unauthenticated'],
    ['nothing', {}, {}, 400, 'request_invalid'],
    ['both', {}, { key: 'x', code: 'x' }, 400, 'request_invalid'],
    ['an empty key', {}, { key: '' }, 400, 'request_invalid'],
    ['a key of another type', {}, { key: [DEV_KEY] }, 400, 'request_invalid'],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'key=x', 415, 'unsupported_media_type'],
    ['plain text', { 'content-type': 'text/plain' }, `{"key":"${DEV_KEY}"}`, 415, 'unsupported_media_type'],
    ['a page of another site', { 'sec-fetch-site': 'cross-site' }, { key: DEV_KEY }, 403, 'forbidden'],
    ['a page of a neighbour', { 'sec-fetch-site': 'same-site' }, { key: DEV_KEY }, 403, 'forbidden'],
    ['an old browser on another site', { origin: 'https://evil.example' }, { key: DEV_KEY }, 403, 'forbidden'],
  ])('with %s is refused', async (_, headers, body, status, code) => {
    const reply = await ask('POST', PATH, headers, body);
    expect([reply.status, reply.code, reply.headers.get('set-cookie')]).toEqual([status, code, null]);
  });

  it('does not say what is wrong with a key', async () => {
    const keys = [await newKey(), await newKey({ expires_in: 1 }), await newKey()];
    await harness.call('DELETE', `/api/v1/keys/${keys[0]!.id}`);
    await harness.call('POST', `/api/v1/principals/${encodeURIComponent(keys[2]!.subject)}/disable`);
    await expect.poll(async () => (await ask('GET', '/api/v1/me', { 'x-api-key': keys[1]!.key })).status).toBe(401);
    const errors = new Set<string>();
    for (const { key } of [...keys, { key: 'fmt_unknown' }]) {
      const { reply } = await signInWith(key);
      expect(reply.status).toBe(401);
      errors.add(reply.body.error);
    }
    expect([...errors]).toEqual(['the key, token or code is not valid']);
  });

  it('anew gives another session and ends the one of the browser, whoever chose that', async () => {
    const [first, { key }] = [await signIn(), await newKey()];
    const { cookie, reply } = await signInWith(key, { cookie: first.cookie });
    expect(cookie).not.toBe(first.cookie);
    expect(reply.body.data.csrf).not.toBe(first.csrf);
    expect((await ask('GET', PATH, { cookie: first.cookie })).code).toBe('session_invalid');
    expect((await ask('GET', PATH, { cookie })).status).toBe(200);
    // A cookie that somebody else has chosen is never the one of a session.
    const chosen = await signInWith(key, { cookie: 'fermata_session=chosen' });
    expect(chosen.cookie).not.toContain('chosen');
  });
});

describe('a session', () => {
  it('may do what its key may do at the moment', async () => {
    const { cookie, data } = await signIn({ roles: ['viewer'] });
    expect((await ask('GET', '/api/v1/workflows', { cookie })).status).toBe(200);
    expect((await ask('GET', '/api/v1/keys', { cookie })).status).toBe(403);
    await harness.call('POST', '/api/v1/keys', { subject: data.subject, roles: ['admin'] });
    expect((await ask('GET', '/api/v1/keys', { cookie })).status).toBe(200);
    await harness.call('POST', '/api/v1/keys', { subject: data.subject, roles: [] });
    expect((await ask('GET', '/api/v1/workflows', { cookie })).status).toBe(403);
  });

  it('ends with its key, which may be before the day is over', async () => {
    const { data, cookie } = await signIn({ expires_in: 3_600 });
    expect(Date.parse(data.expires_at) - Date.now()).toBeLessThanOrEqual(3_600_000);
    await move(data.subject, { ends: ago(1) });
    expect((await ask('GET', PATH, { cookie })).code).toBe('session_invalid');
  });

  it('of a token has the grants and the end of the token', async () => {
    const token = await new SignJWT({ sub: 'ada', roles: ['viewer'], groups: ['ops'] })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(SECRET));
    const { cookie, reply } = await signInWith(token);
    expect(reply.body.data).toMatchObject({ subject: 'ada', roles: ['viewer'], groups: ['ops'], kind: 'person' });
    expect(Date.parse(reply.body.data.expires_at) - Date.now()).toBeLessThanOrEqual(3_600_000);
    expect((await ask('GET', '/api/v1/workflows', { cookie })).status).toBe(200);
    expect((await ask('GET', '/api/v1/keys', { cookie })).status).toBe(403);
    const [entry] = (await harness.call('GET', '/api/v1/audit?subject=ada')).body.data;
    expect(entry.details).toEqual({ credential: 'token' });
    // A principal that is disabled has no sessions, nor has it those from before once it is enabled again.
    await harness.call('POST', '/api/v1/principals/ada/disable');
    expect((await ask('GET', PATH, { cookie })).code).toBe('session_invalid');
    await harness.call('POST', '/api/v1/principals/ada/enable');
    expect((await ask('GET', PATH, { cookie })).code).toBe('session_invalid');
    expect((await ask('GET', '/api/v1/me', { authorization: `Bearer ${token}` })).status).toBe(200);
  });

  it('belongs to one tenant', async () => {
    await harness.call('POST', '/api/v1/tenants', { ref: 'acme', label: 'Acme' });
    const { cookie, data } = await signIn({ tenant: 'acme', roles: ['admin'] });
    expect(data.tenant).toBe('acme');
    expect((await ask('GET', '/api/v1/workflows', { cookie })).body.data).toEqual([]);
    expect((await ask('GET', '/api/v1/workflows', { cookie, 'x-tenant-id': 'default' })).code).toBe('forbidden');
    expect((await ask('GET', '/api/v1/master-keys', { cookie })).code).toBe('forbidden');
  });

  it('ends when one signs out, once, at every process, whoever kept the cookie', async () => {
    const { cookie, csrf, data } = await signIn();
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => ask('DELETE', PATH, { cookie, 'x-csrf-token': csrf })),
    );
    for (const { status } of replies) expect([204, 401]).toContain(status);
    const [done] = replies.filter(({ status }) => status === 204);
    expect(done!.headers.get('set-cookie')).toMatch(
      /^fermata_session=; Max-Age=0; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    for (const method of ['GET', 'DELETE']) {
      expect((await ask(method, PATH, { cookie, 'x-csrf-token': csrf })).code).toBe('session_invalid');
    }
    expect(await rowsOf(data.subject)).toEqual([]);
    const entries = (await harness.call('GET', `/api/v1/audit?subject=${encodeURIComponent(data.subject)}`)).body.data;
    expect(entries.map(({ operation }: { operation: string }) => operation)).toEqual([
      'DELETE /api/v1/session',
      'POST /api/v1/session',
    ]);
  });

  it('is used by requests, noted once a minute, and not by streams or what a page reads by itself', async () => {
    const { cookie, data } = await signIn({ roles: ['viewer'] });
    const [first] = await rowsOf(data.subject);
    await ask('GET', PATH, { cookie });
    expect((await rowsOf(data.subject))[0]!.seen_at).toEqual(first!.seen_at);
    const before = ago(1_500_000);
    await move(data.subject, { seen: before });
    const stream = await fetch(`${harness.api.url}/api/v1/executions/events`, {
      headers: { cookie, accept: 'text/event-stream' },
    });
    expect(stream.status).toBe(200);
    expect((await ask('GET', PATH, { cookie, 'x-background': '1' })).status).toBe(200);
    expect(new Date((await rowsOf(data.subject))[0]!.seen_at)).toEqual(before);
    const read = await ask('GET', PATH, { cookie });
    expect(Date.parse(read.body.data.idle_expires_at) - Date.now()).toBeGreaterThan(1_700_000);
    expect(new Date((await rowsOf(data.subject))[0]!.seen_at).getTime()).toBeGreaterThan(before.getTime());
    // The stream ends with the session.
    await move(data.subject, { seen: ago(1_800_000) });
    const events = await all(readStreamEvents(stream));
    expect(events.at(-1)).toMatchObject({ event: 'end', data: { reason: 'credential_ended' } });
  });
});

describe('a cookie', () => {
  const sealer = createSealer([SECRET_KEY], 'session');
  it.each<[string, () => Promise<string>]>([
    ['that is empty', async () => ''],
    ['that is no sealed id', async () => 'x'],
    ['that is as long as headers may be', async () => 'x'.repeat(12_000)],
    ['with an id of nobody', () => sealer.seal({ id: 'x'.repeat(43) })],
    ['with another type of id', () => sealer.seal({ id: 7 })],
    ['sealed for another purpose', () => createSealer([SECRET_KEY], 'signal').seal({ id: 'x' })],
    [
      'sealed with another key',
      () => createSealer(['another master key, just as long as it'], 'session').seal({ id: 'x' }),
    ],
  ])('%s opens nothing', async (_, value) => {
    const reply = await ask('GET', '/api/v1/me', { cookie: `fermata_session=${await value()}` });
    expect([reply.status, reply.code]).toEqual([401, 'session_invalid']);
  });

  it('beside another one of the same name is not taken, whichever comes first', async () => {
    const [mine, theirs] = [await signIn(), await signIn()];
    for (const pair of [
      [mine, theirs],
      [theirs, mine],
    ]) {
      const reply = await ask('GET', PATH, { cookie: pair.map(({ cookie }) => cookie).join('; ') });
      expect(reply.code).toBe('session_invalid');
    }
    const other = await ask('GET', PATH, { cookie: `a=b; ${mine.cookie}; a-fermata_session=x` });
    expect(other.body.data.subject).toBe(mine.data.subject);
  });

  it('of a WebSocket counts for pages of this host alone', async () => {
    const { cookie } = await signIn({ roles: ['viewer'] });
    const path = '/api/v1/executions/1024/logs/stream';
    const outcome = (headers: Record<string, string>) =>
      new Promise<number>((resolve) => {
        const socket = new WebSocket(harness.api.url.replace('http', 'ws') + path, { headers });
        socket.on('unexpected-response', (_, response) => {
          resolve(response.statusCode!);
          socket.terminate();
        });
        socket.on('error', () => resolve(0));
      });
    // There is no such execution, which only those learn who are let in.
    expect(await outcome({ cookie, origin: harness.api.url })).toBe(404);
    for (const origin of ['https://evil.example', 'null', `${harness.api.url}.evil.example`, 'http://127.0.0.1:1']) {
      expect(await outcome({ cookie, origin })).toBe(403);
    }
    expect(await outcome({ cookie })).toBe(403);
    expect(await outcome({ 'x-api-key': DEV_KEY, origin: 'https://evil.example' })).toBe(404);
  });
});

describe('a route', () => {
  interface Operation {
    method: string;
    path: string;
    /** Whether a session counts there. */
    counts: boolean;
  }
  // test/api/http/callers/sessions.test.ts asks for every route.
  const operations: Operation[] = [
    { method: 'GET', path: '/api/v1/me', counts: true },
    { method: 'GET', path: '/api/v1/keys', counts: true },
    { method: 'POST', path: '/api/v1/packs', counts: true },
    { method: 'DELETE', path: '/api/v1/executions/1024', counts: true },
    { method: 'GET', path: '/api/v1/executions/events', counts: true },
    { method: 'POST', path: '/mcp', counts: false },
    { method: 'GET', path: '/api/v1/execution/1024/cancel', counts: false },
    { method: 'POST', path: '/execution', counts: false },
    { method: 'POST', path: '/codec/decode', counts: false },
    { method: 'GET', path: '/metrics', counts: false },
  ];

  /** Nobody may do anything: who is let in is told of the permission that is missing. */
  let nobody: SignedIn;
  beforeEach(async () => {
    nobody = await signIn();
  });

  const LET_IN = 'let in';
  const isChange = ({ method }: Operation) => method !== 'GET';
  const states: [string, () => Promise<Record<string, string>>, (operation: Operation) => string][] = [
    ['no credential', async () => ({}), () => 'unauthenticated'],
    ['a cookie alone', async () => ({ cookie: nobody.cookie }), (each) => (isChange(each) ? 'csrf_invalid' : LET_IN)],
    ['a cookie and its token', async () => ({ cookie: nobody.cookie, 'x-csrf-token': nobody.csrf }), () => LET_IN],
    [
      'a cookie and the token of another session',
      async () => ({ cookie: nobody.cookie, 'x-csrf-token': (await signIn()).csrf }),
      (each) => (isChange(each) ? 'csrf_invalid' : LET_IN),
    ],
    [
      'a cookie and a token that begins well',
      async () => ({ cookie: nobody.cookie, 'x-csrf-token': nobody.csrf.slice(0, -1) }),
      (each) => (isChange(each) ? 'csrf_invalid' : LET_IN),
    ],
    [
      'a session that was idle for too long',
      async () => {
        await move(nobody.data.subject, { seen: ago(1_800_001) });
        return { cookie: nobody.cookie, 'x-csrf-token': nobody.csrf };
      },
      () => 'session_invalid',
    ],
    [
      'a session that has lasted too long',
      async () => {
        await move(nobody.data.subject, { ends: ago(1) });
        return { cookie: nobody.cookie, 'x-csrf-token': nobody.csrf };
      },
      () => 'session_invalid',
    ],
    [
      'a session that was signed out',
      async () => {
        const headers = { cookie: nobody.cookie, 'x-csrf-token': nobody.csrf };
        expect((await ask('DELETE', PATH, headers)).status).toBe(204);
        return headers;
      },
      () => 'session_invalid',
    ],
    [
      'a session whose key was revoked',
      async () => {
        await harness.call('DELETE', `/api/v1/keys/${nobody.keyId}`);
        return { cookie: nobody.cookie, 'x-csrf-token': nobody.csrf };
      },
      () => 'session_invalid',
    ],
  ];

  it.each(states)('with %s', async (_, headersOf, expected) => {
    const headers = await headersOf();
    const wrong: string[] = [];
    for (const operation of operations) {
      const { method, path, counts } = operation;
      const body = method === 'POST' || method === 'PUT' ? {} : undefined;
      const { status, code = '' } = await ask(method, path, headers, body);
      const found = status === 401 || code === 'csrf_invalid' ? code : LET_IN;
      const wanted = counts ? expected(operation) : 'unauthenticated';
      if (found !== wanted) wrong.push(`${method} ${path}: ${status} ${code}`);
    }
    expect(wrong).toEqual([]);
  });

  it('takes the credential in a header rather than the cookie, also a wrong one', async () => {
    const wrong: string[] = [];
    for (const { method, path } of operations) {
      const body = method === 'POST' || method === 'PUT' ? {} : undefined;
      const refused = await ask(method, path, { cookie: nobody.cookie, 'x-api-key': 'fmt_wrong' }, body);
      if (refused.code !== 'unauthenticated') wrong.push(`${method} ${path}: ${refused.code}`);
    }
    expect(wrong).toEqual([]);
    const admin = await signIn({ roles: ['admin'] });
    // Without the token: what changes something is done with the key.
    const pack = { ref: 'by_header', label: 'x' };
    expect((await ask('POST', '/api/v1/packs', { cookie: nobody.cookie, 'x-api-key': DEV_KEY }, pack)).status).toBe(
      201,
    );
    const lesser = { cookie: admin.cookie, 'x-csrf-token': admin.csrf, 'x-api-key': nobody.key };
    expect((await ask('GET', '/api/v1/keys', lesser)).status).toBe(403);
    expect((await ask('GET', PATH, lesser)).code).toBe('session_invalid');
    expect((await ask('DELETE', PATH, lesser)).code).toBe('session_invalid');
    expect((await ask('GET', PATH, { cookie: admin.cookie })).status).toBe(200);
  });

  it.each([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['plain text', { 'content-type': 'text/plain' }],
    ['another method in a header', { 'x-http-method-override': 'GET' }],
    ['the token in the cookie', {}],
  ])('changes nothing by a cookie without the token, with %s', async (name, headers) => {
    const { cookie, csrf } = await signIn({ roles: ['admin'] });
    const sent = name === 'the token in the cookie' ? `${cookie}; x-csrf-token=${csrf}` : cookie;
    const body = JSON.stringify({ ref: 'forged', label: 'x' });
    const reply = await ask('POST', '/api/v1/packs?_method=GET&x-csrf-token=x', { cookie: sent, ...headers }, body);
    expect([reply.status, reply.code]).toEqual([403, 'csrf_invalid']);
    const override = { cookie, 'x-http-method-override': 'DELETE' };
    expect((await ask('GET', '/api/v1/packs/examples?_method=DELETE', override)).status).toBe(200);
    expect((await ask('GET', '/api/v1/packs/forged', { cookie })).status).toBe(404);
  });
});

describe('a one-time code', () => {
  it('signs in once, on this machine alone', async () => {
    const { key, subject } = await newKey();
    const code = harness.api.createSignInCode(key);
    expect((await ask('POST', PATH, { 'x-forwarded-for': '203.0.113.7' }, { code })).code).toBe('unauthenticated');
    // A name that has come to mean this machine.
    expect(await statusAs('evil.example', { code })).toBe(401);
    const replies = await Promise.all(Array.from({ length: 5 }, () => ask('POST', PATH, {}, { code })));
    const [done, ...others] = replies.toSorted((a, b) => a.status - b.status);
    expect([done!.status, done!.body.data.subject]).toEqual([201, subject]);
    expect(others.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
  });

  /** Signs in at a host of another name, which `fetch` does not let one choose. */
  function statusAs(host: string, body: object): Promise<number> {
    return new Promise((resolve, reject) => {
      const headers = { host, 'content-type': 'application/json' };
      const sent = request(`${harness.api.url}${PATH}`, { method: 'POST', headers }, (response) => {
        response.resume();
        resolve(response.statusCode!);
      });
      sent.on('error', reject);
      sent.end(JSON.stringify(body));
    });
  }
});

describe('the times of sessions', () => {
  // Long after today: the rounds of the API itself, which has the real time, find none of these sessions over.
  let now = Date.parse('2100-01-01T12:00:00Z');
  const MINUTE = 60_000;
  let service: SessionService;
  beforeAll(() => {
    const { db } = harness.database;
    service = createSessionService({
      store: createSessionStore(db),
      principals: harness.api.principals,
      verify: async () => null,
      audit: { record: async () => {} },
      sealer: createSealer([SECRET_KEY], 'session'),
      idle: 1_800,
      longest: 43_200,
      clock: () => now,
      log: pino({ level: 'silent' }),
    });
  });

  const open = (key: string) => service.open({ key }, { replaced: undefined, requestId: 'x' });
  const state = (cookie: string, used = true) =>
    service.find(cookie, { used }).then(
      ({ idleEnds }) => new Date(idleEnds).getTime() - now,
      ({ code }) => code,
    );

  it('are put off by use up to the end, and by nothing else', async () => {
    const { cookie } = await open((await newKey()).key);
    const began = now;
    now += 29 * MINUTE;
    expect(await state(cookie, false)).toBe(MINUTE);
    expect(await state(cookie)).toBe(30 * MINUTE);
    while (now < began + 690 * MINUTE) {
      now += 29 * MINUTE;
      expect(await state(cookie)).toBe(Math.min(30 * MINUTE, began + 720 * MINUTE - now));
    }
    now = began + 720 * MINUTE - 1;
    expect(await state(cookie)).toBe(1);
    now += 1;
    expect(await state(cookie)).toBe('session_invalid');
  });

  it('survive a clock that is set back, which makes no session last longer than its use', async () => {
    const { cookie } = await open((await newKey()).key);
    now += 29 * MINUTE;
    await state(cookie);
    now -= 600 * MINUTE;
    expect(await state(cookie)).toBe(30 * MINUTE);
    now += 30 * MINUTE;
    expect(await state(cookie)).toBe('session_invalid');
  });

  it('that are over are swept, those of others are not; and a principal has at most a hundred', async () => {
    const { key, subject } = await newKey();
    const first = await open(key);
    for (let n = 0; n < 100; n += 1) {
      now += 1;
      await open(key);
    }
    expect(await rowsOf(subject)).toHaveLength(100);
    expect(await state(first.cookie)).toBe('session_invalid');
    now += 20 * MINUTE;
    const { cookie } = await open(key);
    now += 10 * MINUTE;
    await service.tick();
    expect(await rowsOf(subject)).toHaveLength(1);
    expect(await state(cookie, false)).toBe(20 * MINUTE);
  });

  it('of codes are an hour', async () => {
    const { key } = await newKey();
    const [late, early] = [service.createCode(key), service.createCode(key)];
    const enter = (code: string) => service.open({ code, isLocal: true }, { replaced: undefined, requestId: 'x' });
    now += 60 * MINUTE - 1;
    expect((await enter(early)).session.principal.kind).toBe('person');
    now += 1;
    await expect(enter(late)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});
