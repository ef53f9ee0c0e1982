import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { drainServer, listen } from '../../composition/server.ts';
import { createTestApp } from '../api/test-app.ts';

// Clients that ask for much and read nothing of it.

/** Bytes of one entry, and entries that the buffers of the two ends of a connection may take up together. */
const ENTRY = 64 * 1024;
const MOST_BUFFERED = 1_000;

let made = 0;
let ended = 0;
let server: Awaited<ReturnType<typeof listen>>;
const sockets: Socket[] = [];
const message = 'x'.repeat(ENTRY);
async function* endless<T>(make: () => T): AsyncGenerator<T> {
  try {
    for (;;) {
      made += 1;
      yield make();
    }
  } finally {
    ended += 1;
  }
}

beforeEach(async () => {
  [made, ended] = [0, 0];
  const log = () => ({ type: 'log', id: String(made), run: 'r', entry: { message } });
  const row = {
    n: 1,
    workflowId: 'wf',
    ref: message,
    status: 'running',
    created: new Date(0),
    updated: new Date(0),
    closed: null,
  };
  const app = createTestApp(
    { viewer: ['execution:read'] },
    {
      watches: { watch: async () => ({ found: { execution: { closed: null } }, entries: endless(log) }) },
      lists: { filterOf: async () => ({}), exportRows: () => endless(() => [row]) },
    },
  );
  server = await listen(app.fetch, '127.0.0.1', 0, 2_000);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await drainServer(server.server);
});

/** Sends a request and reads nothing of what comes. */
async function ask(path: string, headers: string[] = []): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.pause();
  socket.write([`GET ${path} HTTP/1.1`, 'host: x', 'x-api-key: viewer', ...headers, '', ''].join('\r\n'));
  return socket;
}

const UPGRADE = [
  ...['connection: Upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'],
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
];

it.each([
  ['server-sent events', '/api/v1/executions/1/events', []],
  ['a WebSocket', '/api/v1/executions/1/logs/stream', UPGRADE],
  ['an export', '/api/v1/executions/export?format=ndjson', []],
])('who reads nothing has no more made than buffers take, and others are served: %s', async (_, path, headers) => {
  await ask(path, headers);
  await expect.poll(() => made).toBeGreaterThan(1);
  // It stands still: between two looks nothing more is made.
  let before = -1;
  const stands = () => {
    const same = made === before;
    before = made;
    return same;
  };
  await expect.poll(stands, { interval: 500 }).toBe(true);
  expect(made).toBeLessThan(MOST_BUFFERED);
  expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(200);
});

it.each([
  ['server-sent events', '/api/v1/executions/1/events'],
  ['an export', '/api/v1/executions/export?format=ndjson'],
])('a connection on which nothing moves is closed, and what was made for it ends: %s', async (_, path) => {
  await ask(path);
  await expect.poll(() => ended).toBe(1);
});

it('connections are 4,000 at once, have 15 seconds for a header block, and 75 seconds between two requests', () => {
  const { maxConnections, headersTimeout, keepAliveTimeout } = server.server;
  expect([maxConnections, headersTimeout, keepAliveTimeout]).toEqual([4_000, 15_000, 75_000]);
});

it('of connections beyond the most, none is kept, and those that are there go on', async () => {
  server.server.maxConnections = 2;
  // A busy machine does not close those that are held.
  server.server.timeout = 300_000;
  const ask = () => fetch(`http://127.0.0.1:${server.port}/healthz`, { headers: { connection: 'close' } });
  const held = [connect(server.port, '127.0.0.1'), connect(server.port, '127.0.0.1')];
  sockets.push(...held);
  await Promise.all(held.map((socket) => once(socket, 'connect')));
  await expect(ask()).rejects.toThrow();
  held[0]!.end();
  await expect
    .poll(() =>
      ask().then(
        ({ status }) => status,
        () => 0,
      ),
    )
    .toBe(200);
});

it('connections that are kept for a next request make room when there are the most', async () => {
  Object.assign(server.server, { maxConnections: 2, timeout: 300_000, keepAliveTimeout: 300_000 });
  for (let kept = 0; kept < 2; kept += 1) {
    const socket = await ask('/healthz');
    socket.resume();
    await once(socket, 'data');
  }
  const status = () =>
    fetch(`http://127.0.0.1:${server.port}/healthz`).then(
      (answer) => answer.status,
      () => 0,
    );
  await expect.poll(status).toBe(200);
});
