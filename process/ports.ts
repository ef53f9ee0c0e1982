import { type AddressInfo, createServer } from 'node:net';

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
  return new Error(`port ${port} on ${host} (${setting}) is taken`, { cause: error });
}

/** A port that nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createServer().on('error', reject);
    socket.listen(0, '127.0.0.1', () => {
      const { port } = socket.address() as AddressInfo;
      socket.close(() => resolve(port));
    });
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
