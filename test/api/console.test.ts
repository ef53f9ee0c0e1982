import { beforeAll, describe, expect, it } from 'vitest';
import type { ConsoleFiles } from '../../api/console.ts';
import { createTestApp } from './test-app.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const FILES: ConsoleFiles = {
  page: '<script src="%ROOT%/console/assets/main-1.js"></script>',
  assets: new Map([
    [
      'main-1.js',
      { type: 'text/javascript; charset=utf-8', plain: bytes('plain'), br: bytes('br'), gzip: bytes('gzip') },
    ],
  ]),
};

let app: ReturnType<typeof createTestApp>;
beforeAll(() => {
  app = createTestApp({}, { console: FILES });
});

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('the console', () => {
  it.each(['/console', '/console/', '/console/runs', '/console/runs/42/graph'])(
    'is at %s, for everybody',
    async (path) => {
      const answer = await app.request(path);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toBe('<script src="/console/assets/main-1.js"></script>');
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'content-type': 'text/html; charset=UTF-8',
        'cache-control': 'no-store',
        'content-security-policy':
          "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'cross-origin-opener-policy': 'same-origin',
      });
    },
  );

  it.each([
    ['gzip, deflate, br, zstd', 'br', 'br'],
    ['gzip, deflate', 'gzip', 'gzip'],
    ['gzip, br;q=0', 'gzip', 'gzip'],
    ['br;q=0.5, gzip;q=0', 'br', 'br'],
    ['br; q=0.000, gzip;q=0', 'plain', null],
    ['identity', 'plain', null],
  ])('sends files to who accepts %s, to be kept for ever', async (accepted, body, encoding) => {
    const answer = await app.request('/console/assets/main-1.js', { headers: { 'accept-encoding': accepted } });
    expect(await answer.text()).toBe(body);
    expect(answer.headers.get('content-encoding')).toBe(encoding);
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(answer.headers.get('vary')).toBe('accept-encoding');
  });

  it.each(['main-2.js', '__proto__', 'main-1.js.br', '..%2F1.js'])('has no file %s', async (name) => {
    expect((await app.request(`/console/assets/${name}`)).status).toBe(404);
  });

  it('is where / leads a browser, and nobody else', async () => {
    const led = await app.request('/', { headers: BROWSER });
    expect([led.status, led.headers.get('location')]).toEqual([302, '/console']);
    expect((await app.request('/')).status).toBe(401);
  });

  it('works below a path', async () => {
    const below = createTestApp({}, { console: FILES, publicUrl: 'https://example.com/tools/fermata/' });
    expect(await (await below.request('/console')).text()).toContain('src="/tools/fermata/console/assets/main-1.js"');
    const led = await below.request('/', { headers: BROWSER });
    expect(led.headers.get('location')).toBe('/tools/fermata/console');
  });

  it('can be left out', async () => {
    const without = createTestApp({}, { console: null });
    expect((await without.request('/console')).status).toBe(401);
    expect((await without.request('/', { headers: BROWSER })).status).toBe(401);
  });
});
