import type { Config } from '../model/config.ts';
import { type EgressRules, type Endpoint, parseEndpoint } from '../model/networks.ts';

/** Port of Temporal's frontend where an address names none. */
const TEMPORAL_PORT = 7233;

/** What the settings do not say. */
export interface NetworkFacts {
  /** What is reached where `FERMATA_EGRESS_ALLOW` is not set. */
  allowed: readonly string[];
  /** Where this process serves its metrics, if it does. */
  metricsUrl?: string | undefined;
  /** Ports of this machine that a server of ours listens on. */
  ownPorts?: readonly number[];
}

/** Derives from the settings which addresses may be reached. */
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

/** Returns the rules for what the settings of a process name themselves: it may stand next to Fermata, and within what that depends on. */
export function trustedRules(rules: Partial<EgressRules>): Partial<EgressRules> {
  return { ...rules, allowed: ['private', 'loopback'], infrastructure: [] };
}

/** Returns the rules for reading the keys of tokens: those of `trustedRules`, without the proxy, which is for actions and notices. */
export function keyRules(rules: Partial<EgressRules>): Partial<EgressRules> {
  return { ...trustedRules(rules), proxy: undefined };
}

/** Of what actions may reach, the networks that are not public: all tenants share them. */
export function sharedNetworks({ allowed }: Pick<EgressRules, 'allowed'>): string[] {
  return allowed.filter((entry) => entry === 'private' || entry === 'loopback');
}

/** A port of this machine. */
export function ownEndpoint(port: number): Endpoint {
  return { host: '127.0.0.1', port };
}

/** The frontend, and the port at which a development server shows its UI. */
function temporalEndpoints(address: string): Endpoint[] {
  const bare = address.replace(/^[a-z]+:\/+/i, '').replace(/\/.*$/, '');
  const { host, port } = parseEndpoint(bare) ?? { host: bare, port: null };
  const frontend = port ?? TEMPORAL_PORT;
  return [frontend, frontend + 1000].map((each) => ({ host, port: each, dedicated: true }));
}

/** The hosts of a connection string, as the driver reads it: parameters count before the authority. */
function databaseEndpoints(text: string): Endpoint[] {
  const url = new URL(text);
  const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname.replace(/^\[|\]$/g, ''));
  const port = Number(url.searchParams.get('port') ?? url.port) || 5432;
  // A path is a socket of this machine; nothing reaches that by a network.
  return host.startsWith('/') ? [ownEndpoint(port)] : [{ host: host || 'localhost', port }];
}

function originEndpoint(origin: string): Endpoint {
  const { protocol, hostname, port } = new URL(origin);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}
