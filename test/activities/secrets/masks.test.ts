import { createServer, type IncomingMessage, type Server } from 'node:http';
import { ApplicationFailure } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createActivities } from '../../../activities/activities.ts';
import { ACTIONS } from '../../../activities/catalog.ts';
import { createMasks } from '../../../activities/secrets/masks.ts';

import { createEgress } from '../../../egress/egress.ts';
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts';
import { Permits } from '../../../model/permits.ts';
import type { SecretTexts } from '../../../model/secret-texts.ts';
import { createAttempt } from '../activity.ts';

/** Secrets of characters that encoders write differently. */
const CANARIES: Record<string, string> = {
  plain: 'canary-7f3a91c2',
  blanks: 'canary 7f3a 91c2',
  quotes: `canary'7f3a"91c2\`\\`,
  percents: 'canary%7f3a%2091c2%',
  signs: 'canary+/=?&#:@;~!*()<>|^{}[]$,',
  letters: 'canary-Zürich-Ω-91c2',
  upper: 'CANARY.EXAMPLE.COM',
  lines: 'canary\n7f3a\t91c2',
  numbers: '730195528814',
  long: `canary-${'x7+/ é"'.repeat(60)}`,
  address: '2130706433',
};

// A server that gives back what it got, in its status line too, in several clothes.
let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer(async (request, response) => {
    const body = await bytesOf(request);
    const account = /^Basic (.*)$/.exec(request.headers.authorization ?? '')?.[1];
    const echoed = {
      url: request.url ?? '',
      headers: request.headers,
      body: body.toString(),
      latin1: body.toString('latin1'),
      base64: body.toString('base64'),
      base64url: body.toString('base64url'),
      account: account === undefined ? null : Buffer.from(account, 'base64').toString(),
      json: parsed(body.toString()),
      escaped: JSON.stringify(body.toString()),
      fields: [...new URLSearchParams(body.toString())].flat(),
    };
    const status = request.url?.startsWith('/fail') ? 400 : 200;
    response.writeHead(status, { 'content-type': 'application/json', 'x-echo': encodeURIComponent(request.url ?? '') });
    response.end(JSON.stringify(echoed));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${isJsonObject(address as Json) ? (address as { port: number }).port : 0}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await egress.close();
});

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

const egress = createEgress({ allowed: ['loopback'] });

/** Does core.http with the secret S where the input has `{S}`; returns everything that it says: its output, or its failure. */
async function said(input: JsonObject, secret: string): Promise<string> {
  const texts: SecretTexts = {};
  const find = (value: Json, pointer: string): void => {
    if (typeof value === 'string' && value.includes('{S}')) {
      const pieces = value.split('{S}');
      texts[pointer] = pieces.flatMap((piece, index) => (index === 0 ? [piece] : [{ secret: 'S' }, piece]));
    } else if (Array.isArray(value)) value.forEach((entry, index) => void find(entry, `${pointer}/${index}`));
    else if (isJsonObject(value)) for (const [key, entry] of Object.entries(value)) find(entry, `${pointer}/${key}`);
  };
  find(input, '');
  const options = {
    egress,
    connect: async () => null,
    secretOf: async () => secret,
    isAuthentic: async () => true,
  };
  const { default: act } = createActivities(ACTIONS, options, new Permits(10));
  const environment = createAttempt({ activityType: 'core.http', startToCloseTimeoutMs: 60_000 });
  const scope = { tenant: 'one', secrets: texts, timeout: 50 };
  const output = await environment.run(...([act!, input, scope] as const)).catch((error: unknown) => {
    expect(error).toBeInstanceOf(ApplicationFailure);
    const { type, message, details, cause } = error as ApplicationFailure;
    return { type, message, details, cause: String(cause ?? '') };
  });
  return JSON.stringify(output);
}

const PLACES: Record<string, JsonObject> = {
  'a header': { headers: { 'x-token': 'a {S} b' } },
  'a bearer token': { auth: { bearer: '{S}' } },
  'a password': { auth: { username: 'ann', password: '{S}' } },
  'a user': { auth: { username: '{S}', password: 'x' } },
  'a body of text': { method: 'POST', body: 'say {S}!' },
  'a body of JSON': { method: 'POST', body: { deep: ['is {S}.'], other: 1 } },
  'JSON within JSON': { method: 'POST', body: { text: '{"a":"{S}"}' } },
  'a form': { method: 'POST', form: { a: 'is {S}', b: '{S}' } },
  'the query': { query: { a: '{S}', b: 'x {S}' } },
  'a path': { path: '/p/{S}/q' },
  'a body of base64': { method: 'POST', body: '{S}', encoding: 'base64' },
  'a file of base64': { method: 'POST', multipart: { a: { filename: 'x', base64: '{S}' } } },
  'a failure': { path: '/fail/{S}', method: 'POST', body: '{S}', headers: { 'x-token': '{S}' } },
  'a query in the URL': { path: '/p?a={S}' },
  'a fragment and a path': { path: '/p{S}' },
  'the host': { url: 'http://{S}/' },
  'a part of the host': { url: 'http://a.{S}.invalid/' },
  'the method': { method: '{S}' },
  'the account of a URL': { url: 'http://ann:{S}@127.0.0.1:1/' },
  'the port': { url: 'http://127.0.0.1:{S}/' },
};

/** Lists what somebody who knows the encoding can still read of a secret. */
function tellsOf(text: string, secret: string): string[] {
  const alike = [text, decoded(text), decoded(decoded(text).replaceAll('+', ' ')), text.replaceAll('\\\\', '\\')];
  const wanted = [secret, secret.trim(), JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
  const found = wanted.filter((form) =>
    alike.some((each) => each.includes(form) || each.toLowerCase().includes(form.toLowerCase())),
  );
  // Base64, wherever it stands.
  const inBase64 = [...text.matchAll(/[A-Za-z0-9+/_-]{12,}/g)].filter(([part]) =>
    [0, 1, 2, 3].some((skip) => Buffer.from(part.slice(skip), 'base64').toString().includes(secret)),
  );
  return [...found, ...inBase64.map(([part]) => `base64 ${part}`)];
}

function decoded(text: string): string {
  return text.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString());
}

describe.each(Object.entries(CANARIES))('a secret of %s', (_, secret) => {
  it.each(Object.entries(PLACES))('is told by nothing that comes back: in %s', async (_place, input) => {
    const { path, ...rest } = input;
    const text = await said({ url: `${url}${typeof path === 'string' ? path : '/'}`, ...rest }, secret);
    expect(tellsOf(text, secret)).toEqual([]);
  });
});

describe('the masks of an attempt', () => {
  it.each<[string, Json, Json]>([
    ['a short secret as a whole', ['abc', 'abcd', { abc: 'x' }], ['********', 'abcd', { '********': 'x' }]],
    ['a long one as a part', 'say canary-1 now', 'say ******** now'],
    ['a number', [123456789, 1234567890], ['********', 1234567890]],
    ['no short number', 42, 42],
    ['a longer one before a part of it', 'canary-1-long', '********'],
    ['the address that a number is', 'at 127.0.0.1', 'at ********'],
    ['a literal of SQL', "select 'o''clock-99'", "select '********'"],
    ['quoted-printable', 'caf=C3=A9-noir', '********'],
    ['a word of a header', '=?UTF-8?Q?caf=C3=A9-noir?=', '=?UTF-8?Q?********?='],
    ['nothing else', ['other', true, null, 1.5], ['other', true, null, 1.5]],
  ])('hide %s', (_, value, shown) => {
    const secrets = ['abc', 'canary-1', 'canary-1-long', '123456789', '42', '2130706433', "o'clock-99", 'café-noir'];
    const { mask } = createMasks(Object.fromEntries(secrets.map((secret, index) => [String(index), secret])));
    expect(mask(value)).toEqual(shown);
  });

  const HOOK = 'HTTPS://Api.example/bot123:AAE x/send?x';
  it.each<[name: string, secret: string, text: string, shown: string]>([
    ['as a whole', HOOK, 'at https://api.example/bot123:AAE%20x/send?x.', 'at ********.'],
    ['without its query', HOOK, 'POST https://api.example/bot123:AAE%20x/send failed', 'POST ******** failed'],
    ['as its path with the query', HOOK, '"/bot123:AAE%20x/send?x"', '"********"'],
    ['as its path', HOOK, '"/bot123:AAE%20x/send"', '"********"'],
    ['as nothing that others have', 'https://api.example/', 'GET / and /v1', 'GET / and /v1'],
    ['as no path of a database', 'postgres://u:canary-pw@h/production', '/production', '/production'],
  ])('hide a URL %s', (_, secret, text, shown) => {
    expect(createMasks({ secret }).mask(text)).toBe(shown);
  });

  it.each<[name: string, secret: string, sent: string, text: string, isHeld: boolean]>([
    ['as a whole', 'Y2FuYXJ5LWJ5dGVz', 'Y2FuYXJ5LWJ5dGVz', 'a canary-bytes b', true],
    ['in lines', 'Y2FuYXJ5LWJ5dGVz\n', 'Y2FuYXJ5\r\nLWJ5dGVz', 'a canary-bytes b', true],
    ['behind other bytes', 'Y2FuYXJ5LWJ5dGVz', 'QUJDRY2FuYXJ5LWJ5dGVzZ', 'nary', false],
    ['behind whole groups', 'Y2FuYXJ5LWJ5dGVz', 'QUJDY2FuYXJ5LWJ5dGVzQUJD', 'ABCcanary-bytesABC', true],
    ['that stands elsewhere', 'Y2FuYXJ5LWJ5dGVz', 'QUJD', 'a canary-bytes b', false],
    ['of other bytes', '/2NhbmFyeQA=', '/2NhbmFyeQA=', 'x\xffcanary\0', true],
  ])('know what a secret stands for that is sent decoded: %s', (_, secret, sent, text, isHeld) => {
    const { mask, holdsSecret, decoded: note } = createMasks({ secret });
    note(sent);
    expect([holdsSecret(text), mask(text) !== text]).toEqual([isHeld, isHeld]);
  });

  it('hide the base64 of an account, and of nothing that has no secret', () => {
    const { mask, encoded } = createMasks({ a: 'pw' });
    encoded('ann:pw');
    encoded('ann:other');
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    expect(mask([`Basic ${base64('ann:pw')}`, base64('ann:other')])).toEqual(['Basic ********', base64('ann:other')]);
  });
});
