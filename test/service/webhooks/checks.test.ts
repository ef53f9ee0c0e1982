import { expect, it } from 'vitest';
import type { WebhookPreset, WebhookSettings } from '../../../model/webhook.ts';
import { checkSecrets, checkWebhook, type GivenSecrets } from '../../../service/webhooks/checks.ts';

const short = (issues: { code: string; path: string }[]) => issues.map(({ code, path }) => `${code} ${path}`);

const HMAC: WebhookSettings = { header: 'x-sum', algorithm: 'sha256', encoding: 'hex', signed: 'body' };

it.each<[WebhookPreset, WebhookSettings, string[]]>([
  ['hmac', HMAC, []],
  ['hmac', { ...HMAC, prefix: 'v1=', id_header: 'x-id' }, []],
  ['hmac', {}, ['header', 'algorithm', 'encoding', 'signed'].map((name) => `required /settings/${name}`)],
  ['hmac', { ...HMAC, signed: 'timestamp.body' }, ['required /settings/timestamp_header']],
  ['hmac', { ...HMAC, signed: 'timestamp.body', timestamp_header: 'x-time' }, []],
  [
    'hmac',
    { ...HMAC, signed: 'id.timestamp.body' },
    ['required /settings/timestamp_header', 'required /settings/id_header'],
  ],
  ['hmac', { ...HMAC, timestamp_header: 'x-time' }, ['without_effect /settings/timestamp_header']],
  ['bearer', { header: 'x-key' }, []],
  ['bearer', HMAC, ['algorithm', 'encoding', 'signed'].map((name) => `without_effect /settings/${name}`)],
  ...['user-agent', 'content-type', 'idempotency-key', 'ce-key'].map(
    (header): [WebhookPreset, WebhookSettings, string[]] => ['bearer', { header }, ['value_invalid /settings/header']],
  ),
  ['github', { header: 'x-key' }, ['without_effect /settings/header']],
  ['none', { id_header: 'x-id' }, ['without_effect /settings/id_header']],
])('settings of %s: %j', (preset, settings, issues) => {
  expect(short(checkWebhook({ preset, settings, type: null, keep_headers: [] }))).toEqual(issues);
});

it('everything that is wrong is found at once', () => {
  const webhook = {
    preset: 'bearer' as const,
    settings: { header: 'x-key', prefix: 'v1=' },
    type: 'io.fermata.done',
    keep_headers: ['x-region', 'Cookie'.toLowerCase(), 'x-key', 'x-gitlab-token'],
  };
  expect(short(checkWebhook(webhook))).toEqual([
    'without_effect /settings/prefix',
    'type_reserved /type',
    'value_invalid /keep_headers/1',
    'value_invalid /keep_headers/2',
    'value_invalid /keep_headers/3',
  ]);
  expect(short(checkWebhook({ ...webhook, settings: {}, type: 'a b', keep_headers: [] }))).toEqual([
    'value_invalid /type',
  ]);
});

const key = (bytes: number) => `whsec_${Buffer.alloc(bytes, 1).toString('base64')}`;

it.each<[WebhookPreset, GivenSecrets, string[]]>([
  ['github', {}, []],
  ['github', { secret: 'with blanks, café' }, []],
  ['github', { secret: 'with a\nline' }, ['value_invalid /secret']],
  ['github', { secrets: ['long enough', 'with \u0000 in it'] }, ['value_invalid /secrets/1']],
  ['github', { secret: 'long enough', secrets: ['long enough'] }, ['without_effect /secret']],
  ['bearer', { secret: 'with blanks' }, ['value_invalid /secret']],
  ['alertmanager', { secret: 'pass:word' }, []],
  ['gitlab', { secret: 'a café!' }, ['value_invalid /secret']],
  ['gitlab', { secret: key(32) }, []],
  ['gitlab', { secret: 'whsec_nothing' }, ['value_invalid /secret']],
  ['standard-webhooks', { secrets: [key(16), key(64)] }, []],
  ['standard-webhooks', { secret: key(15) }, ['value_invalid /secret']],
  ['standard-webhooks', { secret: key(32).slice(6) }, ['value_invalid /secret']],
  ['standard-webhooks', { secret: key(32).replace('A', '-') }, ['value_invalid /secret']],
  // Stripe's secret begins alike and is no base64.
  ['stripe', { secret: 'whsec_no-base64' }, []],
  ['none', { secret: 'long enough' }, ['without_effect /secret']],
])('secrets of %s: %j', (preset, given, issues) => {
  expect(short(checkSecrets(preset, given))).toEqual(issues);
});
