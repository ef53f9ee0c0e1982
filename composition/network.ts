import type { Config } from '../model/config.ts';
import { type EgressRules, type Endpoint, parseEndpoint } from '../model/networks.ts';

/** The port of Temporal's frontend for an address without one. */
const TEMPORAL_PORT = 7233;

/** Facts that are not in the settings. */
export interface NetworkFacts {
  /** The networks that may be reached if `FERMATA_EGRESS_ALLOW` is not set. */
  allowed: readonly string[];
  /** The URL at which this process serves its metrics, if it does. */
  metricsUrl?: string | undefined;
  /** Ports of this machine on which Fermata's own servers listen. */
  ownPorts?: readonly number[];
}

/** Returns the rules about which addresses may be reached, from the settings. */
export function egressRules(config: Config, { allowed, metricsUrl, ownPorts = [] }: NetworkFacts): EgressRules {
  const { FERMATA_METRICS_PORT: metricsPort, FERMATA_CODEC_ORIGINS: uiOrigins, FERMATA_EGRESS_PROXY: proxy } = config;
  const ports = [metricsPort, metricsUrl === undefined ? 0 : Number(new URL(metricsUrl).port), ...ownPorts];
  return {
    denied: config.FERMATA_EGRESS ?? [],
    allowed: config.FERMATA_EGRESS_ALLOW ?? allowed,
    nat64: config.FERMATA_NAT64_PREFIX ?? [],
    ...(proxy === undefined ? {} : { proxy: { url: proxy, except: config.FERMATA_EGRESS_NO_PROXY ?? [] } }),
    infrastructure: [
      ...(config.FERMATA_INFRASTRUCTURE ?? []),
      ...(config.TEMPORAL_ADDRESS === undefined ? [] : temporalEndpoints(config.TEMPORAL_ADDRESS)),
      ...(config.DATABASE_URL === undefined ? [] : databaseEndpoints(config.DATABASE_URL)),
      ...(uiOrigins?.split(',').map(originEndpoint) ?? []),
      ...(proxy === undefined ? [] : [originEndpoint(proxy)]),
      ...ports.flatMap((port) => (port === undefined || port === 0 ? [] : ownEndpoint(port))),
    ],
  };
}

/** Returns the rules for addresses that the settings of a process name: they may also be near Fermata, Temporal and the database. */
export function trustedRules(rules: Partial<EgressRules>): Partial<EgressRules> {
  return { ...rules, allowed: ['private', 'loopback'], infrastructure: [] };
}

/** Returns the rules for reading the keys of tokens: `trustedRules` without the proxy, which is for actions and notices. */
export function keyRules(rules: Partial<EgressRules>): Partial<EgressRules> {
  return { ...trustedRules(rules), proxy: undefined };
}

/** Returns the networks in the rules that are not public, since all tenants share them. */
export function sharedNetworks({ allowed }: Pick<EgressRules, 'allowed'>): string[] {
  return allowed.filter((entry) => entry === 'private' || entry === 'loopback');
}

/** Returns the endpoint of a port of this machine. */
export function ownEndpoint(port: number): Endpoint {
  return { host: '127.0.0.1', port };
}

/** Returns the endpoints of the frontend and of the UI of a development server. */
function temporalEndpoints(address: string): Endpoint[] {
  const bare = address.replace(/^[a-z]+:\/+/i, '').replace(/\/.*$/, '');
  const { host, port } = parseEndpoint(bare) ?? { host: bare, port: null };
  const frontend = port ?? TEMPORAL_PORT;
  return [frontend, frontend + 1000].map((each) => ({ host, port: each, dedicated: true }));
}

/** Returns the endpoints of a connection string as the driver reads it: parameters override the authority. */
function databaseEndpoints(text: string): Endpoint[] {
  const url = new URL(text);
  const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname.replace(/^\[|\]$/g, ''));
  const port = Number(url.searchParams.get('port') ?? url.port) || 5432;
  // A path is a socket of this machine, which no network connection can reach.
  return host.startsWith('/') ? [ownEndpoint(port)] : [{ host: host || 'localhost', port }];
}

function originEndpoint(origin: string): Endpoint {
  const { protocol, hostname, port } = new URL(origin);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}
