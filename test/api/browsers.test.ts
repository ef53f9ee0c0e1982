import { describe, expect, it } from 'vitest';
import { demandOwnPlace } from '../../api/http/callers/origins.ts';
import { createTestApp } from './test-app.ts';

const PORTAL = 'https://portal.example.com';
const FOREIGN = 'https://evil.example';
const given = { lists: { stats: async () => ({}) } };

describe('a method that a path does not take', () => {
  const app = createTestApp({ ann: ['admin'] }, given);
  app.post('/mcp', (context) => context.json({}));
  const ask = (method: string, path: string, key = 'ann') =>
    app.request(path, { method, headers: key === '' ? {} : { 'x-api-key': key } });

  it.each([
    ['PATCH', '/api/v1/packs', 'GET, HEAD, POST, OPTIONS'],
    ['DELETE', '/api/v1/executions', 'GET, HEAD, POST, OPTIONS'],
    ['POST', '/api/v1/executions/7', 'GET, HEAD, DELETE, OPTIONS'],
    ['PUT', '/api/v1/executions/7/cancel', 'POST, OPTIONS'],
    ['GET', '/mcp', 'POST, OPTIONS'],
    ['HEAD', '/mcp', 'POST, OPTIONS'],
    ['DELETE', '/mcp', 'POST, OPTIONS'],
    ['POST', '/healthz', 'GET, HEAD, OPTIONS'],
    ['POST', '/openapi.json', 'GET, HEAD, OPTIONS'],
    ['PROPFIND', '/execution/7', 'GET, HEAD, OPTIONS'],
    // Two routes have the path: what either takes is allowed.
    ['PUT', '/api/v1/executions/status/cancel', 'GET, HEAD, POST, OPTIONS'],
  ])('%s %s is 405, with those that it takes', async (method, path, allow) => {
    const answer = await ask(method, path);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow]);
    if (method !== 'HEAD') expect(await answer.json()).toMatchObject({ code: 'method_not_allowed', status: 405 });
    const options = await ask('OPTIONS', path);
    expect([options.status, options.headers.get('allow'), await options.text()]).toEqual([204, allow, '']);
  });

  it('is told in the form of the API that the path belongs to', async () => {
    const answer = await ask('PUT', '/api/v1/automation/executions');
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
    expect(await answer.json()).toMatchObject({ error: { code: 'method_not_allowed' } });
    expect(await (await ask('GET', '/api/v1/automation/nothing')).json()).toMatchObject({
      error: { code: 'not_found' },
    });
  });

  it.each(['GET', 'OPTIONS', 'PATCH'])(
    'is 404 by %s where there is no path, and 401 without credentials',
    async (method) => {
      const answer = await ask(method, '/api/v1/nothing');
      expect([answer.status, answer.headers.get('allow')]).toEqual([404, null]);
      expect((await ask(method, '/api/v1/packs', '')).status).toBe(401);
    },
  );
});

describe('pages of other origins', () => {
  const asked = { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST' } };
  const from = (origin: string, init: RequestInit = {}): RequestInit => ({
    ...init,
    headers: { ...(init.headers as Record<string, string>), origin },
  });

  it('may call nothing unless they are named', async () => {
    const app = createTestApp({ ann: ['admin'] }, given);
    const preflight = await app.request('/api/v1/executions', from(PORTAL, asked));
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([401, null]);
    const answer = await app.request('/healthz', from(PORTAL));
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, null]);
  });

  it.each<[string, string, boolean]>([
    [PORTAL, '/api/v1/executions', true],
    [PORTAL, '/api/v1/executions/7/events', true],
    [PORTAL, '/execution', true],
    [PORTAL, '/mcp', true],
    [PORTAL, '/inquiry/7', false],
    [FOREIGN, '/api/v1/executions', false],
    ['https://portal.example.com.evil.example', '/api/v1/executions', false],
    ['http://portal.example.com', '/api/v1/executions', false],
    ['null', '/api/v1/executions', false],
  ])('%s may call %s: %s', async (origin, path, allowed) => {
    const app = createTestApp({ ann: ['admin'] }, { ...given, corsOrigins: [PORTAL, 'http://localhost:3000'] });
    const preflight = await app.request(path, from(origin, asked));
    expect(preflight.headers.get('access-control-allow-origin')).toBe(allowed ? origin : null);
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull();
    if (!allowed) return;
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toMatch(/x-api-key.*idempotency-key.*last-event-id/);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('DELETE');
  });

  it('read answers and refusals alike, and nothing without a credential', async () => {
    const app = createTestApp({ ann: ['admin'] }, { ...given, corsOrigins: [PORTAL] });
    for (const [key, status] of [
      ['ann', 404],
      ['wrong', 401],
    ] as const) {
      const answer = await app.request('/api/v1/nothing', from(PORTAL, { headers: { 'x-api-key': key } }));
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([status, PORTAL]);
      expect(answer.headers.get('vary')).toContain('Origin');
      expect(answer.headers.get('access-control-expose-headers')).toContain('retry-after');
    }
  });
});

describe('a request to /mcp that a page of a foreign site sends', () => {
  const places = { host: '127.0.0.1', publicUrl: 'https://fermata.example.com', origins: [PORTAL] };
  it.each<[string, string | undefined, number, Partial<typeof places>]>([
    ['http://127.0.0.1:8080', undefined, 200, {}],
    ['http://localhost:8080', undefined, 200, {}],
    ['http://[::1]:8080', undefined, 200, {}],
    ['https://fermata.example.com', undefined, 200, {}],
    ['http://127.0.0.1:8080', 'http://localhost:8080', 200, {}],
    ['http://127.0.0.1:8080', 'http://localhost:6274', 200, {}],
    ['https://fermata.example.com', 'https://fermata.example.com', 200, {}],
    ['http://127.0.0.1:8080', PORTAL, 200, {}],
    ['http://127.0.0.1:8080', FOREIGN, 403, {}],
    ['http://127.0.0.1:8080', 'null', 403, {}],
    ['http://127.0.0.1:8080', 'not a URL', 403, {}],
    ['http://127.0.0.1:8080', 'http://localhost.evil.example', 403, {}],
    // The name of a foreign site that has come to mean this machine.
    ['http://evil.example:8080', undefined, 403, {}],
    ['http://evil.example:8080', 'http://evil.example:8080', 403, {}],
    ['http://127.0.0.1.evil.example:8080', undefined, 403, {}],
    // One that others reach has names that it does not know.
    ['http://fermata.internal:8080', undefined, 200, { host: '0.0.0.0' }],
    ['http://fermata.internal:8080', FOREIGN, 403, { host: '0.0.0.0' }],
    ['http://evil.example:8080', 'http://evil.example:8080', 403, { host: '0.0.0.0' }],
  ])('%s, from %s: %i', async (url, origin, status, more) => {
    const app = createTestApp({ ann: [] });
    app.use('/mcp', demandOwnPlace({ ...places, ...more }));
    app.post('/mcp', (context) => context.json({}));
    const headers = { 'x-api-key': 'ann', ...(origin === undefined ? {} : { origin }) };
    const answer = await app.request(`${url}/mcp`, { method: 'POST', headers });
    expect(answer.status).toBe(status);
    if (status === 403) expect(await answer.json()).toMatchObject({ code: 'forbidden' });
  });
});
