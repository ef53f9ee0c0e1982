import { expect, it } from 'vitest';
import { createTestApp, unreached } from './test-app.ts';

const app = createTestApp({ admin: ['admin'] }, { payloads: unreached('payloads') });
app.post('/mcp', (context) => context.json({ jsonrpc: '2.0' }));

/** Requests an address; returns the status, the stable code of a refusal, and the methods that it takes. */
async function answerOf(method: string, path: string, headers: Record<string, string>) {
  const answer = await app.request(path, { method, headers });
  const text = await answer.text();
  const [code] = /"code":"[a-z_]+"/.exec(text) ?? [''];
  return [answer.status, code, answer.headers.get('allow')];
}

const { paths } = (await (await app.request('/openapi.json')).json()) as { paths: Record<string, object> };
const routes = Object.entries(paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method): [string, string] => [method.toUpperCase(), path.replaceAll(/\{[^}]+\}/g, '1024')]),
);

it('an address with a slash at its end is the same as without, for every route', async () => {
  expect(routes.length).toBeGreaterThan(90);
  const further = ['/mcp', '/docs', '/openapi.json', '/inquiry/1'].map((path): [string, string] => ['GET', path]);
  const methods = new Map<string, Set<string>>();
  for (const [method, path] of [...routes, ...further]) {
    const sent = methods.get(path) ?? new Set(['OPTIONS', 'PATCH']);
    methods.set(path, sent.add(method).add(method === 'GET' ? 'HEAD' : method));
  }
  for (const [path, all] of methods) {
    for (const sent of all) {
      for (const headers of [{}, { 'x-api-key': 'admin' }] as Record<string, string>[]) {
        const without = await answerOf(sent, path, headers);
        expect([sent, path, ...(await answerOf(sent, `${path}/`, headers))]).toEqual([sent, path, ...without]);
      }
    }
  }
});

it.each<[string, string, number]>([
  ['GET', '/healthz/', 200],
  ['HEAD', '/healthz/', 200],
  ['GET', '/api/v1/workflows/', 401],
  ['GET', '/api/v1/nothing/', 404],
  ['GET', '/api/v1/workflows//', 404],
  ['PATCH', '/api/v1/workflows/', 405],
])('%s %s answers %i', async (method, path, status) => {
  const headers: Record<string, string> = status === 401 ? {} : { 'x-api-key': 'admin' };
  expect((await app.request(path, { method, headers })).status).toBe(status);
});
