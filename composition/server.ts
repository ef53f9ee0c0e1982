import type { Server, ServerOptions } from 'node:http';
import { serve, type WebSocketServerLike } from '@hono/node-server';
import { WebSocketServer } from 'ws';
import { listenError } from './ports.ts';

/** Milliseconds for which a stop waits for open requests. */
const DRAIN_MILLISECONDS = 5_000;

/** The maximum number of connections of a process; further ones are closed at once, and so are those that are idle then. */
const MAX_CONNECTIONS = 4_000;

/** Milliseconds between two looks for idle connections. */
const CLEARING_INTERVAL = 100;

/** The maximum size of a WebSocket message from a client, in bytes; clients need to send none. */
const MAX_MESSAGE = 4 * 1024;

/**
 * Milliseconds after which a connection without any traffic is closed. A call of MCP may wait five minutes for a run.
 */
const IDLE = 330_000;

/**
 * The limits of a connection: bytes of a header block (431 beyond that), and milliseconds for a header block, for a whole
 * request, and between two requests. The API refuses a slow body earlier, with an error body. A connection is kept for longer than
 * load balancers keep theirs, which is usually a minute: who closes first never gets a request that is on its way.
 */
const CONNECTION_LIMITS: ServerOptions = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 1_000,
};

/**
 * Serves HTTP and WebSockets on a port; 0 takes a free one. A connection without traffic for `idle` milliseconds is closed. Rejects
 * with an Error that names the port if it is taken.
 */
export function listen(
  fetch: Parameters<typeof serve>[0]['fetch'],
  hostname: string,
  port: number,
  idle = IDLE,
): Promise<{ server: Server; port: number }> {
  return new Promise((resolve, reject) => {
    // The types of the two packages disagree on what may be undefined.
    const websocket = {
      server: new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE }) as unknown as WebSocketServerLike,
    };
    const server = serve({ fetch, hostname, port, websocket, serverOptions: CONNECTION_LIMITS }, (info) =>
      resolve({ server, port: info.port }),
    ) as Server;
    server.maxConnections = MAX_CONNECTIONS;
    server.timeout = idle;
    // Those that are kept for a next request make room. Looking at all of them has its cost, whoever is dropped how often.
    let cleared = Number.NEGATIVE_INFINITY;
    server.on('drop', () => {
      if (performance.now() - cleared < CLEARING_INTERVAL) return;
      cleared = performance.now();
      server.closeIdleConnections();
    });
    server.on('error', (error) => reject(listenError(error, hostname, port, 'FERMATA_PORT')));
  });
}

/** Stops a server after its open requests have been answered, or after a limit; clients are asked to close kept connections. */
export function drainServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'));
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    const limit = setTimeout(() => server.closeAllConnections(), DRAIN_MILLISECONDS);
    server.close(() => {
      clearInterval(idle);
      clearTimeout(limit);
      resolve();
    });
  });
}
