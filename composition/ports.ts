import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** The loopback address for each address that means every interface, to which nobody can connect. */
const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Returns the URL at which a server that listens on a host can be reached from this machine. */
export function buildServerUrl(host: string, port: number): string {
  const name = LOOPBACK[host] ?? host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** Returns the error for a server that cannot listen; for a port that is taken, it names the setting of the port. */
export function listenError(error: NodeJS.ErrnoException, host: string, port: number, setting: string): Error {
  if (error.code !== 'EADDRINUSE') return error;
  return new Error(`port ${port} on ${host} (${setting}) is in use`, { cause: error });
}

/** The lowest port that `freePort` returns, and their number: below the ports that operating systems assign themselves. */
const [LOWEST, PORTS] = [20_000, 12_000];

/** The number of ports that are tried before the error is thrown. */
const TRIES = 100;

/** Returns a port on which nothing listens at the moment. Processes that call it concurrently rarely get the same one. */
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
 * Returns the arguments of a gRPC channel to an address. A loopback address is never reached through a proxy, whatever `http_proxy`
 * says; for any other address the rules of the library apply (`grpc_proxy`, `http_proxy`, `no_proxy`).
 */
export function channelArgsFor(address: string): { 'grpc.enable_http_proxy'?: 0 } {
  const host = address.replace(/^https?:\/\//, '').replace(/:\d+$/, '');
  return /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host) ? { 'grpc.enable_http_proxy': 0 } : {};
}
