import { isIP } from 'node:net';
import { buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { contains, parseAddress, parseNetwork } from '../model/ip-address.ts';
import { parseEndpoint } from '../model/networks.ts';
import { withoutContinue } from './interim.ts';
import { listMeanings } from './meanings.ts';

/** The error for a failure of the proxy itself; `code` is `PROXY_FAILED`. Names no address. */
export class ProxyError extends Error {
  readonly code = 'PROXY_FAILED';

  constructor(what: string, options?: ErrorOptions) {
    super(`the proxy of FERMATA_EGRESS_PROXY ${what}`, options);
    this.name = 'ProxyError';
  }
}

/** An HTTP proxy. Requests fail with a ProxyError as the cause if the proxy itself fails. */
export interface HttpProxy {
  /** Sends requests for http URLs, which the proxy forwards. */
  forward: Dispatcher;
  /** Sends requests for https URLs through a tunnel; `tls` applies to the target. */
  tunnel(tls?: buildConnector.BuildOptions): Dispatcher;
  close(): Promise<void>;
}

/**
 * Creates the dispatchers for a proxy; `limits` apply to every connection. Credentials in the URL must be decodable.
 */
export function createHttpProxy(url: string, limits: Pool.Options): HttpProxy {
  const { origin, username, password } = new URL(url);
  const account = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const token = account === ':' ? undefined : `Basic ${Buffer.from(account).toString('base64')}`;
  const pool = new Pool(origin, { ...limits, connect: withoutContinue(proxyConnector()) });
  const forward = pool.compose((dispatch) => (options, handler) => {
    const target = new URL(String(options.origin));
    // `fetch` passes headers as an object.
    const given = options.headers as Record<string, string>;
    const headers = { ...given, host: target.host, ...(token === undefined ? {} : { 'proxy-authorization': token }) };
    return dispatch({ ...options, origin, path: `${target.origin}${options.path}`, headers }, forwarded(handler));
  });
  const tunnel: HttpProxy['tunnel'] = (requestTls) =>
    new ProxyAgent({
      ...limits,
      uri: origin,
      ...(token === undefined ? {} : { token }),
      ...(requestTls === undefined ? {} : { requestTls }),
      clientFactory: (to) => tunnelling(new Pool(to, { ...limits, connect: proxyConnector() })),
      factory(to, options) {
        const { connect, ...rest } = options as Pool.Options & { connect: buildConnector.connector };
        return new Pool(to, { ...rest, connect: withoutContinue(connect) });
      },
    });
  return { forward, tunnel, close: () => pool.close() };
}

/** Returns a handler that fails if the proxy rejects its credentials. */
function forwarded(handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (...all) => handler.onRequestStart?.(...all),
    onRequestUpgrade: (...all) => handler.onRequestUpgrade?.(...all),
    onResponseStart(controller, status, ...rest) {
      if (status === 407) throw new ProxyError('rejected its credentials');
      handler.onResponseStart?.(controller, status, ...rest);
    },
    onResponseData: (...all) => handler.onResponseData?.(...all),
    onResponseEnd: (...all) => handler.onResponseEnd?.(...all),
    onResponseError: (...all) => handler.onResponseError?.(...all),
  };
}

/** Connects to the proxy. */
function proxyConnector(): buildConnector.connector {
  const connect = buildConnector({});
  return (options, done) =>
    connect(options, (...result) => {
      const [error, socket] = result;
      if (error === null) done(null, socket);
      else done(new ProxyError('cannot be reached', { cause: error }), null);
    });
}

/** Makes a client report why the proxy did not open a tunnel. */
function tunnelling(pool: Pool): Pool {
  const connect = pool.connect.bind(pool) as (options: Dispatcher.ConnectOptions) => Promise<Dispatcher.ConnectData>;
  return Object.assign(pool, {
    async connect(options: Dispatcher.ConnectOptions) {
      const answer = await connect(options);
      const { statusCode, socket } = answer;
      if (statusCode === 200) return answer;
      socket.on('error', () => undefined).destroy();
      if (statusCode === 407) throw new ProxyError('rejected its credentials');
      throw Object.assign(new Error(`the proxy responded with status ${statusCode}`), { code: `PROXY_${statusCode}` });
    },
  });
}

/** Reports whether a port of a host is reached without a proxy. */
export function isExcepted(written: string, port: number, except: readonly string[]): boolean {
  const host = bare(written);
  const address = parseAddress(host);
  const meanings = address === null ? [] : listMeanings(address, []);
  return except.some((entry) => {
    if (entry === '*') return true;
    const network = parseNetwork(entry);
    if (network !== null) return meanings.some((meaning) => contains(network, meaning));
    const endpoint = parseEndpoint(entry.toLowerCase().replace(/^\*?\./, ''));
    if (endpoint === null || (endpoint.port !== null && endpoint.port !== port)) return false;
    const single = parseNetwork(endpoint.host);
    if (single !== null) return meanings.some((meaning) => contains(single, meaning));
    return host === endpoint.host || (isIP(host) === 0 && host.endsWith(`.${endpoint.host}`));
  });
}

function bare(host: string): string {
  return host
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
}
