import { contains, type IpAddress, type Network, parseNetwork } from '../model/ip-address.ts';

/** IPv6 networks whose last 32 bits are an IPv4 address: mapped, translated (SIIT), and the well-known prefix of NAT64. */
const LAST_32_BITS = ['::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96'].map((text) => parseNetwork(text)!);

/** NAT64 within one network (RFC 8215), with a prefix of unknown length. */
const LOCAL_NAT64 = parseNetwork('64:ff9b:1::/48')!;
const LOCAL_NAT64_PREFIXES = [48, 56, 64, 96];

/**
 * Returns all addresses that an address leads to: itself, and the IPv4 addresses that an IPv6 address embeds. `nat64`
 * are the known NAT64 prefixes of the network.
 */
export function listMeanings(address: IpAddress, nat64: readonly Network[]): IpAddress[] {
  if (address.family === 'ipv4') return [address];
  return [address, ...new Set(carriedBy(address, nat64))].map((one) =>
    typeof one === 'bigint' ? { family: 'ipv4', value: one } : one,
  );
}

function carriedBy(address: IpAddress, nat64: readonly Network[]): bigint[] {
  const bits = (from: number, length: number) =>
    (address.value >> BigInt(128 - from - length)) & ((1n << BigInt(length)) - 1n);
  const last = bits(96, 32);
  const found: bigint[] = [];
  const compatible = bits(0, 96) === 0n && last > 1n;
  // The two bits that mark an ISATAP address as global do not matter.
  const isatap = (bits(64, 32) & ~0x0300_0000n) === 0x5efen;
  if (compatible || isatap || LAST_32_BITS.some((network) => contains(network, address))) found.push(last);
  // 6to4
  if (bits(0, 16) === 0x2002n) found.push(bits(16, 32));
  // Teredo: its server, and its client with every bit inverted.
  if (bits(0, 32) === 0x2001_0000n) found.push(bits(32, 32), last ^ 0xffff_ffffn);
  const known = nat64.filter((network) => contains(network, address));
  found.push(...known.map(({ prefix }) => translated(address.value, prefix)));
  if (known.length === 0 && contains(LOCAL_NAT64, address)) {
    const guesses = LOCAL_NAT64_PREFIXES.map((prefix) => translated(address.value, prefix));
    // A wrong guess mostly ends in zeros, so it is ignored if another guess is plausible.
    const likely = guesses.filter((guess) => guess >= 1n << 24n);
    found.push(...(likely.length === 0 ? guesses : likely));
  }
  return found;
}

/** Returns the IPv4 address after a NAT64 prefix (RFC 6052, 2.2); bits 64 to 71 are skipped. */
function translated(value: bigint, prefix: number): bigint {
  const skipping = prefix === 96 ? value : ((value >> 64n) << 56n) | (value & ((1n << 56n) - 1n));
  return (skipping >> BigInt((prefix === 96 ? 128 : 120) - prefix - 32)) & 0xffff_ffffn;
}
