import { expect, it } from 'vitest';
import { MAX_EVENT_PAYLOAD } from '../../../model/events/attributes.ts';
import type { JsonObject } from '../../../model/json.ts';
import { createIntake } from '../../../service/events/intake.ts';
import type { EventEntry } from '../../../store/events/events.ts';
import type { StoredTrigger } from '../../../store/rules/triggers.ts';
import { NO_RUSHES } from '../../service/events/no-rushes.ts';
import { createTestApp } from '../test-app.ts';

const recorded: EventEntry[] = [];
const declaredAs = (type: string, schema: JsonObject | null): StoredTrigger => ({
  ...{ id: 1, tenant: 'one', pack: 1, packRef: 'shop', label: 'x', description: null, examples: [] },
  ...{ ref: `shop.${type}`, type, schema, created: new Date(0), updated: new Date(0) },
});
const DECLARED = [
  declaredAs('shop.paid', { type: 'object', required: ['order'], properties: { order: { type: 'integer' } } }),
  declaredAs('shop.open', null),
];
const intake = createIntake({
  store: {
    record: async (entries) => {
      recorded.push(...entries);
      return entries.map((_, at) => ({ id: at + 1, duplicate: false }));
    },
  },
  triggers: {
    find: async () => null,
    ofTypes: async (_, types) => DECLARED.filter(({ type }) => types.includes(type)),
  },
  backlog: { demandRoom: () => undefined },
  rushes: NO_RUSHES,
  onRecorded: () => undefined,
});
const app = createTestApp({ ann: ['execution:execute'], bob: ['execution:read'] }, { intake });

const JSON_TYPE = 'application/json';
const ONE = 'application/cloudevents+json';
const MANY = 'application/cloudevents-batch+json';
const CLOUD = { specversion: '1.0', id: 'a1', source: '/shop', type: 'com.example.sold' };

/** An answer, in which tests look for what they expect. */
// biome-ignore lint/suspicious/noExplicitAny: both forms of answers are looked into
type Body = any;

async function post(type: string | null, body: unknown, headers: Record<string, string> = {}, key = 'ann') {
  recorded.length = 0;
  const response = await app.request('/api/v1/events', {
    method: 'POST',
    headers: { 'x-api-key': key, ...(type === null ? {} : { 'content-type': type }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, location: response.headers.get('location'), body: (await response.json()) as Body };
}

type Case = [what: string, type: string | null, body: unknown, headers: Record<string, string>, kept: object];

const TAKEN: Case[] = [
  [
    'the short form, with its defaults',
    JSON_TYPE,
    { type: 'a.b' },
    {},
    {
      type: 'a.b',
      source: '/principals/ann',
      subject: null,
      time: null,
      payload: null,
      content_type: null,
      ingress: 'api',
      principal: 'ann',
      tenant: 'one',
      verified: true,
      webhook: null,
      depth: 0,
      headers: {},
      extensions: {},
    },
  ],
  [
    'the short form, whole',
    JSON_TYPE,
    { type: 'a', payload: [1], source: 's', subject: 'x', event_id: 'e', time: '2026-11-01T03:00:00+01:00' },
    { 'idempotency-key': 'other' },
    { event_id: 'e', source: 's', subject: 'x', payload: [1], time: '2026-11-01T03:00:00+01:00' },
  ],
  ['an Idempotency-Key for an id', JSON_TYPE, { type: 'a' }, { 'idempotency-key': 'k' }, { event_id: 'k' }],
  [
    'a payload that its trigger accepts',
    JSON_TYPE,
    { type: 'shop.paid', payload: { order: 1 } },
    {},
    { trigger_ref: 'shop.shop.paid', issues: [] },
  ],
  ['an event of a trigger without a schema', JSON_TYPE, { type: 'shop.open' }, {}, { trigger_ref: 'shop.shop.open' }],
  ['an event without a trigger', JSON_TYPE, { type: 'shop.paid.late' }, {}, { trigger_ref: null }],
  ['a payload of null', JSON_TYPE, { type: 'a', payload: null }, {}, { payload: null, payload_bytes: 4 }],
  [
    'U+0000 in a payload, and keys in their order',
    JSON_TYPE,
    '{"type":"a","payload":{"z":"\\u0000","a":1}}',
    {},
    { payload: { z: '\0', a: 1 } },
  ],
  ['a CloudEvent as plain JSON', JSON_TYPE, { ...CLOUD, data: 1 }, {}, { event_id: 'a1', source: '/shop', payload: 1 }],
  [
    'a CloudEvent with extensions and attributes of null',
    ONE,
    { ...CLOUD, subject: null, traceparent: '00-1', sampled: true, rank: 3, gone: null },
    {},
    { subject: null, extensions: { traceparent: '00-1', sampled: true, rank: 3 } },
  ],
  [
    'a CloudEvent in Base64',
    ONE,
    { ...CLOUD, datacontenttype: 'image/png', data_base64: '0000' },
    {},
    { payload: '0000', content_type: 'image/png', extensions: { base64: true } },
  ],
  [
    'binary mode with JSON',
    'application/vnd.shop+json; charset=utf-8',
    { n: 1 },
    { 'ce-specversion': '1.0', 'ce-id': 'b', 'ce-source': '/caf%C3%A9', 'ce-type': 'a', 'ce-rank': '3' },
    {
      source: '/café',
      payload: { n: 1 },
      content_type: 'application/vnd.shop+json; charset=utf-8',
      extensions: { rank: '3' },
    },
  ],
  [
    'binary mode with text',
    'text/plain',
    '{"n":1}',
    { 'ce-specversion': '1.0', 'ce-id': 'b', 'ce-source': '/s', 'ce-type': 'a' },
    { payload: '{"n":1}' },
  ],
  [
    'binary mode with text in another charset',
    'text/plain; charset=utf-16le',
    'AB',
    { 'ce-specversion': '1.0', 'ce-id': 'b', 'ce-source': '/s', 'ce-type': 'a' },
    { payload: '\u4241', content_type: 'text/plain; charset=utf-16le' },
  ],
  [
    'binary mode without a body',
    null,
    undefined,
    { 'ce-specversion': '1.0', 'ce-id': 'b', 'ce-source': '/s', 'ce-type': 'a' },
    { payload: null, content_type: null },
  ],
];

it.each(TAKEN)('takes %s', async (_, type, body, headers, kept) => {
  const answer = await post(type, body, headers);
  expect(answer.body).toEqual({
    data: {
      id: 1,
      duplicate: false,
      event_id: expect.any(String),
      type: expect.any(String),
      source: expect.any(String),
    },
  });
  expect(answer).toMatchObject({ status: 202, location: '/api/v1/events/1' });
  expect(recorded).toEqual([expect.objectContaining(kept)]);
});

it('mints another id for each event without one', async () => {
  const ids = [await post(JSON_TYPE, { type: 'a' }), await post(JSON_TYPE, { type: 'a' })].map(
    ({ body }) => body.data.event_id,
  );
  expect(new Set(ids).size).toBe(2);
});

it('takes a batch in its order, and answers in the same', async () => {
  const answer = await post(MANY, [CLOUD, { ...CLOUD, id: 'a2' }, CLOUD]);
  expect(answer.status).toBe(202);
  expect(answer.location).toBeNull();
  expect(answer.body.data.map((each: { event_id: string }) => each.event_id)).toEqual(['a1', 'a2', 'a1']);
  expect(recorded.map(({ event_id }) => event_id)).toEqual(['a1', 'a2', 'a1']);
});

type Refusal = [what: string, type: string | null, body: unknown, status: number, code: string, issues?: string[]];

const long = 'x'.repeat(501);
const REFUSED: Refusal[] = [
  ['an unknown field', JSON_TYPE, { type: 'a', body: 1 }, 400, 'request_invalid', ['unknown_field /body']],
  [
    'CloudEvents data in the short form',
    JSON_TYPE,
    { type: 'a', data: 1 },
    400,
    'request_invalid',
    ['unknown_field /data'],
  ],
  ['no type', JSON_TYPE, {}, 400, 'request_invalid', ['required /type']],
  ['an asterisk in a type', JSON_TYPE, { type: 'a.*' }, 400, 'request_invalid', ['value_invalid /type']],
  ['a blank in a type', JSON_TYPE, { type: 'a b' }, 400, 'request_invalid', ['value_invalid /type']],
  ['a long type', JSON_TYPE, { type: 'x'.repeat(201) }, 400, 'request_invalid', ['value_invalid /type']],
  [
    'a line feed in a subject',
    JSON_TYPE,
    { type: 'a', subject: 'a\nb' },
    400,
    'request_invalid',
    ['value_invalid /subject'],
  ],
  [
    'everything that is too long, at once',
    JSON_TYPE,
    { type: 'a', subject: long, source: long, event_id: long },
    400,
    'request_invalid',
    ['value_invalid /source', 'value_invalid /subject', 'value_invalid /event_id'],
  ],
  [
    'a time without a zone',
    JSON_TYPE,
    { type: 'a', time: '2026-11-01T03:00:00' },
    400,
    'request_invalid',
    ['value_invalid /time'],
  ],
  ['a time that is none', JSON_TYPE, { type: 'a', time: 'yesterday' }, 400, 'request_invalid', ['value_invalid /time']],
  ['a type of Fermata', JSON_TYPE, { type: 'io.fermata.x' }, 400, 'type_reserved', ['type_reserved /type']],
  ['a source of Fermata', ONE, { ...CLOUD, source: 'urn:fermata:x' }, 400, 'type_reserved', ['type_reserved /source']],
  ...['/principals/bob', '/principals/ann/x', '/principals/', '/hooks/pushes'].map((source): Refusal => {
    return [`the source ${source}`, JSON_TYPE, { type: 'a', source }, 400, 'type_reserved', ['type_reserved /source']];
  }),
  [
    'another version of CloudEvents',
    JSON_TYPE,
    { ...CLOUD, specversion: '0.3' },
    400,
    'request_invalid',
    ['value_invalid /specversion'],
  ],
  ['a CloudEvent without an id', ONE, { ...CLOUD, id: undefined }, 400, 'request_invalid', ['required /id']],
  [
    'the short form as a CloudEvent',
    ONE,
    { type: 'a' },
    400,
    'request_invalid',
    ['value_invalid /specversion', 'required /id', 'required /source'],
  ],
  [
    'two payloads',
    ONE,
    { ...CLOUD, data: 1, data_base64: '0000' },
    400,
    'request_invalid',
    ['value_invalid /data_base64'],
  ],
  ['the name of an extension', ONE, { ...CLOUD, Trace_Id: 'x' }, 400, 'request_invalid', ['name_invalid /Trace_Id']],
  ['an extension that is an object', ONE, { ...CLOUD, trace: {} }, 400, 'request_invalid', ['type_invalid /trace']],
  [
    'many extensions',
    ONE,
    { ...CLOUD, ...Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`x${at}`, at])) },
    400,
    'request_invalid',
    ['out_of_range '],
  ],
  [
    'one bad event of a batch',
    MANY,
    [CLOUD, CLOUD, CLOUD, { ...CLOUD, type: 'a b' }],
    400,
    'request_invalid',
    ['value_invalid /3/type'],
  ],
  [
    'one reserved event of a batch',
    MANY,
    [CLOUD, { ...CLOUD, type: 'io.fermata.x' }],
    400,
    'type_reserved',
    ['type_reserved /1/type'],
  ],
  ['a shape in a batch', MANY, [CLOUD, { ...CLOUD, id: 5 }], 400, 'request_invalid', ['type_invalid /1/id']],
  [
    'a payload that its trigger refuses',
    JSON_TYPE,
    { type: 'shop.paid', payload: { order: 'x' } },
    400,
    'payload_invalid',
    ['schema_mismatch /payload/order'],
  ],
  [
    'a batch with payloads that their trigger refuses',
    MANY,
    [CLOUD, { ...CLOUD, type: 'shop.paid', data: {} }, { ...CLOUD, type: 'shop.paid' }],
    400,
    'payload_invalid',
    ['required /1/payload/order', 'schema_mismatch /2/payload'],
  ],
  ['an empty batch', MANY, [], 400, 'request_invalid', ['type_invalid ']],
  ['a long batch', MANY, Array.from({ length: 501 }, () => CLOUD), 400, 'request_invalid', ['type_invalid ']],
  ['a batch that is no list', MANY, CLOUD, 400, 'request_invalid', ['type_invalid ']],
  ['a list as one event', JSON_TYPE, [CLOUD], 400, 'request_invalid', ['type_invalid ']],
  ['JSON that is none', JSON_TYPE, '{', 400, 'json_malformed'],
  ['no body', JSON_TYPE, undefined, 400, 'json_malformed'],
  ['a form', 'application/x-www-form-urlencoded', 'type=a', 415, 'unsupported_media_type'],
  ['YAML', 'application/yaml', 'type: a', 415, 'unsupported_media_type'],
  ['no content type', null, undefined, 415, 'unsupported_media_type'],
];

it.each(REFUSED)('refuses %s', async (_, type, body, status, code, issues) => {
  const answer = await post(type, body);
  expect(answer.body).toMatchObject({ status, code });
  expect(answer.body.issues?.map((each: { code: string; path: string }) => `${each.code} ${each.path}`)).toEqual(
    issues,
  );
  expect(recorded).toEqual([]);
});

const BINARY = { 'ce-specversion': '1.0', 'ce-id': 'b', 'ce-source': '/s', 'ce-type': 'a' };

it.each([
  [
    'an attribute that is not percent-encoded UTF-8',
    { ...BINARY, 'ce-source': '%ff' },
    400,
    ['value_invalid /ce-source'],
  ],
  ['a line feed in an attribute', { ...BINARY, 'ce-subject': 'a%0Ab' }, 400, ['value_invalid /subject']],
  ['a payload in a header', { ...BINARY, 'ce-data': '1' }, 400, ['value_invalid /ce-data']],
  ['an attribute that is missing', { ...BINARY, 'ce-type': '' }, 400, ['value_invalid /type']],
])('refuses binary mode with %s', async (_, headers, status, issues) => {
  const answer = await post('text/plain', 'x', headers);
  expect(answer.status).toBe(status);
  expect(answer.body.issues.map((each: { code: string; path: string }) => `${each.code} ${each.path}`)).toEqual(issues);
});

it('refuses a large payload', async () => {
  const answer = await post('text/plain', 'x'.repeat(MAX_EVENT_PAYLOAD), BINARY);
  expect(answer.body).toMatchObject({ code: 'request_invalid', issues: [{ code: 'too_large', path: '/payload' }] });
});

it('refuses a payload in binary mode that is neither JSON nor text', async () => {
  expect(await post('image/png', 'x', BINARY)).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
});

it('asks for the permission before it reads a body', async () => {
  expect(await post('image/png', '{', {}, 'bob')).toMatchObject({ status: 403, body: { code: 'forbidden' } });
});
