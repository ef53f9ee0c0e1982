/** A network, as `address/prefix`. */
export interface Network {
  address: string;
  prefix: number;
  family: 'ipv4' | 'ipv6';
}

/** Link-local addresses, and where clouds keep the credentials of a machine: never reached. */
const ALWAYS = [
  '169.254.0.0/16',
  'fe80::/10',
  '100.100.100.200/32',
  '168.63.129.16/32',
  'fd00:ec2::/32',
  'fd20:ce::/32',
];

/** What words stand for in `FERMATA_EGRESS`. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '0.0.0.0/8', '::1/128', '::/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'],
};

/** The networks that actions may not reach: some always, and those that are listed (`parseNetworks`). */
export function deniedNetworks(listed: readonly string[]): Network[] {
  return [...ALWAYS, ...listed.flatMap((entry) => WORDS[entry] ?? [entry])].map((entry) => {
    const network = parseNetwork(entry);
    if (network === null) throw new TypeError(`"${entry}" is no network`);
    return network;
  });
}

/** The entries of a list by commas: networks, addresses, `private`, `loopback`; null where one of them is none of these. */
export function parseNetworks(text: string): string[] | null {
  const entries = text.split(',').map((entry) => entry.trim());
  const known = (entry: string) => Object.hasOwn(WORDS, entry) || parseNetwork(entry) !== null;
  return entries.every(known) ? entries : null;
}

function parseNetwork(entry: string): Network | null {
  const [address = '', bits, more] = entry.split('/');
  const family = isIPv4(address) ? 'ipv4' : /^[0-9a-f:]+$/i.test(address) && address.includes(':') ? 'ipv6' : null;
  const most = family === 'ipv4' ? 32 : 128;
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (family === null || more !== undefined || prefix < 0 || prefix > most) return null;
  return { address, prefix, family };
}

function isIPv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}
