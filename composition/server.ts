import type { Server, ServerOptions } from 'node:http';
import { serve, type WebSocketServerLike } from '@hono/node-server';
import { WebSocketServer } from 'ws';
import { listenError } from './ports.ts';

/** Milliseconds that a stop waits for requests that are being answered. */
const DRAIN_MILLISECONDS = 5_000;

/** Connections that a process has at once; further ones are closed when they come. */
const MAX_CONNECTIONS = 4_000;

/** Bytes of a message that a client sends on a WebSocket: none of ours is meant to. */
const MAX_MESSAGE = 4 * 1024;

/**
 * Milliseconds after which a connection ends on which nothing moves, neither an answer to a client that takes it nor a sign of life.
 * A call of MCP may await a run for five minutes.
 */
const IDLE = 330_000;

/**
 * Bounds of a connection: bytes of a header block (431 beyond it), and milliseconds for a header block, for a whole
 * request, and between two requests. The API refuses a slow body earlier, in its own words.
 */
const CONNECTION_LIMITS: ServerOptions = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
};

/**
 * Serves HTTP and WebSockets on a port; 0 takes a free one. A connection on which nothing moves for `idle` milliseconds is closed.
 * Rejects with an Error that names a port that is taken.
 */
export function listen(
  fetch: Parameters<typeof serve>[0]['fetch'],
  hostname: string,
  port: number,
  idle = IDLE,
): Promise<{ server: Server; port: number }> {
  return new Promise((resolve, reject) => {
    // The two packages' types disagree on what may be undefined.
    const websocket = {
      server: new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE }) as unknown as WebSocketServerLike,
    };
    const server = serve({ fetch, hostname, port, websocket, serverOptions: CONNECTION_LIMITS }, (info) =>
      resolve({ server, port: info.port }),
    ) as Server;
    server.maxConnections = MAX_CONNECTIONS;
    server.timeout = idle;
    server.on('error', (error) => reject(listenError(error, hostname, port, 'FERMATA_PORT')));
  });
}

/** Stops a server once the requests that are being answered are, within bounds; clients that keep a connection are told to leave it. */
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
