import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createEgress, EgressError, egressErrorIn } from '../../egress/egress.ts';
import { createInfrastructure } from '../../egress/infrastructure.ts';
import { parseAddress } from '../../model/ip-address.ts';
import type { Endpoint } from '../../model/networks.ts';
import { createActivity } from '../activities/activity.ts';

const NAMES: Record<string, string[]> = {
  localhost: ['127.0.0.1', '::1'],
  'my-machine': ['10.0.0.5'],
  temporal: ['10.0.0.9', 'fd00::9'],
  postgres: ['10.0.0.10'],
};

async function watch(endpoints: Endpoint[], names = NAMES) {
  const watched = createInfrastructure(endpoints, {
    addressesOf: async (name) => {
      const found = names[name];
      if (found === undefined) throw new Error('not found');
      return found;
    },
    ownAddresses: () => ['127.0.0.1', '::1', '10.0.0.5', 'fd00::5', 'fe80::5'],
    clock: () => 0,
  });
  await watched.ready;
  watched.close();
  return (address: string, port: number, host = address) => watched.includes(host, parseAddress(address)!, port);
}

describe('what Fermata depends on', () => {
  const OWN = ['127.0.0.1', '127.9.9.9', '0.0.0.0', '::1', '::', '10.0.0.5', 'fd00::5', 'fe80::5'];

  it.each(['127.0.0.1', 'localhost', 'my-machine', '10.0.0.5', '::1', '0.0.0.0', 'LOCALHOST.'])(
    'at a port of this machine (%s) is meant on each of its addresses',
    async (host) => {
      const includes = await watch([{ host, port: 7233 }]);
      expect(OWN.map((address) => [address, includes(address, 7233)])).toEqual(OWN.map((address) => [address, true]));
      expect(OWN.some((address) => includes(address, 7234))).toBe(false);
      expect(includes('10.0.0.6', 7233)).toBe(false);
    },
  );

  it.each<[Endpoint, [string, number][], [string, number][]]>([
    [
      { host: 'postgres', port: 5432 },
      [['10.0.0.10', 5432]],
      [
        ['10.0.0.10', 5433],
        ['10.0.0.11', 5432],
        ['127.0.0.1', 5432],
      ],
    ],
    [
      { host: 'temporal', port: 7233, dedicated: true },
      [
        ['10.0.0.9', 7233],
        ['10.0.0.9', 8233],
        ['fd00::9', 1],
      ],
      [['10.0.0.10', 7233]],
    ],
    [{ host: '10.0.0.7', port: null }, [['10.0.0.7', 22]], [['10.0.0.8', 22]]],
    [{ host: 'localhost', port: null }, [['10.0.0.5', 22]], [['10.0.0.8', 22]]],
    // On this machine, Temporal does not have the other ports.
    [{ host: '127.0.0.1', port: 7233, dedicated: true }, [['::1', 7233]], [['::1', 8080]]],
  ])('%j', async (endpoint, included, others) => {
    const includes = await watch([endpoint]);
    expect(included.map(([address, port]) => includes(address, port))).toEqual(included.map(() => true));
    expect(others.map(([address, port]) => includes(address, port))).toEqual(others.map(() => false));
  });

  it('by a name that cannot be looked up is meant by that name', async () => {
    const includes = await watch([{ host: 'Away', port: 5432 }]);
    expect([includes('10.9.9.9', 5432, 'away'), includes('10.9.9.9', 5432, 'other')]).toEqual([true, false]);
  });
});

describe('a name', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Watches one name whose lookups give one answer after another, then the last one; null: it cannot be looked up. */
  async function look(...answers: (string[] | null | Promise<string[]>)[]) {
    vi.useFakeTimers();
    const watched = createInfrastructure([{ host: 'db', port: 5432 }], {
      addressesOf: async () => {
        const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
        if (answer === null) throw new Error('not found');
        return answer;
      },
      ownAddresses: () => [],
      clock: Date.now,
    });
    return {
      ready: watched.ready,
      includes: (address: string) => watched.includes(address, parseAddress(address)!, 5432),
    };
  }

  it('that is not there yet is looked up every second until it is', async () => {
    const { ready, includes } = await look(null, null, ['10.0.0.1']);
    await ready;
    expect(includes('10.0.0.1')).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(includes('10.0.0.1')).toBe(true);
  });

  it('with many addresses is meant by all that it gave within the hour', async () => {
    const { ready, includes } = await look(['10.0.0.1'], ['10.0.0.2'], null, ['10.0.0.3']);
    await ready;
    await vi.advanceTimersByTimeAsync(180_000);
    expect(['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'].map(includes)).toEqual([true, true, true, false]);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(['10.0.0.1', '10.0.0.2', '10.0.0.3'].map(includes)).toEqual([false, false, true]);
  });

  it('that can no longer be looked up stays what it was', async () => {
    const { ready, includes } = await look(['10.0.0.1'], null);
    await ready;
    await vi.advanceTimersByTimeAsync(10 * 3_600_000);
    expect(includes('10.0.0.1')).toBe(true);
  });

  it('that is looked up for ever holds nothing up', async () => {
    const { ready } = await look(new Promise(() => undefined));
    await vi.advanceTimersByTimeAsync(5_000);
    await ready;
  });
});

describe('a port of this machine', () => {
  let server: Server;
  let port: number;
  let asked = 0;
  beforeAll(async () => {
    server = createServer((_, response) => {
      asked += 1;
      response.end('here');
    });
    await new Promise<void>((done) => server.listen(0, done));
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => new Promise((done) => server.close(done)));

  const own = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  const ipv4 = own.filter(({ family }) => family === 'IPv4').map(({ address }) => address);
  const ipv6 = own.filter(({ family }) => family === 'IPv6').map(({ address }) => `[${address}]`);
  const HOSTS = [
    ...new Set([
      ...[...ipv4, ...ipv6, 'localhost', 'LocalHost', '127.0.0.1', '127.0.0.2', '127.255.255.254'],
      ...[
        '0.0.0.0',
        '[::]',
        '[::1]',
        '[0:0:0:0:0:0:0:1]',
        '2130706433',
        '0x7f000001',
        '017700000001',
        '0x7f.1',
        '127.1',
      ],
      ...['0177.0.0.1', '127.0.1', '0', '0x0', '①②⑦.⓪.⓪.①', '１２７.0.0.1', '%31%32%37.0.0.1', '127.0.0.1.'],
      ...['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[::7f00:1]', '[::ffff:0:127.0.0.1]'],
      ...['[64:ff9b::127.0.0.1]', '[64:ff9b::7f00:1]', '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '[2002:7f00:1::1]'],
      ...['[2001:0:7f00:1::]', '[2001::808:808:0:0:80ff:fffe]', '[fe80::5efe:7f00:1]', '[2606:4700::200:5efe:7f00:1]'],
    ]),
  ];
  const RULES = {
    'without rules': () => ({}),
    'as infrastructure, with everything allowed': () => ({
      allowed: ['loopback', 'private', `127.0.0.1:${port}`, `localhost:${port}`, '0.0.0.0/0', '::/0'],
      infrastructure: [{ host: '127.0.0.1', port }],
    }),
  };

  it.each(Object.entries(RULES))('is never reached %s, however it is written', async (_, rules) => {
    const egress = createEgress(rules());
    const outcomes = await Promise.all(
      HOSTS.map(async (host) => {
        const error = await egress.fetch(`http://${host}:${port}/`).catch((thrown: unknown) => thrown);
        return [host, egressErrorIn(error) instanceof EgressError];
      }),
    );
    await egress.close();
    expect(HOSTS.length).toBeGreaterThan(35);
    expect(outcomes).toEqual(HOSTS.map((host) => [host, true]));
    expect(asked).toBe(0);
  });

  const CONNECTORS: Record<string, [input: object, connection: (host: string) => object]> = {
    'slack.post_message': [
      { channel: '#a', message: 'a' },
      (host) => ({ settings: { api_url: `http://${host}` }, secrets: { bot_token: 'xoxb' } }),
    ],
    'jira.create_issue': [
      { project: 'A', summary: 'a' },
      (host) => ({ settings: { base_url: `http://${host}`, email: 'a@b.c' }, secrets: { token: 'a' } }),
    ],
    'pagerduty.create_incident': [
      { summary: 'a', severity: 'info' },
      (host) => ({ settings: { base_url: `http://${host}` }, secrets: { routing_key: 'a' } }),
    ],
    'database.query': [{ sql: 'SELECT 1' }, (host) => ({ settings: {}, secrets: { url: `postgres://a:b@${host}/c` } })],
    'database.insert': [
      { table: 'a', data: { b: 1 } },
      (host) => ({ settings: {}, secrets: { url: `postgres://a:b@${host}/c` } }),
    ],
    'email.send': [
      { to: 'a@b.c', subject: 'a', text: 'a' },
      (host) => ({ settings: { from: 'a@b.c' }, secrets: { url: `smtp://${host}` } }),
    ],
    's3.upload': [
      { bucket: 'files', key: 'a', data: 'a' },
      (host) => ({
        settings: { region: 'eu-central-1', endpoint: `http://${host}` },
        secrets: { access_key_id: 'a', secret_access_key: 'a' },
      }),
    ],
    'aws.deploy': [
      { application: 'a', deployment_group: 'a' },
      (host) => ({
        settings: { region: 'eu-central-1', endpoint: `http://${host}` },
        secrets: { access_key_id: 'a', secret_access_key: 'a' },
      }),
    ],
  };

  it.each(Object.entries(CONNECTORS))('is never reached by %s', async (action, [input, connection]) => {
    const egress = createEgress(RULES['as infrastructure, with everything allowed']());
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '[64:ff9b::7f00:1]', '2130706433']) {
      const given = connection(`${host}:${port}`) as { settings: object; secrets: object };
      const activity = createActivity(egress, given as Parameters<typeof createActivity>[1]);
      const [type, retried, message, code] = await activity.failure(action, input);
      expect([host, type, retried, code]).toEqual([host, 'egress_denied', false, 'EGRESS_DENIED']);
      expect(message).toMatch(/may not be reached$/);
    }
    await egress.close();
    expect(asked).toBe(0);
  });
});
