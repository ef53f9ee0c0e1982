import { contains, type IpAddress, type Network, parseAddress, parseNetwork } from '../model/ip-address.ts';
import { type EgressRules, NETWORK_WORDS, parseEndpoint } from '../model/networks.ts';
import { createInfrastructure } from './infrastructure.ts';
import { listMeanings } from './meanings.ts';

/** Never allowed, whatever the settings. */
const NEVER = [
  // This network, broadcast and multicast.
  ...['0.0.0.0/8', '::', '255.255.255.255', '224.0.0.0/4', 'ff00::/8'],
  // Link-local and site-local addresses.
  ...['169.254.0.0/16', 'fe80::/10', 'fec0::/10'],
  // Metadata services of clouds that are not link-local.
  ...['100.100.100.200', '168.63.129.16', '192.0.0.0/24', 'fd00:ec2::/32', 'fd20:ce::/32'],
  // Addresses for documentation, benchmarks and discarding, and 6to4 relays.
  ...['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20'],
  ...['198.18.0.0/15', '2001:2::/48', '100::/64', '192.88.99.0/24'],
].map(networkOf);

/** Only allowed by settings. */
const RESTRICTED = networksOf(['loopback', 'private']);

/** Decides which addresses are allowed. */
export interface Judge {
  /** Resolves when it can decide. */
  ready: Promise<void>;
  /** Reports whether a port of an address, in any notation, is denied; `host` is the requested host. */
  denies(host: string, address: string, port: number): boolean;
  close(): void;
}

/** Creates a judge. Without rules, loopback and private addresses are denied, and there is no infrastructure. */
export function createJudge({
  denied = [],
  allowed = [],
  infrastructure = [],
  nat64 = [],
}: Partial<EgressRules>): Judge {
  const own = createInfrastructure(infrastructure);
  const deniedNetworks = [...NEVER, ...networksOf(denied)];
  const allowedNetworks = networksOf(allowed.filter((entry) => endpointIn(entry) === null));
  const allowedEndpoints = allowed.flatMap((entry) => endpointIn(entry) ?? []);
  const prefixes = nat64.map(networkOf);

  function isAllowed(host: string, address: IpAddress, port: number): boolean {
    if (isIn(allowedNetworks, address)) return true;
    return allowedEndpoints.some((endpoint) => {
      if (endpoint.port !== port) return false;
      const given = parseAddress(endpoint.host);
      if (given === null) return endpoint.host.toLowerCase() === host;
      return given.family === address.family && given.value === address.value;
    });
  }

  return {
    ready: own.ready,
    denies(written, text, port) {
      const address = parseAddress(text);
      if (address === null) return true;
      const host = written.toLowerCase().replace(/\.$/, '');
      return listMeanings(address, prefixes).some(
        (meaning) =>
          isIn(deniedNetworks, meaning) ||
          own.includes(host, meaning, port) ||
          (isIn(RESTRICTED, meaning) && !isAllowed(host, meaning, port)),
      );
    },
    close: own.close,
  };
}

function isIn(networks: readonly Network[], address: IpAddress): boolean {
  return networks.some((network) => contains(network, address));
}

function endpointIn(entry: string) {
  return Object.hasOwn(NETWORK_WORDS, entry) || parseNetwork(entry) !== null ? null : parseEndpoint(entry);
}

function networksOf(entries: readonly string[]): Network[] {
  return entries.flatMap((entry) => (NETWORK_WORDS[entry] ?? [entry]).map(networkOf));
}

function networkOf(text: string): Network {
  const network = parseNetwork(text);
  if (network === null) throw new TypeError(`"${text}" is not a network`);
  return network;
}
