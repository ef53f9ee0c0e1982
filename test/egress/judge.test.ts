import { describe, expect, it } from 'vitest';
import { createJudge } from '../../egress/judge.ts';

/** IPv4 addresses, and whether each may be reached without any rules, and with loopback and private networks allowed. */
const ADDRESSES: [string, 'always' | 'if allowed' | 'never'][] = [
  ...['8.8.8.8', '1.1.1.1', '93.184.216.34', '9.255.255.255', '11.0.0.0', '126.255.255.255', '128.0.0.1'].map(always),
  ...['100.63.255.255', '100.128.0.0', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0'].map(always),
  ...['192.0.1.0', '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '168.63.129.17'].map(always),
  ...['127.0.0.1', '127.255.255.254', '10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255'].map(allowed),
  ...['192.168.0.1', '192.168.255.255', '100.64.0.1', '100.127.255.255', '240.0.0.1'].map(allowed),
  ...['169.254.169.254', '169.254.170.2', '169.254.0.1', '100.100.100.200', '168.63.129.16', '192.0.0.192'].map(never),
  ...['0.0.0.0', '0.1.2.3', '224.0.0.1', '239.255.255.255', '255.255.255.255', '192.0.2.1'].map(never),
  ...['198.51.100.1', '203.0.113.1', '198.18.0.1', '198.19.255.255', '192.88.99.1'].map(never),
];

function always(address: string): [string, 'always'] {
  return [address, 'always'];
}
function allowed(address: string): [string, 'if allowed'] {
  return [address, 'if allowed'];
}
function never(address: string): [string, 'never'] {
  return [address, 'never'];
}

/** IPv6 addresses that carry an IPv4 address, in eight groups. */
const CARRIERS: Record<string, (a: number, b: number, c: number, d: number) => (number | string)[]> = {
  mapped: (a, b, c, d) => [0, 0, 0, 0, 0, 'ffff', a * 256 + b, c * 256 + d],
  compatible: (a, b, c, d) => [0, 0, 0, 0, 0, 0, a * 256 + b, c * 256 + d],
  translated: (a, b, c, d) => [0, 0, 0, 0, 'ffff', 0, a * 256 + b, c * 256 + d],
  nat64: (a, b, c, d) => ['64', 'ff9b', 0, 0, 0, 0, a * 256 + b, c * 256 + d],
  'local nat64/96': (a, b, c, d) => ['64', 'ff9b', 1, 0, 0, 0, a * 256 + b, c * 256 + d],
  'local nat64/64': (a, b, c, d) => ['64', 'ff9b', 1, 0, a, b * 256 + c, d * 256, 0],
  'local nat64/56': (a, b, c, d) => ['64', 'ff9b', 1, a, b, c * 256 + d, 0, 0],
  'local nat64/48': (a, b, c, d) => ['64', 'ff9b', 1, a * 256 + b, c, d * 256, 0, 0],
  'configured nat64/96': (a, b, c, d) => ['2606', '4700', '64', 0, 0, 0, a * 256 + b, c * 256 + d],
  'configured nat64/32': (a, b, c, d) => ['2a00', '64', a * 256 + b, c * 256 + d, 0, 0, 0, 0],
  'configured nat64/40': (a, b, c, d) => ['2a01', '64', a, b * 256 + c, d, 0, 0, 0],
  '6to4': (a, b, c, d) => ['2002', a * 256 + b, c * 256 + d, 0, 0, 0, 0, 0],
  '6to4 host': (a, b, c, d) => ['2002', a * 256 + b, c * 256 + d, 'cafe', 0, 0, 0, 1],
  'teredo server': (a, b, c, d) => ['2001', 0, a * 256 + b, c * 256 + d, 0, 0, 'f7f7', 'f7f7'],
  'teredo client': (a, b, c, d) => ['2001', 0, '808', '808', 0, 0, 0xffff - a * 256 - b, 0xffff - c * 256 - d],
  isatap: (a, b, c, d) => ['2606', '4700', 0, 1, 0, '5efe', a * 256 + b, c * 256 + d],
  'global isatap': (a, b, c, d) => ['2606', '4700', 0, 1, '200', '5efe', a * 256 + b, c * 256 + d],
};

/** Spellings of eight groups. */
const SPELLINGS: ((groups: string[]) => string)[] = [
  (groups) => groups.join(':'),
  (groups) => groups.map((group) => group.padStart(4, '0').toUpperCase()).join(':'),
  (groups) => new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1),
];

function spellingsOf(ipv4: string): [string, string][] {
  const [a, b, c, d] = ipv4.split('.').map(Number) as [number, number, number, number];
  const carried = Object.entries(CARRIERS).flatMap(([name, carrier]) => {
    const groups = carrier(a, b, c, d).map((group) => (typeof group === 'number' ? group.toString(16) : group));
    return SPELLINGS.map((spell) => [name, spell(groups)] as [string, string]);
  });
  const dotted = ['::ffff:', '::', '::ffff:0:', '64:ff9b::', '64:ff9b:1::'].map((prefix): [string, string] => [
    'dotted',
    prefix + ipv4,
  ]);
  return [['itself', ipv4], ...carried, ...dotted];
}

/** Prefixes whose length is guessed: an address that only a wrong guess makes bad is denied as well. */
const GUESSED = /^local nat64\/(48|56|64)$/;

/** Addresses that a guessed NAT64 prefix may read as another address; `::` with a few bits is this machine or nobody. */
const LEFT_OUT = /^(0\.|240\.)/;

describe('an address is judged by what it means', () => {
  const nat64 = ['2606:4700:64::/96', '2a00:64::/32', '2a01:64::/40'];
  const judges = {
    bare: createJudge({ nat64 }),
    open: createJudge({ nat64, allowed: ['loopback', 'private'] }),
    closed: createJudge({ nat64, denied: ['8.8.8.0/24'], allowed: ['loopback', 'private'] }),
  };
  const table = ADDRESSES.flatMap(([ipv4, reached]) =>
    spellingsOf(ipv4)
      .filter(([name]) => !LEFT_OUT.test(ipv4) || !/compatible|dotted|local/.test(name))
      .map(([name, spelled]) => ({ ipv4, reached, name, spelled })),
  );

  it('has some 2,000 spellings', () => {
    expect(table.length).toBeGreaterThan(2_000);
    expect(new Set(table.map(({ spelled }) => spelled)).size).toBeGreaterThan(1_900);
  });

  it('in each of them', () => {
    const wrong = table.filter(({ reached, spelled, ipv4, name }) => {
      const differs = (denied: boolean, expected: boolean) => denied !== expected && (expected || !GUESSED.test(name));
      const bare = differs(judges.bare.denies('x', spelled, 80), reached !== 'always');
      const open = differs(judges.open.denies('x', spelled, 80), reached === 'never');
      const closed = ipv4.startsWith('8.8.8.') && !judges.closed.denies('x', spelled, 80);
      return bare || open || closed;
    });
    expect(wrong).toEqual([]);
  });

  it.each([
    ['::1', 'if allowed'],
    ['fc00::1', 'if allowed'],
    ['fdff:ffff::1', 'if allowed'],
    ['2606:4700:4700::1111', 'always'],
    ['2a00:1450:4001:80b::200e', 'always'],
    ['::', 'never'],
    ['fe80::1', 'never'],
    ['febf::1', 'never'],
    ['fec0::1', 'never'],
    ['ff02::1', 'never'],
    ['fd00:ec2::254', 'never'],
    ['fd20:ce::254', 'never'],
    ['2001:db8::1', 'never'],
    ['3fff::1', 'never'],
    ['2001:2::1', 'never'],
    ['100::1', 'never'],
    ['fe80::1%eth0', 'never'],
    ['::1%lo', 'never'],
    ['localhost', 'never'],
    ['', 'never'],
    ['1.2.3', 'never'],
    ['01.2.3.4', 'never'],
    ['::1::', 'never'],
    ['1:2:3:4:5:6:7', 'never'],
    ['1:2:3:4:5:6:7:8:9', 'never'],
    ['1:2:3:4:5:6:7::8:9', 'never'],
    ['::g', 'never'],
    ['::1.2.3.256', 'never'],
  ])('%s is reached %s', (address, reached) => {
    expect([judges.bare.denies('x', address, 80), judges.open.denies('x', address, 80)]).toEqual([
      reached !== 'always',
      reached === 'never',
    ]);
  });

  it('a prefix that is known is not guessed', () => {
    const known = createJudge({ nat64: ['64:ff9b:1:a00::/96'] });
    expect(known.denies('x', '64:ff9b:1:a00::808:808', 80)).toBe(false);
    expect(known.denies('x', '64:ff9b:1:a00::a00:1', 80)).toBe(true);
    // As a prefix of 48 bits it would stand for 10.0.0.0.
    expect(judges.bare.denies('x', '64:ff9b:1:a00::808:808', 80)).toBe(true);
  });
});
