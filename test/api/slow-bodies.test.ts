import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { deadlineOf } from '../../api/http/body.ts';
import { createTestApp } from './test-app.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => vi.useRealTimers());

it.each([
  [0, 5],
  [5 * 1024, 5],
  [5 * 1024 + 512, 5.5],
  [20 * 1024, 20],
  [2 * 1024 * 1024, 30],
])('of a body whose first %i bytes are there more must come within %d seconds', (received, seconds) => {
  expect(deadlineOf(received)).toBe(seconds);
});

const app = createTestApp({ author: ['workflow:write'] });

/** Sends a body in chunks of some bytes, one every so many milliseconds, without an end. */
async function drip(bytes: number, every: number) {
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, every));
      controller.enqueue(new Uint8Array(bytes).fill(32));
    },
  });
  const headers = { 'x-api-key': 'author', 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
  const began = performance.now();
  let seconds = 0;
  const answered = (async () => {
    const response = await app.request('/api/v1/packs', {
      method: 'POST',
      headers,
      body,
      duplex: 'half',
    } as RequestInit);
    seconds = (performance.now() - began) / 1000;
    const { code } = (await response.json()) as { code: string };
    return [response.status, code, response.headers.get('connection')];
  })();
  await vi.advanceTimersByTimeAsync(40_000);
  return { answer: await answered, seconds };
}

it.each([
  ['that never comes', 1, 1e9, 5],
  ['that comes byte by byte', 1, 100, 5],
  ['that slows down after its first bytes', 8 * 1024, 4_500, 8],
  ['that never ends', 10 * 1024, 1_000, 30],
])('a body %s is refused in time, and the connection closed', async (_, bytes, every, seconds) => {
  const refused = await drip(bytes, every);
  expect(refused.answer).toEqual([408, 'request_timeout', 'close']);
  expect(Math.round(refused.seconds)).toBe(seconds);
});
