import type { LookupAddress } from 'node:dns';
import { lookup as resolve } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector, type Dispatcher, type RequestInit, type Response, fetch as undiciFetch } from 'undici';
import type { EgressRules } from '../model/networks.ts';
import { withoutContinue } from './interim.ts';
import { createJudge } from './judge.ts';
import { createHttpProxy, isExcepted } from './proxy.ts';
import { fetchFollowing, type HoldsSecret } from './redirects.ts';

/** The maximum size of the header block of a response, in bytes. */
const MAX_HEADER_BYTES = 16 * 1024;

/** The maximum number of connectors that are kept, one per port, with their TLS sessions. */
const MAX_CONNECTORS = 100;

/**
 * The error for an address that is not allowed; `code` is `EGRESS_DENIED`. Names the requested host, never its address.
 */
export class EgressError extends Error {
  readonly code = 'EGRESS_DENIED';
  readonly host: string;

  constructor(host: string) {
    super(`${host} may not be reached`);
    this.name = 'EgressError';
    this.host = host;
  }
}

/** TLS settings in PEM: the trusted authorities instead of the public ones, and the client certificate. */
export interface TlsSettings {
  ca?: string;
  cert?: string;
  key?: string;
  servername?: string;
}

/** A request of the standard `fetch`; `tls` applies to the origin to which it is first sent. */
export type EgressInit = RequestInit & { tls?: TlsSettings };

/** Callers set timeouts; tasks may wait for longer than undici's 300 seconds. */
const AGENT_LIMITS = { headersTimeout: 0, bodyTimeout: 0, maxHeaderSize: MAX_HEADER_BYTES };

/**
 * All outgoing connections of actions and notices. Addresses are checked when a connection is opened, so also after
 * each redirect.
 */
export interface Egress {
  /**
   * Sends a request like the standard `fetch`, without timeouts: the signal of the caller ends it. Rejects with an
   * EgressError as the cause if an address is not allowed, with a RedirectError like `fetchFollowing`, and with a
   * ProxyError as the cause if the proxy fails. Without `holdsSecret`, all headers and bodies count as secret.
   */
  fetch(input: string | URL, init?: EgressInit, holdsSecret?: HoldsSecret): Promise<Response>;
  /**
   * Returns an address of a host, for connecting to a port with a protocol other than HTTP. Throws an EgressError, or
   * the error of the lookup.
   */
  addressOf(host: string, port: number): Promise<string>;
  /**
   * Returns the lookup function for a client that connects to a port by itself. Clients do not look up literal
   * addresses.
   */
  lookup(port: number): LookupFunction;
  close(): Promise<void>;
}

/** Creates the egress. Without rules, loopback and private addresses are not allowed. */
export function createEgress(rules: Partial<EgressRules> = {}): Egress {
  const judge = createJudge(rules);
  const { proxy } = rules;

  // The checked address is the one that is connected to, so it cannot change in between. One denied address denies the name.
  async function addressesOf(written: string, port: number): Promise<LookupAddress[]> {
    await judge.ready;
    const host = written.replace(/^\[|\]$/g, '');
    // A zone id, or an escape that another parser might decode.
    if (host.includes('%')) throw new EgressError(host);
    const family = isIP(host);
    const found = family === 0 ? await resolve(host, { all: true }) : [{ address: host, family }];
    if (found.some(({ address }) => judge.denies(host, address, port))) throw new EgressError(host);
    return found;
  }

  const lookup: Egress['lookup'] = (port) => (host, options, done) => {
    addressesOf(host, port).then(
      (found) => {
        const family = options.family === 'IPv4' ? 4 : options.family === 'IPv6' ? 6 : options.family;
        const fitting = found.filter((one) => !family || one.family === family);
        const [first] = fitting;
        if (first === undefined) done(notFound(host), '', 0);
        else if (options.all === true) done(null, fitting);
        else done(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => done(error, '', 0),
    );
  };

  const connectors = new Map<number, ReturnType<typeof buildConnector>>();
  function connectorFor(port: number) {
    const known = connectors.get(port);
    if (known !== undefined) return known;
    if (connectors.size >= MAX_CONNECTORS) connectors.clear();
    const made = buildConnector({ lookup: lookup(port) });
    connectors.set(port, made);
    return made;
  }

  function createAgent(connectorOf: typeof connectorFor): Agent {
    return new Agent({
      ...AGENT_LIMITS,
      connect(options, done) {
        const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80);
        const connect = () => withoutContinue(connectorOf(port))(options, done);
        // The connector does not look up literal addresses.
        if (isIP(options.hostname.replace(/^\[|\]$/g, '')) === 0) connect();
        else addressesOf(options.hostname, port).then(connect, (error: Error) => done(error, null));
      },
    });
  }

  const direct = createAgent(connectorFor);
  const way = proxy === undefined ? null : createHttpProxy(proxy.url, AGENT_LIMITS);
  const tunnel = way?.tunnel();

  /** Sends one request, without following redirects. */
  async function send(url: URL, init: RequestInit, tls: TlsSettings | undefined): Promise<Response> {
    const [host, port] = [url.hostname, portOf(url)];
    const by = proxy !== undefined && !isExcepted(host, port, proxy.except) ? way : null;
    // The proxy resolves the name again; denied destinations are not requested from it.
    if (by !== null) await addressesOf(host, port);
    if (by !== null && url.protocol === 'http:') return sendBy(by.forward, url, init);
    if (tls === undefined) return sendBy(by === null ? direct : tunnel!, url, init);
    // An address is not a valid server name (RFC 6066).
    const named = isIP(host.replace(/^\[|\]$/g, '')) === 0 ? { servername: host, ...tls } : tls;
    const agent =
      by !== null ? by.tunnel(named) : createAgent((each) => buildConnector({ ...tls, lookup: lookup(each) }));
    try {
      return await sendBy(agent, url, init);
    } finally {
      // The dispatcher closes when the response has been read.
      void agent.close();
    }
  }

  return {
    lookup,
    addressOf: async (host, port) => (await addressesOf(host, port))[0]!.address,
    fetch(input, { tls, ...init } = {}, holdsSecret = () => true) {
      const first = new URL(input);
      if ((init.redirect ?? 'follow') !== 'follow') return send(first, init, tls);
      const sendOn = (url: URL, request: RequestInit) =>
        send(url, request, url.origin === first.origin ? tls : undefined);
      return fetchFollowing(sendOn, first, init, holdsSecret);
    },
    async close() {
      judge.close();
      await Promise.all([direct.close(), tunnel?.close(), way?.close()]);
    },
  };
}

/**
 * Sends a request through a dispatcher. `fetch` refuses ports that browsers block, so it gets a URL without one; the
 * dispatcher uses the requested origin.
 */
function sendBy(dispatcher: Dispatcher, url: URL, init: RequestInit): Promise<Response> {
  const shown = new URL(url);
  shown.port = '';
  const { origin } = url;
  const towards = dispatcher.compose((dispatch) => (options, handler) => dispatch({ ...options, origin }, handler));
  return undiciFetch(shown, { ...init, dispatcher: towards });
}

/** Returns the port of a URL, or the default one of its scheme. */
export function portOf({ port, protocol }: URL): number {
  const known: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'smtp:': 587, 'smtps:': 465 };
  return Number(port) || (known[protocol] ?? 5432);
}

function notFound(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`no address of ${host}`), { code: 'ENOTFOUND' });
}

/** Returns the EgressError that caused an error; undefined if there is none. */
export function egressErrorIn(error: unknown): EgressError | undefined {
  return errorIn(error, EgressError);
}

/** Returns the error of a class among an error and its causes; undefined if there is none. */
export function errorIn<E extends Error>(error: unknown, type: new (...args: never[]) => E): E | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof type) return cause;
  return undefined;
}
