import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { contains, type IpAddress, type Network, parseAddress, parseNetwork } from '../model/ip-address.ts';
import type { Endpoint } from '../model/networks.ts';

/** Milliseconds between two lookups of the names. */
const LOOKUP_INTERVAL = 60_000;

/** Milliseconds between two lookups while a name has no address yet. */
const RETRY_INTERVAL = 1_000;

/** Milliseconds to wait for the first lookup. */
const PATIENCE = 5_000;

/**
 * Milliseconds for which an address is kept after a lookup returned it, since some names return only some of their
 * addresses at a time.
 */
const KEPT_FOR = 3_600_000;

/** The names of this machine. */
const OWN_NETWORKS: Network[] = ['127.0.0.0/8', '0.0.0.0/8', '::1', '::'].map((text) => parseNetwork(text)!);

/** The endpoints on which Fermata depends, which users must not reach. */
export interface Infrastructure {
  /** Resolves when every name has been looked up once, successfully or not, or after five seconds. */
  ready: Promise<void>;
  /** Reports whether a port of an address is one of them; `host` is the requested host. */
  includes(host: string, address: IpAddress, port: number): boolean;
  close(): void;
}

/** Dependencies that tests replace. */
export interface Surroundings {
  addressesOf(name: string): Promise<string[]>;
  ownAddresses(): string[];
  /** Milliseconds. */
  clock(): number;
}

const REAL: Surroundings = {
  addressesOf: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
  ownAddresses: () => Object.values(networkInterfaces()).flatMap((one) => (one ?? []).map(({ address }) => address)),
  clock: Date.now,
};

/**
 * Watches endpoints: looks the addresses of their names up now and every minute, or every second while a name has none.
 * A port of this machine counts on each of its addresses. Addresses are kept for an hour.
 */
export function createInfrastructure(
  endpoints: readonly Endpoint[],
  { addressesOf, ownAddresses, clock }: Surroundings = REAL,
): Infrastructure {
  let own: IpAddress[] = [];
  const isOwn = (address: IpAddress) =>
    OWN_NETWORKS.some((network) => contains(network, address)) || own.some((one) => isSame(one, address));
  const watched = endpoints.map((endpoint) => ({
    ...endpoint,
    host: endpoint.host.toLowerCase().replace(/\.$/, ''),
    /** The addresses, each with the time of the last lookup that returned it. */
    seen: new Map<string, number>(),
    addresses: [] as IpAddress[],
    isOwn: false,
  }));

  async function refresh(): Promise<void> {
    own = ownAddresses().flatMap((text) => parseAddress(text) ?? []);
    await Promise.all(
      watched.map(async (endpoint) => {
        const literal = parseAddress(endpoint.host);
        const found = literal === null ? await addressesOf(endpoint.host).catch(() => []) : [endpoint.host];
        const now = clock();
        for (const text of found) endpoint.seen.set(text, now);
        // If the lookup fails, known addresses are kept, however old.
        for (const [text, at] of endpoint.seen) {
          if (found.length > 0 && now - at > KEPT_FOR) endpoint.seen.delete(text);
        }
        endpoint.addresses = [...endpoint.seen.keys()].flatMap((text) => parseAddress(text) ?? []);
        endpoint.isOwn = endpoint.addresses.some(isOwn);
      }),
    );
  }

  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  async function keepLooking(): Promise<void> {
    await refresh();
    if (closed) return;
    const missing = watched.some(({ addresses }) => addresses.length === 0);
    timer = setTimeout(() => void keepLooking(), missing ? RETRY_INTERVAL : LOOKUP_INTERVAL);
    timer.unref();
  }

  return {
    ready: Promise.race([keepLooking(), new Promise<void>((resolve) => setTimeout(resolve, PATIENCE).unref())]),
    includes: (host, address, port) =>
      watched.some((endpoint) => {
        const everyPort = endpoint.port === null || (endpoint.dedicated === true && !endpoint.isOwn);
        if (!everyPort && endpoint.port !== port) return false;
        if (endpoint.host === host || endpoint.addresses.some((one) => isSame(one, address))) return true;
        return endpoint.isOwn && isOwn(address);
      }),
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}

function isSame(one: IpAddress, other: IpAddress): boolean {
  return one.family === other.family && one.value === other.value;
}
