import { expect, it } from 'vitest';
import { createTestApp } from './test-app.ts';

const run = { execution: { closed: '2026-01-01T00:00:00Z' } };
async function* entries() {
  yield { type: 'log', id: '1', entry: { message: 'x' } };
}
let broken = false;
const app = createTestApp(
  { nobody: [], reader: ['workflow:read', 'execution:read'] },
  {
    watches: { watch: async () => ({ found: run, entries: entries() }) },
    definitions: { validate: async () => ({ issues: [], warnings: [] }) },
    signingKeys: {
      list: async () => {
        if (broken) throw new Error('broken');
        return [];
      },
    },
  },
);
app.post('/mcp', (context) => context.json({ jsonrpc: '2.0' }));
app.get('/asked', () => new Response('x', { headers: { 'cache-control': 'private, no-cache' } }));
app.get('/unchanged', () => new Response(null, { status: 304, headers: { 'cache-control': 'private, no-cache' } }));
app.get('/stored', () => new Response('x', { headers: { 'cache-control': 'public' } }));

const json = { 'content-type': 'application/json' };

it.each<[string, string, number, string?, RequestInit?]>([
  ['/healthz', 'no-store', 200],
  ['/openapi.json', 'no-store', 200],
  ['/docs', 'no-store', 200],
  ['/docs/start.js', 'no-store', 200],
  ['/docs/swagger-ui.css', 'max-age=3600', 200],
  ['/docs/nothing', 'no-store', 404],
  ['/.well-known/fermata-keys.json', 'max-age=300', 200],
  ['/inquiry/1', 'no-store', 500],
  ['/api/v1/keys', 'no-store', 401],
  ['/api/v1/keys', 'no-store', 401, 'wrong'],
  ['/api/v1/keys', 'no-store', 403, 'nobody'],
  ['/api/v1/nothing', 'no-store', 404, 'nobody'],
  ['/stored', 'no-store', 200, 'nobody'],
  ['/asked', 'private, no-cache', 200, 'nobody'],
  ['/unchanged', 'private, no-cache', 304, 'nobody'],
  ['/api/v1/executions/1024/events', 'no-store', 200, 'reader'],
  ['/api/v1/workflows/validate', 'no-store', 200, 'reader', { method: 'POST', headers: json, body: '{}' }],
  ['/api/v1/workflows/validate', 'no-store', 400, 'reader', { method: 'POST', headers: json, body: '{' }],
  ['/api/v1/workflows/validate', 'no-store', 415, 'reader', { method: 'POST', body: '{}' }],
  ['/mcp', 'no-store', 200, 'nobody', { method: 'POST', headers: json, body: '{}' }],
  [`/healthz?${'x'.repeat(9_000)}`, 'no-store', 400],
])('%.40s may be kept in caches: %s (%i)', async (path, caching, status, key, init = {}) => {
  const headers = new Headers(init.headers);
  if (key !== undefined) headers.set('x-api-key', key);
  const answer = await app.request(path, { ...init, headers });
  await answer.body?.cancel();
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([status, caching]);
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
});

it('a fault may not, where the answer might', async () => {
  broken = true;
  const answer = await app.request('/.well-known/fermata-keys.json');
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([500, 'no-store']);
});
