import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { Hono } from 'hono';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readRawBody } from '../../../api/http/body.ts';
import type { ApiEnv } from '../../../api/http/environment.ts';
import { drainServer, listen } from '../../../composition/server.ts';
import type { NewEvent } from '../../../model/events/event.ts';
import { createTestApp } from '../test-app.ts';

// Bodies that come together with their header, and in parts, on one connection.

const payloads: unknown[] = [];
const intake = {
  accept: async (_: unknown, events: readonly NewEvent[]) => {
    payloads.push(...events.map(({ payload }) => payload));
    return [{ id: payloads.length }];
  },
};
let server: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  server = await listen(createTestApp({ ann: ['execution:execute'] }, { intake }).fetch, '127.0.0.1', 0);
});
afterAll(() => drainServer(server.server));

const requestOf = (payload: string) => {
  const body = JSON.stringify({ type: 'com.example.sold', payload });
  const length = Buffer.byteLength(body);
  return {
    head: `POST /api/v1/events HTTP/1.1\r\nhost: x\r\nx-api-key: ann\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`,
    body,
  };
};

it('a body is read whether or not it is there at once, and the next request on the connection, too', async () => {
  const socket = connect(server.port, '127.0.0.1');
  socket.setEncoding('utf8').setNoDelay(true);
  let said = '';
  socket.on('data', (text: string) => {
    said += text;
  });
  await once(socket, 'connect');
  const answered = (count: number) =>
    expect.poll(() => said.match(/HTTP\/1\.1 202/g)?.length, { interval: 1 }).toBe(count);

  const whole = requestOf('at once: é');
  socket.write(whole.head + whole.body);
  await answered(1);

  const parted = requestOf('in parts');
  socket.write(parted.head);
  socket.write(parted.body.slice(0, 10));
  await new Promise((resolve) => setImmediate(resolve));
  socket.write(parted.body.slice(10));
  await answered(2);

  // Two at once: the second one arrives before the first one is answered.
  const [first, second] = [requestOf('first'), requestOf('second')];
  socket.write(first.head + first.body + second.head + second.body);
  await answered(4);
  socket.destroy();
  expect(payloads).toEqual(['at once: é', 'in parts', 'first', 'second']);
});

it('a body that has arrived in several chunks is read as a whole', async () => {
  const app = new Hono<ApiEnv>().post('/', async (context) => context.text(String(await readRawBody(context, 100))));
  const incoming = new Readable({ read: () => undefined });
  for (const chunk of [[1, 2], [3], [4, 5, 6]]) incoming.push(new Uint8Array(chunk));
  const answer = await app.request('/', { method: 'POST', headers: { 'content-length': '6' } }, { incoming });
  expect(await answer.text()).toBe('1,2,3,4,5,6');
});
