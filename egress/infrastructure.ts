import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { contains, type IpAddress, type Network, parseAddress, parseNetwork } from '../model/ip-address.ts';
import type { Endpoint } from '../model/networks.ts';

/** Milliseconds between two lookups of the names. */
const LOOKUP_INTERVAL = 60_000;

/** What this machine calls itself, on every network. */
const OWN_NETWORKS: Network[] = ['127.0.0.0/8', '0.0.0.0/8', '::1', '::'].map((text) => parseNetwork(text)!);

/** What Fermata itself depends on, so that nothing which is named by its users leads there. */
export interface Infrastructure {
  /** Resolves when every name has been looked up once, whether it was found or not. */
  ready: Promise<void>;
  /** Returns whether a port of an address is one of them; `host` is what was written for it. */
  includes(host: string, address: IpAddress, port: number): boolean;
  close(): void;
}

/** The outside world, for tests. */
export interface Surroundings {
  addressesOf(name: string): Promise<string[]>;
  ownAddresses(): string[];
}

const REAL: Surroundings = {
  addressesOf: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
  ownAddresses: () => Object.values(networkInterfaces()).flatMap((one) => (one ?? []).map(({ address }) => address)),
};

/**
 * Watches some endpoints: the addresses of their names are looked up now and every minute, and a port of this machine is meant on each of
 * its addresses. A name that cannot be looked up keeps the addresses that it had.
 */
export function createInfrastructure(
  endpoints: readonly Endpoint[],
  { addressesOf, ownAddresses }: Surroundings = REAL,
): Infrastructure {
  let own: IpAddress[] = [];
  const isOwn = (address: IpAddress) =>
    OWN_NETWORKS.some((network) => contains(network, address)) || own.some((one) => isSame(one, address));
  const watched = endpoints.map((endpoint) => ({
    ...endpoint,
    host: endpoint.host.toLowerCase().replace(/\.$/, ''),
    addresses: [] as IpAddress[],
    isOwn: false,
  }));

  async function refresh(): Promise<void> {
    own = ownAddresses().flatMap((text) => parseAddress(text) ?? []);
    await Promise.all(
      watched.map(async (endpoint) => {
        const literal = parseAddress(endpoint.host);
        const found = literal === null ? await addressesOf(endpoint.host).catch(() => null) : [endpoint.host];
        if (found !== null) endpoint.addresses = found.flatMap((text) => parseAddress(text) ?? []);
        endpoint.isOwn = endpoint.addresses.some(isOwn);
      }),
    );
  }

  const timer = setInterval(() => void refresh(), LOOKUP_INTERVAL);
  timer.unref();
  return {
    ready: refresh(),
    includes: (host, address, port) =>
      watched.some((endpoint) => {
        const everyPort = endpoint.port === null || (endpoint.dedicated === true && !endpoint.isOwn);
        if (!everyPort && endpoint.port !== port) return false;
        if (endpoint.host === host || endpoint.addresses.some((one) => isSame(one, address))) return true;
        return endpoint.isOwn && isOwn(address);
      }),
    close: () => clearInterval(timer),
  };
}

function isSame(one: IpAddress, other: IpAddress): boolean {
  return one.family === other.family && one.value === other.value;
}
