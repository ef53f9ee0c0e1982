import { parseAddress, parseNetwork } from './ip-address.ts';

/** A host and a port that Fermata itself depends on. */
export interface Endpoint {
  /** A name, or an address without brackets. */
  host: string;
  /** Null stands for every port. */
  port: number | null;
  /** Whether another machine with this host serves nothing else, so that all of its ports are included. */
  dedicated?: boolean;
}

/** The settings about addresses that may be reached; plain JSON, so that a process can pass them on. */
export interface EgressRules {
  /** Networks and words that are never reached (`FERMATA_EGRESS`). */
  denied: readonly string[];
  /** Loopback and private addresses that may be reached anyway (`FERMATA_EGRESS_ALLOW`). */
  allowed: readonly string[];
  /** Addresses that are never reached, whatever the other rules say. */
  infrastructure: readonly Endpoint[];
  /** Prefixes of NAT64 in this network, in addition to the well-known ones. */
  nat64: readonly string[];
  /** The proxy by which HTTP requests leave. */
  proxy?: ProxyRules | undefined;
}

/** A proxy for HTTP requests, and the hosts that are reached without it. */
export interface ProxyRules {
  /** `http://` or `https://`, with user and password where it requires them. */
  url: string;
  /** Hosts, `.domain`, `host:port`, addresses, networks, or `*`. */
  except: readonly string[];
}

/** The meaning of words in `FERMATA_EGRESS` and `FERMATA_EGRESS_ALLOW`. */
export const NETWORK_WORDS: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '0.0.0.0/8', '::1/128', '::/128'],
  // 240.0.0.0/4 is reserved, and some clouds number their machines from it.
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '240.0.0.0/4', 'fc00::/7'],
};

/** Bits that a prefix of NAT64 may have (RFC 6052). */
const NAT64_PREFIXES = [32, 40, 48, 56, 64, 96];

/** Parses a list by commas of networks, addresses, `private` and `loopback`; null where an entry is anything else. */
export function parseNetworks(text: string): string[] | null {
  return entriesOf(text, isNetwork);
}

/** Parses a list as `parseNetworks` does, whose entries may also be `host:port`. */
export function parseAllowed(text: string): string[] | null {
  return entriesOf(text, (entry) => isNetwork(entry) || typeof parseEndpoint(entry)?.port === 'number');
}

/** Parses a list by commas of `host:port`, or `host` for all ports; null where an entry is neither. */
export function parseEndpoints(text: string): Endpoint[] | null {
  const entries = entriesOf(text, (entry) => parseEndpoint(entry) !== null);
  return entries?.map((entry) => parseEndpoint(entry)!) ?? null;
}

/** Parses a list by commas of hosts, `.domain`, `host:port`, addresses, networks and `*`; null where an entry is anything else. */
export function parseProxyExceptions(text: string): string[] | null {
  return entriesOf(text, (entry) => {
    if (entry === '*' || parseNetwork(entry) !== null) return true;
    const endpoint = parseEndpoint(entry.replace(/^\*?\./, ''));
    return endpoint !== null;
  });
}

/** Parses a list by commas of prefixes of NAT64; null where an entry is invalid. */
export function parseNat64(text: string): string[] | null {
  return entriesOf(text, (entry) => {
    const network = parseNetwork(entry);
    return network?.family === 'ipv6' && NAT64_PREFIXES.includes(network.prefix);
  });
}

/** Parses `host`, `host:port`, `address`, `address:port` or `[address]:port`; null for anything else. */
export function parseEndpoint(text: string): Endpoint | null {
  if (parseAddress(text) !== null) return { host: text, port: null };
  const [, bracketed, name, digits] = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = bracketed ?? name;
  if (host === undefined || (bracketed !== undefined && parseAddress(bracketed)?.family !== 'ipv6')) return null;
  if (digits === undefined) return { host, port: null };
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? { host, port } : null;
}

function isNetwork(entry: string): boolean {
  return Object.hasOwn(NETWORK_WORDS, entry) || parseNetwork(entry) !== null;
}

function entriesOf(text: string, isEntry: (entry: string) => boolean): string[] | null {
  const entries = text.split(',').map((entry) => entry.trim());
  return entries.every(isEntry) ? entries : null;
}
