import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { ApplicationFailure } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createActivities } from '../../activities/activities.ts';
import { ACTIONS } from '../../activities/catalog.ts';
import { createEgress } from '../../egress/egress.ts';
import type { JsonObject } from '../../model/json.ts';
import { Permits } from '../../model/permits.ts';
import { until } from '../integration/support/until.ts';
import { createActivity, createAttempt } from './activity.ts';
import { flood, type RawServer, startRawServer } from './raw-server.ts';

// Answers of other systems: whatever they contain, only the task fails, with a failure that describes the answer.

const egress = createEgress({ allowed: ['loopback'] });
const http = createActivity(egress);
let server: RawServer;

/** The answers of the server, by requested path. */
const ANSWERS: Record<string, (socket: Socket) => void> = {
  '/headers': (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`),
  '/hints': (socket) => flood(socket, `HTTP/1.1 103 Early Hints\r\nlink: ${'a'.repeat(1_000)}\r\n\r\n`),
  '/endless-head': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    flood(socket, 'x: 1\r\n'.repeat(1_000));
  },
  '/endless': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    flood(socket, 'x'.repeat(10_000));
  },
  '/endless-chunks': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
    flood(socket, `64\r\n${'x'.repeat(100)}\r\n`.repeat(100));
  },
  '/bomb': (socket) => {
    const body = gzipSync(Buffer.alloc(50_000_000));
    socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n`);
    socket.end(body);
  },
  '/drip': (socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx'),
  '/silent': () => undefined,
  '/loop': (socket) => socket.end('HTTP/1.1 302 Found\r\nlocation: /loop\r\ncontent-length: 0\r\n\r\n'),
  '/broken': (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx'),
  '/gzip': (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc'),
  '/nonsense': (socket) => socket.end('\0\0\0\0'),
  '/quotes': (socket) => socket.end(`HTTP/1.1 500 No\r\n\r\n${'"'.repeat(1_400_000)}`),
  '/status': (socket) => socket.end('HTTP/1.1 999 ?\r\ncontent-length: 1\r\n\r\nx'),
};
const paths: string[] = [];
let later: Socket | null = null;

beforeAll(async () => {
  server = await startRawServer((socket, request) => {
    const path = /^\w+ (\S*)/.exec(request)?.[1] ?? '';
    paths.push(path);
    if (path === '/later') later = socket;
    else (ANSWERS[path] ?? ANSWERS['/endless']!)(socket);
  });
});
afterAll(async () => {
  await server.close();
  await egress.close();
});

describe('core.http', () => {
  it.each([
    ['/headers', 'http_error', true],
    ['/endless-head', 'http_error', true],
    ['/endless', 'too_large', false],
    ['/endless-chunks', 'too_large', false],
    ['/bomb', 'too_large', false],
    ['/drip', 'timeout', true, 0.3],
    ['/silent', 'timeout', true, 0.3],
    ['/hints', 'timeout', true, 0.3],
    ['/loop', 'redirect_refused', false],
    ['/broken', 'http_error', true],
    ['/gzip', 'http_error', true],
    ['/nonsense', 'http_error', true],
    ['/status', 'http_error', true],
  ] as [string, string, boolean, number?][])(
    '%s is a %s, tried again: %s, and its connection is closed',
    async (path, type, again, timeout = 30) => {
      const failed = await http.failure('core.http', { url: server.url + path, timeout });
      expect(failed.slice(0, 2)).toEqual([type, again]);
      await until(
        async () => server.open(),
        (open) => open === 0,
      );
    },
  );

  it('waits for longer than the 300 seconds of its client', async () => {
    const answer = http.run('core.http', { url: `${server.url}/later` });
    await until(
      async () => later,
      (socket) => socket !== null,
    );
    // The client's own clock.
    createRequire(import.meta.url)('undici/lib/util/timers.js').tick(1_000_000);
    later!.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nl');
    createRequire(import.meta.url)('undici/lib/util/timers.js').tick(1_000_000);
    later!.end('ate');
    expect(await answer).toMatchObject({ status_code: 200, body: 'late' });
  });

  it.each([
    [{ 'Content-Length': '2' }, '/headers/Content-Length'],
    [{ 'transfer-encoding': 'chunked' }, '/headers/transfer-encoding'],
    [{ Connection: 'close' }, '/headers/Connection'],
    [{ Expect: '100-continue' }, '/headers/Expect'],
    [{ 'Proxy-Authorization': 'x' }, '/headers/Proxy-Authorization'],
    [{ 'a b': 'x' }, '/headers/a b'],
    [{ '': 'x' }, '/headers/'],
    [{ x: 'a\r\ny: b' }, '/headers/x'],
    [{ x: '日本' }, '/headers/x'],
  ])('does not send %j, nor try again', async (headers, path) => {
    const asked = paths.length;
    const input = { url: `${server.url}/silent`, method: 'POST', body: 'abc', headers };
    const [type, again, message] = await http.failure('core.http', input);
    expect([type, again, paths.length]).toEqual(['input_invalid', false, asked]);
    expect(message).toContain(`invalid: ${path} `);
  });

  it.each([
    [{ body: 'x' }, '/body cannot be sent with GET'],
    [{ method: 'HEAD', form: { a: 1 } }, '/form cannot be sent with HEAD'],
    [{ method: 'POST', body: 'x', form: { a: 1 } }, '/form cannot be combined with "body"'],
    [{ url: 'http://u:p@127.0.0.1/' }, '/url cannot contain credentials: use "auth"'],
  ])('refuses %j once', async (input, message) => {
    const failed = await http.failure('core.http', { url: server.url, ...input });
    expect(failed.slice(0, 3)).toEqual(['input_invalid', false, `the input is invalid: ${message}`]);
  });
});

it('an error whose body is too large as JSON is told without it', async () => {
  const environment = createAttempt({ activityType: 'core.http', startToCloseTimeoutMs: 40_000 });
  const options = { egress, connect: async () => null, secretOf: async () => null, isAuthentic: async () => true };
  const running = environment.run(createActivities(ACTIONS, options, new Permits(10)).default!, {
    url: `${server.url}/quotes`,
  });
  const { details } = (await running.catch((error: unknown) => error)) as ApplicationFailure;
  expect(details).toEqual([
    { status_code: 500, headers: {}, encoding: 'none', body: null, truncated: true },
    { attempt: 1, code: 'HTTP_500' },
  ]);
});

describe('an answer without end', () => {
  const aws = { access_key_id: 'a', secret_access_key: 'b' };
  const cases: [string, JsonObject, () => { settings: JsonObject; secrets: JsonObject }][] = [
    [
      'slack.post_message',
      { channel: '#a', message: 'x' },
      () => ({ settings: { api_url: server.url }, secrets: { bot_token: 'x' } }),
    ],
    [
      'jira.create_issue',
      { project: 'A', summary: 'x' },
      () => ({ settings: { base_url: server.url, email: 'a@example.com' }, secrets: { token: 'x' } }),
    ],
    [
      'pagerduty.create_incident',
      { summary: 'x' },
      () => ({ settings: { base_url: server.url }, secrets: { routing_key: 'x' } }),
    ],
    [
      's3.upload',
      { bucket: 'abc', key: 'k', data: 'x' },
      () => ({ settings: { region: 'eu-central-1', endpoint: server.url }, secrets: aws }),
    ],
    [
      'aws.deploy',
      { application: 'a', deployment_group: 'g' },
      () => ({ settings: { region: 'eu-central-1', endpoint: server.url }, secrets: aws }),
    ],
  ];
  it.each(cases)('fails %s once', async (action, input, connection) => {
    const failed = await createActivity(egress, connection()).failure(action, input);
    expect(failed.slice(0, 2)).toEqual(['too_large', false]);
    await until(
      async () => server.open(),
      (open) => open === 0,
    );
  });
});
