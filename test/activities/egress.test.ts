import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEgress, EgressError, egressErrorIn } from '../../egress/egress.ts';
import { deniedNetworks, parseNetworks } from '../../model/networks.ts';

let server: Server;
let port: number;
let asked = 0;
beforeAll(async () => {
  server = createServer((request, response) => {
    asked += 1;
    const to = new URL(request.url ?? '', 'http://x').searchParams.get('to');
    if (to === null) response.end('here');
    else response.writeHead(302, { location: to }).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => new Promise((done) => server.close(done)));

async function reach(networks: string[], url: string, init: object = {}): Promise<string> {
  const egress = createEgress(networks);
  try {
    return await (await egress.fetch(url, { signal: AbortSignal.timeout(5_000), ...init })).text();
  } catch (error) {
    const denied = egressErrorIn(error);
    if (denied === undefined) throw error;
    expect([denied.name, denied.code]).toEqual(['EgressError', 'EGRESS_DENIED']);
    return denied.message;
  } finally {
    await egress.close();
  }
}

describe('what may not be reached', () => {
  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://169.254.0.1:8080/',
    'http://[fe80::1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://[fd00:ec2::254]/',
    'http://100.100.100.200/',
    'http://168.63.129.16/',
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://0251.0376.0251.0376/',
    'https://169.254.169.254/',
  ])('is never: %s', async (url) => {
    expect(await reach([], url)).toMatch(/may not be reached$/);
  });

  it('is what is listed, by address and by name', async () => {
    expect(await reach([], `http://127.0.0.1:${port}/`)).toBe('here');
    expect(await reach([], `http://localhost:${port}/`)).toBe('here');
    const before = asked;
    expect(await reach(['loopback'], `http://127.0.0.1:${port}/`)).toBe('127.0.0.1 may not be reached');
    expect(await reach(['127.0.0.1'], `http://localhost:${port}/`)).toMatch(/^localhost \(127.0.0.1\) may not be/);
    expect(await reach(['loopback'], `http://[::1]:${port}/`)).toBe('::1 may not be reached');
    expect(await reach(['private'], 'http://10.1.2.3/')).toBe('10.1.2.3 may not be reached');
    expect(await reach(['private'], 'http://[fc00::1]/')).toBe('fc00::1 may not be reached');
    expect(asked).toBe(before);
  });

  it('is not reached by a redirect either', async () => {
    const to = encodeURIComponent('http://169.254.169.254/');
    expect(await reach([], `http://127.0.0.1:${port}/?to=${to}`)).toBe('169.254.169.254 may not be reached');
    const other = encodeURIComponent(`http://127.0.0.1:${port}/`);
    expect(await reach(['127.0.0.1/32'], `http://localhost:${port}/?to=${other}`)).toMatch(/may not be reached$/);
  });

  it('is told apart from what does not answer', async () => {
    const egress = createEgress();
    const error = await egress.fetch('http://127.0.0.1:1/').catch((thrown: unknown) => thrown);
    expect(egressErrorIn(error)).toBeUndefined();
    expect(egressErrorIn(new Error('no', { cause: new EgressError('a', 'b') }))?.message).toBe(
      'a (b) may not be reached',
    );
    await egress.close();
  });
});

describe('a list of networks', () => {
  it.each([
    ['10.0.0.0/8', ['10.0.0.0/8']],
    ['private, loopback', ['private', 'loopback']],
    ['192.0.2.1, 2001:db8::/32', ['192.0.2.1', '2001:db8::/32']],
    ['10.0.0.0/33', null],
    ['10.0.0/8', null],
    ['::1/129', null],
    ['10.0.0.0/8/8', null],
    ['somewhere', null],
    ['', null],
    ['toString', null],
  ])('%j', (text, entries) => {
    expect(parseNetworks(text)).toEqual(entries);
    if (entries === null) expect(() => deniedNetworks([text])).toThrow(TypeError);
  });
});
