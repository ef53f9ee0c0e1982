import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import type { Json } from '../../../model/json.ts';
import { createTokenVerifier } from '../../../service/access/tokens.ts';
import { type Answer, APPROVER_KEY, type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';

const SECRET = 'a secret that is long enough for HS256';
let harness: ApiHarness;

beforeAll(async () => {
  const tokens = { secret: SECRET, issuer: 'https://id.example', audience: 'fermata' };
  harness = await createApiHarness('access', { access: { tokens, rateLimit: 150 } });
});
afterAll(() => harness.close());

const claims = { iss: 'https://id.example', aud: 'fermata', sub: 'ada', roles: ['operator'] };
const sign = (payload: object, { secret = SECRET, expires = '1h' as string | null, alg = 'HS256' } = {}) => {
  const token = new SignJWT({ ...payload }).setProtectedHeader({ alg });
  return (expires === null ? token : token.setExpirationTime(expires)).sign(new TextEncoder().encode(secret));
};
const as = (token: string, method: string, path: string, body?: object) =>
  harness.call(method, path, body, { 'x-api-key': '', authorization: `Bearer ${token}` });

describe('a token', () => {
  it('makes its bearer a principal with what it says', async () => {
    const token = await sign(claims);
    const started = await as(token, 'POST', '/api/v1/executions', { action_ref: 'core.noop' });
    expect(started.status).toBe(201);
    const again = await as(await sign(claims), 'POST', '/api/v1/executions', { action_ref: 'core.noop' });
    expect(again.body.data.executor).toBe(started.body.data.executor);
    expect((await as(token, 'POST', '/api/v1/packs', { ref: 'x', label: 'x' })).status).toBe(403);
    const author = await sign({ ...claims, roles: ['author', 'unknown'], permissions: ['nonsense'] });
    expect((await as(author, 'POST', '/api/v1/packs', { ref: 'x', label: 'x' })).status).toBe(201);
    expect((await as(await sign({ ...claims, roles: [] }), 'GET', '/api/v1/workflows')).status).toBe(403);
  });

  it('belongs to the tenant that it names, and sees nothing of another', async () => {
    await harness.call('POST', '/api/v1/tenants', { ref: 'acme', label: 'Acme' });
    const token = await sign({ ...claims, tenant: 'acme', roles: ['viewer'] });
    expect((await as(token, 'GET', '/api/v1/workflows')).body.data).toEqual([]);
    const headers = { 'x-api-key': '', authorization: `Bearer ${token}`, 'x-tenant-id': 'default' };
    expect((await harness.call('GET', '/api/v1/workflows', undefined, headers)).status).toBe(403);
    const nowhere = await as(await sign({ ...claims, tenant: 'nowhere' }), 'GET', '/api/v1/workflows');
    expect([nowhere.status, nowhere.body.code]).toEqual([401, 'unauthenticated']);
    // Nor is it one of the first tenant where it names none, or names one in another form.
    for (const tenant of [undefined, ['acme'], { ref: 'acme' }, 1, true, null, '']) {
      const admin = await as(await sign({ ...claims, tenant, roles: ['admin'] }), 'GET', '/api/v1/keys');
      expect([tenant, admin.status, admin.body.code]).toEqual([tenant, 401, 'unauthenticated']);
    }
  });

  it.each([
    ['is expired', () => sign(claims, { expires: '-1h' })],
    ['does not expire', () => sign(claims, { expires: null })],
    ['has another signature', () => sign(claims, { secret: 'another secret that is just as long' })],
    ['has another algorithm', () => sign(claims, { alg: 'HS512' })],
    ['is for somebody else', () => sign({ ...claims, aud: 'other' })],
    ['is of somebody else', () => sign({ ...claims, iss: 'https://evil.example' })],
    ['names nobody', () => sign({ ...claims, sub: undefined })],
    ['is not signed', async () => `${btoa('{"alg":"none"}')}.${(await sign(claims)).split('.')[1]}.`],
    ['is nonsense', async () => 'a.b.c'],
  ])('that %s opens nothing', async (_, token) => {
    const { status, body } = await as(await token(), 'GET', '/api/v1/workflows');
    expect([status, body.code]).toEqual([401, 'unauthenticated']);
  });

  it('is verified with the keys that its issuer publishes, and never with one of them as a secret', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const key = { ...(await exportJWK(publicKey)), kid: 'one' };
    let up = true;
    const server = createServer((_, response) => {
      if (!up) return void response.destroy();
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [key] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    const verify = createTokenVerifier({ jwksUrl });
    const token = (kid: string) =>
      new SignJWT({ ...claims, groups: ['ops'] })
        .setProtectedHeader({ alg: 'ES256', kid })
        .setExpirationTime('1h')
        .sign(privateKey);
    expect(await verify(await token('one'))).toEqual({
      subject: 'ada',
      kind: 'person',
      tenant: null,
      roles: ['operator'],
      permissions: [],
      groups: ['ops'],
      expires: expect.any(Date),
    });
    const codeOf = (promise: Promise<unknown>) =>
      promise.then(
        () => 'taken',
        (error: unknown) => (error instanceof AppError ? error.code : String(error)),
      );
    expect(await codeOf(verify(await token('two')))).toBe('unauthenticated');
    const confused = await sign(claims, { secret: JSON.stringify(key) });
    expect(await codeOf(verify(confused))).toBe('unauthenticated');
    expect(await verify('fmt_an-api-key')).toBeNull();
    up = false;
    expect(await codeOf(createTokenVerifier({ jwksUrl })(await token('one')))).toBe('tokens_unavailable');
    await new Promise((resolve) => server.close(resolve));
  });
});

it.each<[object, string]>([
  [{}, 'person'],
  [{ azp: 'console', client_id: 'console', aud: ['https://fermata.example.com'] }, 'person'],
  [{ act: { sub: 'helper' } }, 'agent'],
  [{ azp: 'assistant' }, 'agent'],
  [{ client_id: 'assistant' }, 'agent'],
  [{ aud: 'https://fermata.example.com/mcp' }, 'agent'],
  [{ aud: ['https://fermata.example.com', 'https://fermata.example.com/mcp'] }, 'agent'],
])('a token with %j is of a principal of the kind %s', async (more, kind) => {
  const verify = createTokenVerifier({ secret: SECRET, agentClients: ['assistant'] });
  expect((await verify(await sign({ ...claims, ...more })))?.kind).toBe(kind);
});

describe('the audit log', () => {
  it('has every change, with who, what and why; nothing that was only read or refused', async () => {
    const run = (
      await harness.call('POST', '/api/v1/executions', { action_ref: 'core.wait_signal', parameters: { name: 'x' } })
    ).body.data;
    await harness.call('GET', `/api/v1/executions/${run.id}`);
    await harness.call('POST', '/api/v1/workflows/validate', { definition: {} });
    await harness.call(
      'POST',
      `/api/v1/executions/${run.id}/cancel`,
      { reason: 'not needed' },
      { 'x-api-key': APPROVER_KEY },
    );
    await harness.call('POST', '/api/v1/packs', { ref: 'core', label: 'Taken' });
    const signal = (
      await harness.call('POST', '/api/v1/executions', { action_ref: 'core.wait_signal', parameters: { name: 'x' } })
    ).body.data;
    await harness.call('GET', `/execution/${signal.workflow_id}/cancel`);
    const key = (await harness.call('POST', '/api/v1/keys', { subject: 'made', roles: ['viewer'] })).body.data;
    const managed = (await harness.call('POST', '/execution', { workflow: 'core.noop' })).body;
    const mcp = await fetch(`${harness.api.url}/mcp`, {
      method: 'POST',
      headers: {
        'x-api-key': DEV_KEY,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'start_execution', arguments: { workflow: 'core.noop', idempotencyKey: 'audit' } },
      }),
    });
    await mcp.text();
    const made = ({ id }: { id: number }) => ({ made: `/api/v1/executions/${id}` });
    const { data, next_cursor } = (await harness.call('GET', '/api/v1/audit?limit=7')).body;
    expect(
      data.map(({ subject, operation, target, reason, details }: Record<string, Json>) => [
        subject,
        operation,
        target,
        reason,
        details,
      ]),
    ).toEqual([
      ['dev', 'mcp start_execution', 'core.noop', null, { made: expect.stringMatching(/^\d+$/) }],
      ['dev', 'POST /execution', '/execution', null, { made: `/execution/${managed.workflow_id}` }],
      ['dev', 'POST /api/v1/keys', '/api/v1/keys', null, { made: `/api/v1/keys/${key.id}` }],
      ['dev', 'GET /execution/:id/cancel', `/execution/${signal.workflow_id}/cancel`, null, null],
      ['dev', 'POST /api/v1/executions', '/api/v1/executions', null, made(signal)],
      ['approver', 'POST /api/v1/executions/:id/cancel', `/api/v1/executions/${run.id}/cancel`, 'not needed', null],
      ['dev', 'POST /api/v1/executions', '/api/v1/executions', null, made(run)],
    ]);
    const older = (await harness.call('GET', `/api/v1/audit?limit=1&cursor=${next_cursor}`)).body.data;
    expect(older[0].id).toBeLessThan(data.at(-1).id);
    const approver = (await harness.call('GET', '/api/v1/audit?subject=approver')).body.data;
    expect(approver.map(({ reason }: { reason: string }) => reason)).toEqual(['not needed']);
    expect((await harness.call('GET', '/api/v1/audit', undefined, { 'x-api-key': APPROVER_KEY })).status).toBe(403);
  });
});

describe('the rate limit', () => {
  it('holds back who asks too often, says until when, and nobody else', async () => {
    const key = (await harness.call('POST', '/api/v1/keys', { subject: 'eager', roles: ['viewer'] })).body.data.key;
    const ask = () => harness.call('GET', '/api/v1/workflows?per_page=1', undefined, { 'x-api-key': key });
    const answers: Answer[] = [];
    // No more at once than a tenant may have in flight.
    while (answers.length < 160) answers.push(...(await Promise.all(Array.from({ length: 40 }, ask))));
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused).toHaveLength(10);
    for (const { status, body, headers } of refused) {
      expect([status, body.code]).toEqual([429, 'rate_limited']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect((await harness.call('GET', '/api/v1/workflows')).status).toBe(200);
  });
});
