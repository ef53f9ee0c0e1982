import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { drainServer, listen } from '../../../composition/server.ts';
import { createTestApp } from '../test-app.ts';

let port = 0;
let close = async () => {};

beforeAll(async () => {
  const app = createTestApp({ nobody: [], author: ['workflow:write'] });
  const { server, port: taken } = await listen(app.fetch, '127.0.0.1', 0);
  port = taken;
  close = () => drainServer(server);
});
afterAll(() => close());

/** Sends bytes on one connection, and gives what came back until the server closed it, or the last answer came. */
function exchange(parts: string[], answers: number): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      for (const part of parts) socket.write(part);
    });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
      if (answers > 0 && text.split('HTTP/1.1 ').length - 1 === answers && text.endsWith('}')) {
        socket.destroy();
        resolve({ text, closed: false });
      }
    });
    socket.on('error', reject);
    socket.on('close', () => resolve({ text, closed: true }));
  });
}
const head = (method: string, path: string, key: string, ...more: string[]) =>
  [`${method} ${path} HTTP/1.1`, 'host: x', `x-api-key: ${key}`, ...more, '', ''].join('\r\n');
const next = head('GET', '/healthz', '');

it.each<[string, string[], string]>([
  [
    'of no route',
    [head('POST', '/api/v1/nothing', 'nobody', 'content-length: 40000'), '}'.repeat(40_000), next],
    '404',
  ],
  ['without permission', [head('POST', '/api/v1/packs', 'nobody', 'content-length: 5'), '{}'], '403'],
  ['without an end', [head('POST', '/api/v1/packs', 'nobody', 'transfer-encoding: chunked'), '5\r\nhello\r\n'], '403'],
  ['that is too large', [head('POST', '/api/v1/packs', 'author', 'content-length: 99999999'), '{}'], '413'],
  ['of a GET', [head('GET', '/healthz', '', 'content-length: 7'), 'GET / H'], '200'],
])('a body %s is not waited for, nor taken for the next request', async (_, parts, status) => {
  const { text, closed } = await exchange(parts, 0);
  expect(text).toContain(`HTTP/1.1 ${status} `);
  expect(text.toLowerCase()).toContain('connection: close');
  expect([text.split('HTTP/1.1 ').length - 1, closed]).toEqual([1, true]);
});

it('a connection is kept after a body that was read', async () => {
  const text = '{"ref":1}';
  const length = `content-length: ${text.length}`;
  const parts = [head('POST', '/api/v1/packs', 'author', 'content-type: application/json', length), text, next];
  const answered = await exchange(parts, 2);
  expect([answered.text.match(/HTTP\/1.1 \d+/g), answered.closed]).toEqual([['HTTP/1.1 400', 'HTTP/1.1 200'], false]);
});

it('a header block of more than 16 KiB is refused', async () => {
  const { text } = await exchange([head('GET', '/healthz', '', `x: ${'x'.repeat(17_000)}`)], 0);
  expect(text).toContain('HTTP/1.1 431 ');
});
