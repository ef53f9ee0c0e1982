import type { LookupAddress } from 'node:dns';
import { lookup as resolve } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector, type Dispatcher, type RequestInit, type Response, fetch as undiciFetch } from 'undici';
import type { EgressRules } from '../model/networks.ts';
import { withoutContinue } from './interim.ts';
import { createJudge } from './judge.ts';
import { createHttpProxy, isExcepted } from './proxy.ts';
import { fetchFollowing, type HoldsSecret } from './redirects.ts';

/** Bytes of the header block of an answer. */
const MAX_HEADER_BYTES = 16 * 1024;

/** Connectors that are kept, one a port, with the TLS sessions that they can resume. */
const MAX_CONNECTORS = 100;

/** An address that must not be reached; `code` is `EGRESS_DENIED`. Names the host as it was asked for, never an address of it. */
export class EgressError extends Error {
  readonly code = 'EGRESS_DENIED';
  readonly host: string;

  constructor(host: string) {
    super(`${host} may not be reached`);
    this.name = 'EgressError';
    this.host = host;
  }
}

/** How a connection is made by TLS, all in PEM: who is trusted instead of the public authorities, and who this side is. */
export interface TlsSettings {
  ca?: string;
  cert?: string;
  key?: string;
  servername?: string;
}

/** A request of the standard's `fetch`; `tls` holds for the origin that it is first sent to. */
export type EgressInit = RequestInit & { tls?: TlsSettings };

/** Time is bounded by whoever asks: a task may wait for longer than undici's own 300 seconds. */
const AGENT_LIMITS = { headersTimeout: 0, bodyTimeout: 0, maxHeaderSize: MAX_HEADER_BYTES };

/** The only way out for actions and notices: addresses are judged where a connection is made, so also after each redirect. */
export interface Egress {
  /**
   * Sends a request as the standard's `fetch` does, without timeouts: the signal of the caller ends it. Rejects with an EgressError as
   * the cause where an address may not be reached, and with a RedirectError as `fetchFollowing` does, with a
   * ProxyError as the cause where the proxy itself fails. Without `holdsSecret`, every header
   * and body counts as having a secret.
   */
  fetch(input: string | URL, init?: EgressInit, holdsSecret?: HoldsSecret): Promise<Response>;
  /** Finds an address of a host, to connect to one of its ports by anything but HTTP. Throws an EgressError, or the error of the lookup. */
  addressOf(host: string, port: number): Promise<string>;
  /** Returns what looks names up for a client that connects to a port by itself. Nothing looks up an address that is written out. */
  lookup(port: number): LookupFunction;
  close(): Promise<void>;
}

/** Makes the way out. Without rules, loopback and private addresses are not reached. */
export function createEgress(rules: Partial<EgressRules> = {}): Egress {
  const judge = createJudge(rules);
  const { proxy } = rules;

  // What a name means is what is connected to: nobody can change it in between. One bad address denies the name.
  async function addressesOf(written: string, port: number): Promise<LookupAddress[]> {
    await judge.ready;
    const host = written.replace(/^\[|\]$/g, '');
    // A zone id, or an escape that another parser might undo.
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
        // An address that is written out is not looked up by the connector.
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
    // The proxy looks the name up again; what this side may not reach is not asked of it.
    if (by !== null) await addressesOf(host, port);
    if (by !== null && url.protocol === 'http:') return sendBy(by.forward, url, init);
    if (tls === undefined) return sendBy(by === null ? direct : tunnel!, url, init);
    // An address is no name that a server could be asked for (RFC 6066).
    const named = isIP(host.replace(/^\[|\]$/g, '')) === 0 ? { servername: host, ...tls } : tls;
    const agent =
      by !== null ? by.tunnel(named) : createAgent((each) => buildConnector({ ...tls, lookup: lookup(each) }));
    try {
      return await sendBy(agent, url, init);
    } finally {
      // It ends once the answer has been read.
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
 * Sends a request by a dispatcher. `fetch` refuses ports that browsers do not open, so it is shown none: the dispatcher goes to the origin
 * that was asked for.
 */
function sendBy(dispatcher: Dispatcher, url: URL, init: RequestInit): Promise<Response> {
  const shown = new URL(url);
  shown.port = '';
  const { origin } = url;
  const towards = dispatcher.compose((dispatch) => (options, handler) => dispatch({ ...options, origin }, handler));
  return undiciFetch(shown, { ...init, dispatcher: towards });
}

/** Returns the port that a URL names, or that its scheme stands for. */
export function portOf({ port, protocol }: URL): number {
  const known: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'smtp:': 587, 'smtps:': 465 };
  return Number(port) || (known[protocol] ?? 5432);
}

function notFound(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`no address of ${host}`), { code: 'ENOTFOUND' });
}

/** Finds the EgressError that made something fail; undefined when there is none. */
export function egressErrorIn(error: unknown): EgressError | undefined {
  return errorIn(error, EgressError);
}

/** Finds an error of a class among an error and its causes; undefined when there is none. */
export function errorIn<E extends Error>(error: unknown, type: new (...args: never[]) => E): E | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof type) return cause;
  return undefined;
}
