import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A server that speaks in bytes, to answer as no library would. */
export interface RawServer {
  url: string;
  port: number;
  /** Connections that are open. */
  open(): number;
  close(): Promise<void>;
}

/** Starts one; `answer` is called with the first bytes of each connection, as text. */
export async function startRawServer(answer: (socket: Socket, request: string) => void): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => answer(socket, String(bytes)));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    open: () => sockets.size,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Writes a text again and again, as fast as it is taken, until the connection is closed. */
export function flood(socket: Socket, text: string): void {
  while (!socket.destroyed && socket.write(text));
  if (!socket.destroyed) socket.once('drain', () => flood(socket, text));
}
