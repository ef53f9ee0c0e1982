import { describe, expect, it } from 'vitest';
import { createTestApp } from './test-app.ts';

const packs = {
  create: async () => ({
    id: 1,
    ref: 'p',
    label: 'P',
    description: null,
    version: null,
    tags: [],
    created: new Date(0),
    updated: new Date(0),
  }),
};
const validated: unknown[] = [];
const definitions = {
  validate: async (_: unknown, body: unknown) => {
    validated.push(body);
    return { issues: [], warnings: [] };
  },
};
const app = createTestApp(
  { nobody: [], reader: ['workflow:read'], author: ['workflow:write'] },
  { packs, definitions },
);

interface Sent {
  method?: string;
  path?: string;
  key?: string;
  type?: string;
  length?: number;
  text?: string;
}

/** Sends a body that counts what is read of it. */
async function send({ method = 'POST', path = '/api/v1/packs', key = 'author', type, length, text = '{}' }: Sent) {
  let read = 0;
  const bytes = new TextEncoder().encode(text);
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (read === bytes.length) return controller.close();
        read = bytes.length;
        controller.enqueue(bytes);
      },
    },
    { highWaterMark: 0 },
  );
  const headers = new Headers({ 'content-length': String(length ?? bytes.length) });
  if (key !== '') headers.set('x-api-key', key);
  if (type !== undefined) headers.set('content-type', type);
  const withBody = method === 'GET' || method === 'HEAD' ? {} : { body, duplex: 'half' as const };
  const response = await app.request(path, { method, headers, ...withBody });
  const answer = method === 'HEAD' ? null : ((await response.json()) as { code?: string });
  return { status: response.status, code: answer?.code, read, closed: response.headers.get('connection') === 'close' };
}

const json = 'application/json';
const pack = '{"ref":"p","label":"P"}';

describe('a request is refused before its body is read, and its connection closed', () => {
  it.each<[string, Sent, number, string | undefined]>([
    ['without credentials', { key: '', type: json }, 401, 'unauthenticated'],
    ['with wrong credentials', { key: 'wrong', type: json }, 401, 'unauthenticated'],
    ['on a path without a route', { path: '/api/v1/nothing', key: 'nobody', type: json }, 404, 'not_found'],
    ['by a method that the path has not', { method: 'PATCH', type: json }, 405, 'method_not_allowed'],
    ['without the permission', { key: 'nobody', type: json }, 403, 'forbidden'],
    ['without the permission, and too large', { key: 'nobody', type: json, length: 9e9 }, 403, 'forbidden'],
    ['that is declared too large', { type: json, length: 2_097_153 }, 413, 'body_too_large'],
    ['that is declared too large, of a wrong type', { type: 'text/plain', length: 9e9 }, 413, 'body_too_large'],
    ['of a type that no route takes', { type: 'text/plain' }, 415, 'unsupported_media_type'],
    ['of a type that begins like JSON', { type: 'application/json-patch+json' }, 415, 'unsupported_media_type'],
    ['of no type', {}, 415, 'unsupported_media_type'],
    ['of a type that another route takes', { type: 'application/yaml' }, 415, 'unsupported_media_type'],
    ['that is a form', { type: 'application/x-www-form-urlencoded' }, 415, 'unsupported_media_type'],
    ['on a URL that is too long', { path: `/api/v1/packs?x=${'x'.repeat(8_192)}`, type: json }, 400, 'request_invalid'],
    ['on the page of a decision, too large', { path: '/inquiry/1', key: '', length: 600_000 }, 413, 'body_too_large'],
    ['on the page of a decision, as JSON', { path: '/inquiry/1', key: '', type: json }, 415, 'unsupported_media_type'],
  ])('%s', async (_, sent, status, code) => {
    expect(await send(sent)).toEqual({ status, code, read: 0, closed: true });
  });

  it.each(['DELETE', 'GET', 'HEAD'])('by %s, whose bodies are never read', async (method) => {
    const answered = await send({ method, path: '/healthz', type: json });
    expect([answered.read, answered.closed]).toEqual([0, true]);
  });
});

describe('a body is read where it is permitted, and the connection is kept', () => {
  it.each<[string, Sent, number, string | undefined]>([
    ['JSON', { type: json, text: pack }, 201, undefined],
    [
      'JSON with a charset and a byte order mark',
      { type: 'Application/JSON; charset=utf-8', text: `\ufeff${pack}` },
      201,
      undefined,
    ],
    ['no JSON', { type: json, text: '{' }, 400, 'json_malformed'],
    ['nothing', { type: json, text: '' }, 400, 'request_invalid'],
    ['JSON that the route refuses', { type: json, text: '{"ref":1}' }, 400, 'request_invalid'],
    [
      'YAML where a route takes it',
      { path: '/api/v1/workflows/validate', key: 'reader', type: 'text/x-yaml', text: 'a: 1' },
      ...([200, undefined] as const),
    ],
  ])('%s', async (_, sent, status, code) => {
    const answered = await send(sent);
    expect(answered).toMatchObject({ status, code, closed: false });
    expect(answered.read).toBe(new TextEncoder().encode(sent.text).length);
  });

  it('that is larger than it was declared is refused as soon as it is', async () => {
    const text = `"${'x'.repeat(2_097_152)}"`;
    expect(await send({ type: json, length: 10, text })).toMatchObject({
      status: 413,
      code: 'body_too_large',
      closed: true,
    });
  });

  it('is refused when it is not valid UTF-8', async () => {
    const body = new Uint8Array([0x7b, 0xff, 0x7d]);
    const headers = { 'x-api-key': 'author', 'content-type': json };
    const response = await app.request('/api/v1/packs', { method: 'POST', headers, body });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([400, 'json_malformed']);
  });
});

it('every route that takes a body demands a permission, but sign-in and webhooks, and says how a body is refused', async () => {
  const document = (await (await app.request('/openapi.json')).json()) as {
    paths: Record<string, Record<string, { requestBody?: object; 'x-permission'?: string; responses: object }>>;
  };
  const routes = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.values(item).map((operation) => ({ path, requestBody: operation.requestBody, operation })),
  );
  const takers = routes.filter(({ requestBody }) => requestBody !== undefined);
  expect(takers.length).toBeGreaterThan(25);
  for (const { path, operation } of takers) {
    expect(operation['x-permission'] === undefined, path).toBe(['/api/v1/session', '/hooks/{key}'].includes(path));
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['403', '408', '413', '415']));
  }
});

describe('an empty body is an empty object', () => {
  it.each<[string, string | undefined, string | undefined]>([
    ['/api/v1/workflows/validate', undefined, undefined],
    ['/api/v1/workflows/validate', 'application/json', undefined],
    ['/api/v1/workflows/validate', 'application/json', ''],
    ['/api/v1/workflows/validate', 'application/yaml', ''],
    ['/api/v1/workflows/validate', 'text/plain', undefined],
  ])('%s of type %s: %j', async (path, type, body) => {
    const headers = { 'x-api-key': 'reader', ...(type === undefined ? {} : { 'content-type': type }) };
    const response = await app.request(path, { method: 'POST', headers, ...(body === undefined ? {} : { body }) });
    expect([response.status, validated.at(-1)]).toEqual([200, {}]);
  });

  it('where one is required, what it lacks is named', async () => {
    const headers = { 'x-api-key': 'author', 'content-type': 'application/json' };
    const response = await app.request('/api/v1/packs', { method: 'POST', headers });
    const { code, issues } = (await response.json()) as { code: string; issues: { path: string }[] };
    expect([code, issues.map(({ path }) => path)]).toEqual(['request_invalid', ['/ref', '/label']]);
  });
});
