import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEgress, EgressError, egressErrorIn } from '../../egress/egress.ts';
import { type EgressRules, parseAllowed, parseEndpoints, parseNat64, parseNetworks } from '../../model/networks.ts';

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

async function reach(rules: Partial<EgressRules>, url: string): Promise<string> {
  const egress = createEgress(rules);
  try {
    return await (await egress.fetch(url, { signal: AbortSignal.timeout(20_000) })).text();
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
    expect(await reach({ allowed: ['private', 'loopback', '0.0.0.0/0', '::/0'] }, url)).toMatch(/may not be reached$/);
  });

  it('is this machine and private networks, unless they are allowed', async () => {
    expect(await reach({}, `http://127.0.0.1:${port}/`)).toBe('127.0.0.1 may not be reached');
    expect(await reach({}, `http://localhost:${port}/`)).toBe('localhost may not be reached');
    expect(await reach({}, 'http://10.1.2.3/')).toBe('10.1.2.3 may not be reached');
    expect(await reach({}, 'http://[fc00::1]/')).toBe('fc00::1 may not be reached');
    expect(asked).toBe(0);
    const here = `127.0.0.1:${port}`;
    expect(await reach({ allowed: ['loopback'] }, `http://${here}/`)).toBe('here');
    expect(await reach({ allowed: ['loopback'] }, `http://localhost:${port}/`)).toBe('here');
    expect(await reach({ allowed: [here] }, `http://${here}/`)).toBe('here');
    expect(await reach({ allowed: [`localhost:${port}`] }, `http://LOCALHOST:${port}/`)).toBe('here');
  });

  it.each<[Partial<EgressRules>, string]>([
    [{ allowed: ['private'] }, '127.0.0.1'],
    [{ allowed: ['loopback'], denied: ['loopback'] }, '127.0.0.1'],
    [{ allowed: ['loopback'], denied: ['127.0.0.1'] }, 'localhost'],
    [{ allowed: ['127.0.0.1:1'] }, '127.0.0.1'],
    [{ allowed: ['localhost:1'] }, 'localhost'],
    [{ allowed: ['127.0.0.2'] }, '127.0.0.1'],
  ])('is what %j leaves closed: %s', async (rules, host) => {
    const before = asked;
    expect(await reach(rules, `http://${host}:${port}/`)).toBe(`${host} may not be reached`);
    expect(asked).toBe(before);
  });

  it('is not reached by a redirect either', async () => {
    const to = encodeURIComponent('http://169.254.169.254/');
    const [rules, here] = [{ allowed: [`localhost:${port}`] }, `http://localhost:${port}/`];
    expect(await reach(rules, `${here}?to=${to}`)).toBe('169.254.169.254 may not be reached');
    const other = encodeURIComponent(`http://127.0.0.1:${port}/`);
    expect(await reach(rules, `${here}?to=${other}`)).toBe('127.0.0.1 may not be reached');
  });

  it.each(['fe80::1%lo', '::1%lo', '127.0.0.1%25lo', '%31%32%37.0.0.1'])(
    'is a host with a percent sign: %s',
    async (host) => {
      const egress = createEgress({ allowed: ['loopback'] });
      await expect(egress.addressOf(host, 80)).rejects.toThrow(EgressError);
      await egress.close();
    },
  );

  it('is told apart from what does not respond', async () => {
    const egress = createEgress({ allowed: ['loopback'] });
    const error = await egress.fetch('http://127.0.0.1:1/').catch((thrown: unknown) => thrown);
    expect(egressErrorIn(error)).toBeUndefined();
    expect(egressErrorIn(new Error('no', { cause: new EgressError('a') }))?.message).toBe('a may not be reached');
    await egress.close();
  });
});

describe('a setting of networks', () => {
  it.each<[(text: string) => unknown, string, unknown]>([
    [parseNetworks, '10.0.0.0/8', ['10.0.0.0/8']],
    [parseNetworks, 'private, loopback', ['private', 'loopback']],
    [parseNetworks, '192.0.2.1, 2001:db8::/32', ['192.0.2.1', '2001:db8::/32']],
    ...[
      '10.0.0.0/33',
      '10.0.0/8',
      '::1/129',
      '10.0.0.0/8/8',
      'somewhere',
      '',
      'toString',
      '10.0.0.1:80',
      '::1%lo',
      '010.0.0.1',
    ].map((text): [typeof parseNetworks, string, null] => [parseNetworks, text, null]),
    [parseAllowed, 'private,10.0.0.1:80,[::1]:443,a.b:1', ['private', '10.0.0.1:80', '[::1]:443', 'a.b:1']],
    ...['a.b', 'a.b:0', 'a.b:65536', '[a.b]:1', '10.0.0.0/8:80', 'http://a.b:1', 'a b:1', ''].map(
      (text): [typeof parseAllowed, string, null] => [parseAllowed, text, null],
    ),
    [
      parseEndpoints,
      'temporal-ui:8080, 10.0.0.1, [fd00::1]:5432, fd00::2',
      [
        { host: 'temporal-ui', port: 8080 },
        { host: '10.0.0.1', port: null },
        { host: 'fd00::1', port: 5432 },
        { host: 'fd00::2', port: null },
      ],
    ],
    ...['', 'a:b', 'http://a', 'a/8', '[::1', 'a:1:2'].map((text): [typeof parseEndpoints, string, null] => [
      parseEndpoints,
      text,
      null,
    ]),
    [parseNat64, '64:ff9b::/96,2001:db8::/32', ['64:ff9b::/96', '2001:db8::/32']],
    ...['10.0.0.0/8', '64:ff9b::/95', '64:ff9b::', ''].map((text): [typeof parseNat64, string, null] => [
      parseNat64,
      text,
      null,
    ]),
  ])('%o %j', (parse, text, entries) => {
    expect(parse(text)).toEqual(entries);
  });
});
