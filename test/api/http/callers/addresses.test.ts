import { describe, expect, it } from 'vitest';
import { createAddressGuard, findNetwork } from '../../../../api/http/callers/addresses.ts';
import { AppError } from '../../../../model/app-error.ts';
import { createTestApp } from '../../test-app.ts';

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::6', '2001:db8:1:2::/64'],
  ['2001:db8::6', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['', ''],
])('%s belongs to the network %s', (address, network) => {
  expect(findNetwork(address)).toBe(network);
});

/** The API with limits by address, and what it answers to one. */
function guarded() {
  const looks: string[] = [];
  const app = createTestApp(
    { good: ['workflow:read'], other: [] },
    { rateLimit: 1_000_000, readiness: { temporal: async () => void looks.push('temporal') } },
  );
  const ask = async (path: string, remoteAddress: string, key?: string) => {
    const headers: Record<string, string> = key === undefined ? {} : { 'x-api-key': key };
    const response = await app.request(path, { headers }, { incoming: { socket: { remoteAddress } } } as never);
    return [response.status, response.headers.get('retry-after') !== null];
  };
  return { ask, looks };
}
const NOWHERE = '/api/v1/nothing';

describe('an address that sends wrong credentials', () => {
  it('is refused after 120, unless the key was good just now; others are not', async () => {
    const { ask } = guarded();
    expect(await ask(NOWHERE, '192.0.2.1', 'good')).toEqual([404, false]);
    for (let n = 0; n < 120; n += 1) expect(await ask(NOWHERE, '192.0.2.1', `wrong ${n}`)).toEqual([401, false]);
    expect(await ask(NOWHERE, '192.0.2.1', 'wrong')).toEqual([429, true]);
    expect(await ask(NOWHERE, '::ffff:192.0.2.1', 'wrong')).toEqual([429, true]);
    expect(await ask(NOWHERE, '192.0.2.1', 'other')).toEqual([429, true]);
    expect(await ask(NOWHERE, '192.0.2.1', 'good')).toEqual([404, false]);
    expect(await ask(NOWHERE, '192.0.2.2', 'wrong')).toEqual([401, false]);
  });

  it('shares the limit with its network of IPv6', async () => {
    const { ask } = guarded();
    for (let n = 0; n < 120; n += 1) await ask(NOWHERE, `2001:db8:1:2::${n.toString(16)}`, 'wrong');
    expect(await ask(NOWHERE, '2001:db8:1:2:ffff::1', 'wrong')).toEqual([429, true]);
    expect(await ask(NOWHERE, '2001:db8:1:3::1', 'wrong')).toEqual([401, false]);
  });

  it('is not looked up while it is refused, and a key is forgotten after a minute or once it is wrong', async () => {
    let now = 0;
    let found = 0;
    let valid = true;
    const guard = createAddressGuard(() => now);
    const look = (key: string) =>
      guard
        .lookUp('a', key, async () => {
          found += 1;
          if (key !== 'good' || !valid) throw new AppError('unauthenticated', 'no');
          return 'found';
        })
        .catch((error: AppError) => error.code);
    expect(await look('good')).toBe('found');
    for (let n = 0; n < 120; n += 1) expect(await look('wrong')).toBe('unauthenticated');
    expect([await look('wrong'), found]).toEqual(['rate_limited', 121]);
    now = 59_999;
    expect(await look('good')).toBe('found');
    valid = false;
    expect([await look('good'), await look('good'), found]).toEqual(['unauthenticated', 'rate_limited', 123]);
  });
});

describe('requests without a principal', () => {
  it.each(['/healthz', '/readyz', '/openapi.json', '/docs', '/inquiry', NOWHERE])(
    'of %s are 600 a minute for an address',
    async (path) => {
      const { ask } = guarded();
      for (let n = 0; n < 600; n += 1) await ask(n === 0 ? path : '/healthz', '192.0.2.1');
      expect(await ask(path, '192.0.2.1')).toEqual([429, true]);
      expect((await ask(path, '192.0.2.2'))[0]).not.toBe(429);
      expect(await ask(NOWHERE, '192.0.2.1', 'good')).toEqual([404, false]);
    },
  );

  it('do not ask Temporal each time', async () => {
    const { ask, looks } = guarded();
    for (let n = 0; n < 50; n += 1) expect(await ask('/readyz', '192.0.2.1')).toEqual([200, false]);
    expect(looks.length).toBeLessThan(10);
  });
});

describe('an address that signs in', () => {
  const refused = { open: async () => Promise.reject(new AppError('unauthenticated', 'no')) };
  const attempt = (app: ReturnType<typeof createTestApp>, remoteAddress: string, sent: RequestInit = {}) =>
    app.request(
      '/api/v1/session',
      { method: 'POST', body: '{"key":"x"}', headers: { 'content-type': 'application/json' }, ...sent },
      { incoming: { socket: { remoteAddress } } } as never,
    );

  it('is refused for a minute after ten refusals', async () => {
    const app = createTestApp({ ann: [] }, { rateLimit: 1_000_000, sessions: refused });
    for (let n = 0; n < 10; n += 1) expect((await attempt(app, '192.0.2.1')).status).toBe(401);
    const further = await attempt(app, '192.0.2.1');
    expect(further.status).toBe(429);
    expect(Number(further.headers.get('retry-after'))).toBeGreaterThan(50);
    expect((await attempt(app, '192.0.2.2')).status).toBe(401);
    // Who has a key is not concerned.
    const headers = { 'x-api-key': 'ann' };
    const env = { incoming: { socket: { remoteAddress: '192.0.2.1' } } } as never;
    expect((await app.request('/api/v1/me', { headers }, env)).status).toBe(200);
  });

  it('has attempts under way that are no refused ones, 50 at once', async () => {
    const guard = createAddressGuard(() => 0);
    let end = () => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    const attempts = Array.from({ length: 50 }, (_, n) => guard.signIn('a', `key ${n}`, () => ended));
    const further = (address: string) => guard.signIn(address, 'further', async () => 'in');
    await expect(further('a')).rejects.toMatchObject({ code: 'rate_limited', retryAfter: 1 });
    expect(await further('b')).toBe('in');
    // It has signed in, at whatever address.
    expect(await further('a')).toBe('in');
    end();
    await Promise.all(attempts);
    expect(await guard.signIn('a', 'another', async () => 'in')).toBe('in');
  });

  it('can use credentials that were good before, as long as they are', async () => {
    let now = 0;
    const guard = createAddressGuard(() => now);
    const valid = new Set(['signed in', 'in a header', 'neither']);
    const open = (key: string) => async () => {
      if (!valid.has(key)) throw new AppError('unauthenticated', 'no');
      return 'in';
    };
    const signIn = (key: string) => guard.signIn('a', key, open(key)).catch((error: AppError) => error.code);
    expect(await signIn('signed in')).toBe('in');
    now = 3_600_000;
    await guard.lookUp('a', 'in a header', open('in a header'));
    for (let n = 0; n < 10; n += 1) expect(await signIn(`wrong ${n}`)).toBe('unauthenticated');
    const keys = ['signed in', 'in a header', 'neither', 'wrong'];
    expect(await Promise.all(keys.map(signIn))).toEqual(['in', 'in', 'rate_limited', 'rate_limited']);
    valid.clear();
    expect([await signIn('signed in'), await signIn('signed in')]).toEqual(['unauthenticated', 'rate_limited']);
  });

  it('may do so as often as it likes while it is not refused', async () => {
    const app = createTestApp({}, { rateLimit: 1_000_000, sessions: refused });
    for (let n = 0; n < 30; n += 1) expect((await attempt(app, '192.0.2.1', { body: '{}' })).status).toBe(400);
    for (let n = 0; n < 10; n += 1) expect((await attempt(app, '192.0.2.1')).status).toBe(401);
    expect((await attempt(app, '192.0.2.1')).status).toBe(429);
  });

  it('is free again after a minute, also when the clock was set back, and of 10,000 others one is forgotten', async () => {
    let now = 3_600_000;
    const guard = createAddressGuard(() => now);
    const isFree = (address: string): Promise<boolean> =>
      guard
        .signIn(address, 'wrong', () => Promise.reject(new AppError('unauthenticated', 'no')))
        .catch((error: AppError) => error.code === 'unauthenticated');
    const tire = async () => {
      let tries = 0;
      while (await isFree('a')) tries += 1;
      return tries;
    };
    expect(await tire()).toBe(10);
    now += 59_999;
    expect(await isFree('a')).toBe(false);
    now += 1;
    expect(await tire()).toBe(10);
    now -= 3_600_000;
    expect(await tire()).toBe(10);
    for (let n = 0; n < 9_999; n += 1) await isFree(`b${n}`);
    expect(await isFree('a')).toBe(false);
    await isFree('c');
    expect(await isFree('a')).toBe(true);
  });
});

it('there is no limit by address where there is none for principals', async () => {
  const app = createTestApp({});
  for (let n = 0; n < 700; n += 1) expect((await app.request('/healthz')).status).toBe(200);
});
