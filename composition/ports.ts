import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Loopback in the place of an address that stands for every interface, which nobody can connect to. */
const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Returns where something that listens on a host is reached from this machine. */
export function urlOf(host: string, port: number): string {
  const name = LOOPBACK[host] ?? host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** Why nothing can be served there: of a port that is taken, which setting named it. */
export function listenError(error: NodeJS.ErrnoException, host: string, port: number, setting: string): Error {
  if (error.code !== 'EADDRINUSE') return error;
  return new Error(`port ${port} on ${host} (${setting}) is in use`, { cause: error });
}

/** The lowest port that `freePort` finds, and how many there are: below those that systems give to whoever asks for any. */
const [LOWEST, PORTS] = [20_000, 12_000];

/** How many ports are tried until what went wrong is thrown. */
const TRIES = 100;

/** A port that nobody listens on at this moment; several processes that ask at once hardly find the same one. */
export async function freePort(): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    const port = LOWEST + randomInt(PORTS);
    try {
      await listenOnce(port);
      return port;
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

function listenOnce(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createServer().on('error', reject);
    socket.listen(port, '127.0.0.1', () => socket.close(() => resolve()));
  });
}

/**
 * Arguments of a gRPC channel to an address. A loopback address is never reached through a proxy, whatever `http_proxy` says;
 * for any other address the library's own rules (`grpc_proxy`, `http_proxy`, `no_proxy`) hold.
 */
export function channelArgsFor(address: string): { 'grpc.enable_http_proxy'?: 0 } {
  const host = address.replace(/^https?:\/\//, '').replace(/:\d+$/, '');
  return /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host) ? { 'grpc.enable_http_proxy': 0 } : {};
}
