import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEgress } from '../../../egress/egress.ts';
import { isExcepted } from '../../../egress/proxy.ts';
import { createWebServer, type WebServer } from '../../integration/support/web-server.ts';
import { createActivity } from '../activity.ts';
import { startRawServer } from '../raw-server.ts';

const egress = createEgress({ allowed: ['loopback'] });
const { run, failure } = createActivity(egress);
const closing: (() => Promise<unknown>)[] = [];
let web: WebServer;
beforeAll(async () => {
  web = await createWebServer();
});
afterAll(async () => {
  for (const close of closing) await close();
  await web.close();
  await egress.close();
});

/** Serves on a free port of this machine until the tests end. */
async function listening(server: Server & { closeAllConnections?(): void }, port = 0): Promise<number> {
  await new Promise<void>((done, failed) => server.once('error', failed).listen(port, '127.0.0.1', done));
  closing.push(
    () =>
      new Promise((done) => {
        server.close(done);
        server.closeAllConnections?.();
      }),
  );
  return (server.address() as AddressInfo).port;
}

// biome-ignore lint/suspicious/noExplicitAny: what a server of this file has answered
const call = (input: object) => run('core.http', input) as Promise<any>;

describe('a body', () => {
  it('of bytes is sent as they are, with their type', async () => {
    const bytes = Buffer.from([0, 255, 128, 10]);
    let [seen, type] = [Buffer.alloc(0), ''];
    const server = createHttpServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      [seen, type] = [Buffer.concat(chunks), request.headers['content-type'] ?? ''];
      response.end();
    });
    const url = `http://127.0.0.1:${await listening(server)}/`;
    const body = bytes.toString('base64');
    await call({ url, method: 'PUT', body, encoding: 'base64' });
    expect([[...seen], type]).toEqual([[...bytes], 'application/octet-stream']);
    await call({ url, method: 'PUT', body: `${body}\n`, encoding: 'base64', headers: { 'content-type': 'image/png' } });
    expect([[...seen], type]).toEqual([[...bytes], 'image/png']);
  });

  it('of fields and files is sent as multipart/form-data', async () => {
    let sent: FormData | null = null;
    const server = createHttpServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const headers = { 'content-type': request.headers['content-type'] ?? '' };
      sent = await new Response(Buffer.concat(chunks), { headers }).formData();
      response.end();
    });
    const multipart = {
      a: 'ü',
      n: 1,
      list: ['x', true],
      'na"me': 'v',
      file: { filename: 'ä "b".txt', text: 'line\r\n--boundary', content_type: 'text/csv' },
      bytes: { filename: 'b.bin', base64: 'AP+A' },
    };
    await call({ url: `http://127.0.0.1:${await listening(server)}/`, method: 'POST', multipart });
    const form = sent! as FormData;
    expect([form.get('a'), form.get('n'), form.getAll('list'), form.get('na"me')]).toEqual([
      'ü',
      '1',
      ['x', 'true'],
      'v',
    ]);
    const [file, bytes] = [form.get('file') as File, form.get('bytes') as File];
    expect([file.name, file.type, await file.text()]).toEqual(['ä "b".txt', 'text/csv', 'line\r\n--boundary']);
    expect([bytes.name, bytes.type, [...new Uint8Array(await bytes.arrayBuffer())]]).toEqual([
      ...['b.bin', 'application/octet-stream', [0, 255, 128]],
    ]);
  });

  it.each<[object, string]>([
    [{ body: 'not base64!!', encoding: 'base64' }, '/body'],
    [{ body: 'QQ', encoding: 'base64' }, '/body'],
    [{ body: { a: 1 }, encoding: 'base64' }, '/body'],
    [{ encoding: 'base64' }, '/body'],
    [{ multipart: { a: { filename: 'x' } } }, '/multipart/a'],
    [{ multipart: { a: { filename: 'x', text: 'a', base64: 'QQ==' } } }, '/multipart/a'],
    [{ multipart: { a: 'x' }, form: { b: 'y' } }, '/multipart'],
    [{ multipart: { a: 'x' }, body: 'y' }, '/multipart'],
    [{ multipart: { a: 'x' }, method: 'GET' }, '/multipart'],
    [{ tls: {} }, '/tls'],
    [{ url: 'https://127.0.0.1:1/', tls: { certificate: PEM('client.pem') } }, '/tls'],
    [{ url: 'https://127.0.0.1:1/', tls: { ca: 'MIIB' } }, '/tls/ca'],
    [{ url: 'https://127.0.0.1:1/', tls: { rejectUnauthorized: false } }, '/tls/rejectUnauthorized'],
    // Whoever gives an encrypted key says how long it takes to open.
    [{ url: 'https://127.0.0.1:1/', tls: { certificate: PEM('client.pem'), key: PEM('client.key') } }, '/tls/key'],
    [
      {
        url: 'https://127.0.0.1:1/',
        tls: { certificate: PEM('client.pem'), key: PEM('client.key').replaceAll('ENCRYPTED ', '') },
      },
      '/tls',
    ],
    [{ multipart: { a: 'x' }, headers: { 'Content-Type': 'multipart/form-data' } }, '/headers/Content-Type'],
    [{ headers: { Host: 'other.example' } }, '/headers/Host'],
  ])('or a connection that cannot be is refused once: %j', async (input, path) => {
    const [type, retryable, message] = await failure('core.http', { url: web.url, method: 'POST', ...input });
    expect([type, retryable, message]).toEqual(['input_invalid', false, expect.stringContaining(`: ${path} `)]);
  });
});

function PEM(name: string): string {
  return readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), 'utf8');
}

describe('a connection by TLS', () => {
  const key = createPrivateKey({ key: PEM('client.key'), passphrase: 'hidden' });
  const IDENTITY = { certificate: PEM('client.pem'), key: key.export({ type: 'pkcs8', format: 'pem' }) };
  let url: string;
  let other: string;
  beforeAll(async () => {
    const tls = { cert: PEM('server.pem'), key: PEM('server.key'), ca: PEM('ca.pem'), requestCert: true };
    const serve = () =>
      createHttpsServer({ ...tls, rejectUnauthorized: false }, ({ socket, url: path = '' }, response) => {
        const to = new URL(path, 'https://x').searchParams.get('to');
        if (to !== null) return response.writeHead(302, { location: to }).end();
        const client = (socket as TLSSocket).getPeerCertificate().subject?.CN ?? null;
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ client }));
      });
    url = `https://localhost:${await listening(serve())}/`;
    other = `https://localhost:${await listening(serve())}/`;
  });

  it.each<[name: string, tls: object, expected: unknown]>([
    ['of an authority that is given', { ca: PEM('ca.pem') }, { client: null }],
    ['with a certificate of this side', { ca: PEM('ca.pem'), ...IDENTITY }, { client: 'fermata' }],
    [
      'whose certificate has another name that is expected',
      { ca: PEM('ca.pem'), server_name: 'inner.example' },
      { client: null },
    ],
  ])('is made to a server %s', async (_, tls, expected) => {
    expect((await call({ url, tls })).body).toEqual(expected);
  });

  it.each<[name: string, tls: object | undefined, code: RegExp]>([
    ['whose authority is not known', undefined, /SELF_SIGNED|UNABLE_TO/],
    ['whose authority is not the one that is given', { ca: PEM('client.pem') }, /SELF_SIGNED|UNABLE_TO/],
    ['whose certificate has another name', { ca: PEM('ca.pem'), server_name: 'wrong.example' }, /ALTNAME/],
  ])('is not made to a server %s', async (_, tls, code) => {
    const [type, , , found] = await failure('core.http', { url, ...(tls && { tls }) });
    expect([type, found]).toEqual(['http_error', expect.stringMatching(code)]);
  });

  it('tells another origin neither whom it trusts nor who it is', async () => {
    const tls = { ca: PEM('ca.pem'), ...IDENTITY };
    expect((await call({ url: `${url}?to=/`, tls })).body).toEqual({ client: 'fermata' });
    const [, , , code] = await failure('core.http', { url: `${url}?to=${encodeURIComponent(other)}`, tls });
    expect(code).toMatch(/SELF_SIGNED|UNABLE_TO/);
  });
});

describe('a proxy', () => {
  /** Serves as a proxy that forwards what it is asked for, by a tunnel or not. */
  function createProxyServer(asked: [target: string, account: string | undefined][]) {
    const forwarded = (url = '', { headers }: IncomingMessage) => asked.push([url, headers['proxy-authorization']]);
    return createHttpServer((request, response) => {
      forwarded(request.url, request);
      response.writeContinue();
      void fetch(request.url!)
        .then((answer) => answer.text())
        .then((text) => response.setHeader('content-type', 'application/json').end(text));
    }).on('connect', (request, client) => {
      forwarded(request.url, request);
      const { hostname, port } = new URL(`http://${request.url}`);
      const target = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname, () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(client).pipe(target);
      });
      target.on('error', () => client.destroy());
      client.on('error', () => target.destroy());
    });
  }

  it('is used for what is not excepted, and not asked for what may not be reached', async () => {
    const asked: [string, string | undefined][] = [];
    const proxy = await listening(createProxyServer(asked));
    const secure = createHttpsServer({ cert: PEM('server.pem'), key: PEM('server.key') }, ({ socket }, response) => {
      socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      response.end('in');
    });
    const secureUrl = `https://localhost:${await listening(secure)}/`;
    const by = (except: string[]) =>
      createEgress({ allowed: ['loopback'], proxy: { url: `http://me:p%40ss@127.0.0.1:${proxy}`, except } });
    const [proxied, excepted] = [by([]), by(['127.0.0.1'])];
    closing.push(proxied.close, excepted.close);
    const activity = createActivity(proxied);
    const authorization = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
    expect(await activity.run('core.http', { url: `${web.url}/ok` })).toMatchObject({ body: { ok: true } });
    expect(asked).toEqual([[`${web.url}/ok`, authorization]]);
    const tls = { ca: PEM('ca.pem') };
    expect(await activity.run('core.http', { url: secureUrl, tls })).toMatchObject({ body: 'in' });
    expect(asked.at(-1)).toEqual([new URL(secureUrl).host, authorization]);
    const before = asked.length;
    expect((await activity.failure('core.http', { url: 'http://10.0.0.1/' }))[0]).toBe('egress_denied');
    expect(await createActivity(excepted).run('core.http', { url: `${web.url}/ok` })).toMatchObject({
      status_code: 200,
    });
    expect(asked).toHaveLength(before);
  });

  it.each([
    ['token', 'token:'],
    ['me:', 'me:'],
    [':p%3Aw', ':p:w'],
  ])('gets the account that its URL has: %s', async (written, account) => {
    const asked: [string, string | undefined][] = [];
    const port = await listening(createProxyServer(asked));
    const proxied = createEgress({
      allowed: ['loopback'],
      proxy: { url: `http://${written}@127.0.0.1:${port}`, except: [] },
    });
    closing.push(proxied.close);
    await createActivity(proxied).run('core.http', { url: `${web.url}/ok` });
    expect(asked[0]![1]).toBe(`Basic ${Buffer.from(account).toString('base64')}`);
  });

  it.each([
    ['http://127.0.0.1:9/', 'refuses', 'PROXY_FAILED', 'rejected its credentials'],
    ['https://127.0.0.1:9/', 'refuses', 'PROXY_FAILED', 'rejected its credentials'],
    ['http://127.0.0.1:9/', 'is away', 'PROXY_FAILED', 'cannot be reached'],
    ['https://127.0.0.1:9/', 'is away', 'PROXY_FAILED', 'cannot be reached'],
    ['https://127.0.0.1:9/', 'forbids', 'PROXY_403', 'the proxy responded with status 403'],
  ])('that fails is not the fault of %s: it %s', async (target, what, code, said) => {
    const status = what === 'refuses' ? 407 : 403;
    const server = createHttpServer((_, response) => response.writeHead(status).end()).on('connect', (_, client) => {
      client.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    });
    const port = what === 'is away' ? 1 : await listening(server);
    const proxied = createEgress({ allowed: ['loopback'], proxy: { url: `http://a:b@127.0.0.1:${port}`, except: [] } });
    closing.push(proxied.close);
    const [type, retryable, message, found] = await createActivity(proxied).failure('core.http', { url: target });
    const expected = code === 'PROXY_FAILED' ? 'infrastructure_unavailable' : 'http_error';
    expect([type, retryable, message, found]).toEqual([expected, true, expect.stringContaining(said), code]);
    expect(message).not.toContain(`:${port}`);
  });

  it.each([
    ['by a proxy', true],
    ['directly', false],
  ])('is asked for an address without a name of a server: %s', async (_, isProxied) => {
    const names: (string | false | null)[] = [];
    const identity = { cert: PEM('server.pem'), key: PEM('server.key') };
    const secure = createHttpsServer(identity).on('connection', () => undefined);
    secure.on('secureConnection', (socket) => void names.push(socket.servername));
    const url = `https://127.0.0.1:${await listening(secure)}/`;
    const proxy = { url: `http://127.0.0.1:${await listening(createProxyServer([]))}`, except: [] };
    const way = createEgress({ allowed: ['loopback'], ...(isProxied && { proxy }) });
    closing.push(way.close);
    // The certificate is of names alone.
    const [, , message] = await createActivity(way).failure('core.http', { url, tls: { ca: PEM('ca.pem') } });
    expect(message).toContain("IP: 127.0.0.1 is not in the cert's list");
    expect(names.every((name) => name === false)).toBe(true);
  });

  it.each<[host: string, port: number, except: string[], isOut: boolean]>([
    ['a.example', 443, [], false],
    ['a.example', 443, ['*'], true],
    ['A.Example.', 443, ['a.example'], true],
    ['b.a.example', 443, ['a.example'], true],
    ['b.a.example', 443, ['.a.example'], true],
    ['b.a.example', 443, ['*.a.example'], true],
    ['aa.example', 443, ['a.example'], false],
    ['a.example', 443, ['a.example:8443'], false],
    ['a.example', 8443, ['a.example:8443'], true],
    ['10.1.2.3', 80, ['10.0.0.0/8'], true],
    ['11.1.2.3', 80, ['10.0.0.0/8'], false],
    ['[fc00::1]', 80, ['fc00::/7'], true],
    ['a.example', 80, ['10.0.0.0/8'], false],
    ['[::1]', 80, ['[::1]:80'], true],
    ['[0:0::1]', 443, ['[::1]:80'], false],
    ['127.0.0.1', 80, ['127.0.0.1:80'], true],
    ['1.2.3.4', 80, ['3.4'], false],
    ['1.2.3.4', 80, ['.3.4:80'], false],
    ['[::ffff:10.0.0.5]', 80, ['10.0.0.0/8'], true],
    ['[::ffff:10.0.0.5]', 80, ['10.0.0.5:80'], true],
  ])('%s:%i beside %j is reached without it: %s', (host, port, except, isOut) => {
    expect(isExcepted(host, port, except)).toBe(isOut);
  });
});

it.each([10_080, 6_666, 2_049])('port %i, which browsers do not open, is reached', async (port) => {
  const server = createHttpServer(({ headers }, response) => response.end(headers.host));
  // Somebody else may have it.
  const taken = await listening(server, port).catch(() => null);
  const url = `http://127.0.0.1:${port}/`;
  if (taken === null) expect((await failure('core.http', { url, timeout: 5 }))[2]).not.toContain('bad port');
  else expect(await call({ url })).toMatchObject({ status_code: 200, body: `127.0.0.1:${port}` });
});

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 25\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n';

it.each([
  ['before it', ['HTTP/1.1 100 Continue\r\n\r\n', ANSWER]],
  ['with it', [`HTTP/1.1 100 Continue\r\nx: y\r\n\r\n${ANSWER}`]],
  ['twice, in pieces', ['HTTP/1.1 1', '00 Continue\r\n', '\r\nHTTP/1.0 100\r\n\r\nHTT', ANSWER.slice(3)]],
  ['among other interim answers', [`HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${ANSWER}`]],
  ['never', [ANSWER]],
])('an answer is taken whose server says 100 Continue, unasked, %s', async (_, parts) => {
  const server = await startRawServer(async (socket) => {
    for (const part of parts) {
      socket.write(part);
      await new Promise((done) => setImmediate(done));
    }
  });
  closing.push(server.close);
  // The same text within a body stays.
  expect(await call({ url: server.url, method: 'POST', body: 'x' })).toMatchObject({
    status_code: 200,
    body: 'HTTP/1.1 100 Continue\r\n\r\n',
  });
});

it('an answer whose body breaks has answered', async () => {
  const zipped = gzipSync('x'.repeat(1000)).fill(7, 12);
  const server = await startRawServer((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${zipped.length}\r\n\r\n`);
    socket.end(zipped);
  });
  closing.push(server.close);
  const [type, retryable, message] = await failure('core.http', { url: server.url });
  expect([type, retryable]).toEqual(['http_error', true]);
  expect(message).toContain('responded with status 200, but the body cannot be read');
});
