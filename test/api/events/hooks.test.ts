import { expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import type { NewEvent } from '../../../model/events/event.ts';
import type { WebhookPreset } from '../../../model/webhook.ts';
import { createSealer } from '../../../service/access/sealer.ts';
import { createHookService, type Hook } from '../../../service/webhooks/hooks.ts';
import { createTestApp } from '../test-app.ts';

const hookOf = (id: number, preset: WebhookPreset = 'none'): Hook => ({
  ...{ id, tenant: 'one', name: `hook-${id}`, preset, settings: {}, tolerance: 300 },
  ...{ type: null, trigger: null, keepHeaders: [], sealed: '', writers: [] },
});

const post = (
  app: ReturnType<typeof createTestApp>,
  key: string,
  body: string | Uint8Array<ArrayBuffer> = 'x',
  type = 'text/plain',
) => app.request(`/hooks/${key}`, { method: 'POST', headers: { 'content-type': type }, body });

it('one webhook leaves places to the others of its tenant', async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const hooks = {
    find: async (key: string) => hookOf(Number(key)),
    verify: ({ id }: Hook) => (id === 1 ? held : Promise.resolve()),
    receive: async () => ({ event: { id: 1, duplicate: false } }),
  };
  const app = createTestApp({}, { hooks });
  const waiting = Array.from({ length: 50 }, () => post(app, '1'));
  expect([(await post(app, '1')).status, (await post(app, '2')).status]).toEqual([429, 202]);
  release();
  const answers = await Promise.all(waiting);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  expect((await post(app, '1')).status).toBe(202);
});

it('an address that tries unknown keys is limited, and known keys are not', async () => {
  const hooks = {
    find: async (key: string) => {
      if (key === 'known') return hookOf(1);
      throw new AppError('webhook_not_found', 'webhook not found');
    },
    verify: async () => null,
    receive: async () => ({ event: { id: 1, duplicate: false } }),
  };
  const app = createTestApp({}, { hooks, rateLimit: 1_000 });
  expect((await post(app, 'known')).status).toBe(202);
  const statuses = [];
  for (let at = 0; at <= 120; at += 1) statuses.push((await post(app, `x${at}`)).status);
  expect([statuses[0], statuses[119], statuses[120]]).toEqual([404, 404, 429]);
  expect((await post(app, 'known')).status).toBe(202);
});

it('a form with a reserved field is refused as JSON is', async () => {
  const app = createTestApp({}, { hooks: { find: async () => hookOf(1), verify: async () => null } });
  const answer = await post(app, 'x', 'a=1&__proto__=x', 'application/x-www-form-urlencoded');
  const issues = [expect.objectContaining({ code: 'key_reserved', path: '/__proto__' })];
  expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'request_invalid', issues }]);
});

const FORM = 'application/x-www-form-urlencoded';
const LATIN_1 = new Uint8Array([0x63, 0x61, 0x66, 0xe9]);

it.each<[type: string, body: string | Uint8Array<ArrayBuffer>, payload: unknown]>([
  ['text/plain; charset=iso-8859-1', LATIN_1, 'café'],
  ['text/plain; Charset="ISO-8859-1"', LATIN_1, 'café'],
  ['text/plain;charset=windows-1252', new Uint8Array([0x80]), '€'],
  ['text/plain; charset=utf-16le', new Uint8Array(Buffer.from('café', 'utf16le')), 'café'],
  ['text/plain; charset=utf-8', 'café', 'café'],
  ['text/plain', 'café', 'café'],
  ['text/plain', LATIN_1, null],
  ['text/plain; charset=latin-99', 'cafe', null],
  ['text/plain; charset=utf-8', LATIN_1, null],
  // JSON and forms have one charset, whatever is said.
  ['application/json; charset=iso-8859-1', '"café"', 'café'],
  [FORM, 'a=caf%C3%A9&b=100%&c=%zz', { a: 'café', b: '100%', c: '%zz' }],
  [FORM, 'a=caf%E9', null],
  [FORM, 'a=%C3&b=%A9', null],
  [FORM, 'a=%C3%%A9', null],
  [FORM, 'payload=%7B%22a%22%3A%22%ff%22%7D', null],
])('a body is text by its charset, or refused: %s %j', async (type, body, payload) => {
  const received: unknown[] = [];
  const hooks = {
    find: async () => hookOf(1),
    verify: async () => null,
    receive: async (_: Hook, request: { payload: unknown }) => {
      received.push(request.payload);
      return { event: { id: 1, duplicate: false } };
    },
  };
  const answer = await post(createTestApp({}, { hooks }), 'x', body, type);
  const { code } = (await answer.json()) as { code?: string };
  expect([answer.status, code, received]).toEqual(
    payload === null ? [400, 'request_invalid', []] : [202, undefined, [payload]],
  );
});

const taken: NewEvent[] = [];
const service = createHookService({
  store: { findByKey: async () => null },
  sealer: createSealer(['a master key for tests, long enough'], 'connection'),
  intake: {
    accept: async (_, events) => {
      taken.push(...events);
      return events.map(({ type, source }) => ({ id: 1, event_id: 'x', type, source, duplicate: false }));
    },
  },
  tallies: { noteEvent: () => undefined, noteRefusal: () => undefined },
  clock: Date.now,
});

it.each<[WebhookPreset, string]>([
  ['hmac', 'webhook'],
  ['none', 'com.example.sold'],
])('with %s, headers that say what has happened make it %s', async (preset, type) => {
  const sent = { 'ce-specversion': '1.0', 'ce-id': 'c-1', 'ce-source': '/shop', 'ce-type': 'com.example.sold' };
  const headers = new Map(Object.entries(sent).map(([name, value]) => [name, [value]]));
  taken.length = 0;
  await service.receive(hookOf(1, preset), { headers, signedId: null, payload: {} }, 'application/json');
  expect(taken.map((event) => event.type)).toEqual([type]);
});

it('who is not authentic yet does not learn why secrets cannot be decrypted', async () => {
  const refused = service.verify(hookOf(1, 'github'), new Map(), new Uint8Array());
  const message = 'requests to this webhook cannot be verified at present';
  await expect(refused).rejects.toMatchObject({
    code: 'sealing_key_missing',
    message,
    cause: { code: 'token_invalid' },
  });
});
