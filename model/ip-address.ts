/** An IP address as a number of 32 or 128 bits. */
export interface IpAddress {
  family: 'ipv4' | 'ipv6';
  value: bigint;
}

/** A network: the addresses that begin with the same `prefix` bits. */
export interface Network extends IpAddress {
  prefix: number;
}

/** Parses an address, an IPv6 one in any spelling; null for anything else, such as a name, a zone id or a leading zero. */
export function parseAddress(text: string): IpAddress | null {
  const ipv4 = parseIPv4(text);
  if (ipv4 !== null) return { family: 'ipv4', value: ipv4 };
  const ipv6 = parseIPv6(text);
  return ipv6 === null ? null : { family: 'ipv6', value: ipv6 };
}

/** Parses `address/prefix`, or an address as the network of itself; null for anything else. */
export function parseNetwork(text: string): Network | null {
  const [written = '', bits, more] = text.split('/');
  const address = parseAddress(written);
  if (address === null || more !== undefined) return null;
  const most = widthOf(address);
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  return prefix < 0 || prefix > most ? null : { family: address.family, value: address.value, prefix };
}

/** Returns whether an address is in a network. */
export function contains(network: Network, address: IpAddress): boolean {
  const rest = BigInt(widthOf(network) - network.prefix);
  return network.family === address.family && network.value >> rest === address.value >> rest;
}

function widthOf({ family }: IpAddress): number {
  return family === 'ipv4' ? 32 : 128;
}

function parseIPv4(text: string): bigint | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return null;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseIPv6(text: string): bigint | null {
  // The last 32 bits may be written as IPv4.
  const [, start, dotted] = /^(.*:)([\d.]+\.[\d.]+)$/.exec(text) ?? [];
  const ipv4 = dotted === undefined ? null : parseIPv4(dotted);
  if (dotted !== undefined && ipv4 === null) return null;
  const hex = ipv4 === null ? text : `${start}${(ipv4 >> 16n).toString(16)}:${(ipv4 & 0xffffn).toString(16)}`;
  const [head = '', tail, more] = hex.split('::');
  if (more !== undefined) return null;
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...before, ...Array<string>(missing).fill('0'), ...after];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}
