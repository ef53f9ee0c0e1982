import { expect, it } from 'vitest';
import { egressRules, keyRules, sharedNetworks, trustedRules } from '../../composition/network.ts';
import { createJudge } from '../../egress/judge.ts';
import { readConfig } from '../../model/config.ts';

/** Returns which of some targets, `address port`, are denied to what may reach everything. */
async function deniedOf(env: Record<string, string>, targets: string[], more: object = {}): Promise<string[]> {
  const { config } = readConfig({ FERMATA_EGRESS_ALLOW: 'loopback,private', ...env });
  const judge = createJudge(egressRules(config, { allowed: [], ...more }));
  await judge.ready;
  judge.close();
  return targets.filter((target) => {
    const [address = '', port] = target.split(' ');
    return judge.denies(address, address, Number(port));
  });
}

it.each<[Record<string, string>, string[], string[], object?]>([
  [{}, [], ['127.0.0.1 7233', '127.0.0.1 5432', '127.0.0.1 9464']],
  [{ TEMPORAL_ADDRESS: '127.0.0.1:7000' }, ['127.0.0.1 7000', '::1 7000', '127.0.0.1 8000'], ['127.0.0.1 8080']],
  [{ TEMPORAL_ADDRESS: 'localhost' }, ['127.0.0.1 7233', '127.0.0.1 8233'], ['127.0.0.1 8080']],
  [{ TEMPORAL_ADDRESS: '10.0.0.1:7000' }, ['10.0.0.1 7000', '10.0.0.1 80'], ['10.0.0.2 7000']],
  [{ TEMPORAL_ADDRESS: 'dns:///10.0.0.1:7000' }, ['10.0.0.1 7000'], ['10.0.0.2 7000']],
  [{ TEMPORAL_ADDRESS: 'https://10.0.0.1:7000' }, ['10.0.0.1 7000'], ['10.0.0.2 7000']],
  [{ TEMPORAL_ADDRESS: '[fd00::1]:7000' }, ['fd00::1 7000'], ['fd00::2 7000']],
  [{ DATABASE_URL: 'postgres://a:b@10.0.0.1/c' }, ['10.0.0.1 5432'], ['10.0.0.1 5433']],
  [{ DATABASE_URL: 'postgres://a:b@[fd00::1]:5433/c' }, ['fd00::1 5433'], ['fd00::1 5432']],
  [{ DATABASE_URL: 'postgres://a:b@x.invalid/c?host=10.0.0.1&port=5433' }, ['10.0.0.1 5433'], ['10.0.0.1 5432']],
  [{ DATABASE_URL: 'postgres:///c?host=/run/postgresql' }, ['127.0.0.1 5432'], ['127.0.0.1 5433']],
  [{ DATABASE_URL: 'postgres://%2Frun%2Fpostgresql/c' }, ['127.0.0.1 5432'], ['127.0.0.1 5433']],
  [{ DATABASE_URL: 'postgres:///c' }, ['127.0.0.1 5432'], ['127.0.0.1 5433']],
  [{ FERMATA_METRICS_PORT: '9464' }, ['127.0.0.1 9464'], ['10.0.0.1 9464']],
  [{ FERMATA_METRICS_PORT: '0' }, ['::1 9999'], ['127.0.0.1 1'], { metricsUrl: 'http://0.0.0.0:9999' }],
  [{}, ['127.0.0.1 1111', '127.0.0.1 2222'], ['127.0.0.1 3333'], { ownPorts: [1111, 2222] }],
  [
    { FERMATA_CODEC_ORIGINS: 'http://10.0.0.1,https://10.0.0.2:8443' },
    ['10.0.0.1 80', '10.0.0.2 8443'],
    ['10.0.0.1 443'],
  ],
  [{ FERMATA_INFRASTRUCTURE: '10.0.0.1:80, 10.0.0.2' }, ['10.0.0.1 80', '10.0.0.2 22'], ['10.0.0.1 22']],
  [{ FERMATA_EGRESS: '10.0.0.0/8,8.8.8.8' }, ['10.0.0.1 80', '8.8.8.8 80'], ['192.168.0.1 80', '8.8.4.4 80']],
  [{ FERMATA_NAT64_PREFIX: '2a00::/96', FERMATA_EGRESS: '10.0.0.1' }, ['2a00::a00:1 80'], ['2a00::808:808 80']],
])('%j denies %j and not %j', async (env, denied, others, more) => {
  expect(await deniedOf(env, [...denied, ...others], more)).toEqual(denied);
});

it.each([
  [undefined, [], true],
  [undefined, ['loopback'], false],
  ['private', ['loopback'], true],
  ['127.0.0.1:80', [], false],
])('FERMATA_EGRESS_ALLOW=%s where %j is allowed without it', (setting, allowed, denied) => {
  const { config } = readConfig({ FERMATA_EGRESS_ALLOW: setting });
  const judge = createJudge(egressRules(config, { allowed }));
  judge.close();
  expect(judge.denies('127.0.0.1', '127.0.0.1', 80)).toBe(denied);
});

it.each([
  [[], []],
  [['10.0.0.0/8', 'db:5432'], []],
  [
    ['loopback', '10.0.0.1', 'private'],
    ['loopback', 'private'],
  ],
])('of what may be reached, %j, all tenants share %j', (allowed, shared) => {
  expect(sharedNetworks({ allowed })).toEqual(shared);
});

it('the proxy takes what actions and notices send, and not the keys of tokens', () => {
  const { config } = readConfig({ FERMATA_EGRESS_PROXY: 'http://p:3128' });
  const rules = egressRules(config, { allowed: [] });
  const proxies = [rules, trustedRules(rules), keyRules(rules)].map(({ proxy }) => proxy?.url);
  expect(proxies).toEqual(['http://p:3128', 'http://p:3128', undefined]);
});
