import { expect, it } from 'vitest';
import type { Json } from '../../../model/json.ts';
import type { WebhookPreset, WebhookSettings } from '../../../model/webhook.ts';
import { findChallenge, hasSecretName, readDelivery } from '../../../service/webhooks/deliveries.ts';

interface Sent {
  headers?: Record<string, string>;
  payload?: Json;
  settings?: WebhookSettings;
  type?: string;
  keep?: string[];
  signedId?: string;
}

function read(preset: WebhookPreset, sentWith: Sent) {
  const { headers = {}, payload = null, settings = {}, type, keep = [], signedId = null } = sentWith;
  const sent = new Map(Object.entries(headers).map(([name, value]) => [name, [value]]));
  return readDelivery(
    { preset, settings, type: type ?? null, keepHeaders: keep },
    { headers: sent, signedId, payload },
  );
}

const long = 'x'.repeat(501);
const event = { 'x-github-event': 'push', 'x-github-delivery': 'd-1' };
const slackEvent = { type: 'event_callback', event_id: 'Ev1', event: { type: 'app_mention' } };

it.each<[WebhookPreset, Sent, string | null, string]>([
  ['standard-webhooks', { headers: { 'webhook-id': 'm-1' }, payload: { type: 'user.created' } }, 'm-1', 'user.created'],
  ['standard-webhooks', { headers: { 'svix-id': 'm-2' }, payload: [] }, 'm-2', 'webhook'],
  ['standard-webhooks', { headers: { 'svix-id': long }, payload: { type: 'no type' } }, null, 'webhook'],
  ['standard-webhooks', { payload: { type: 'a.*' } }, null, 'webhook'],
  ['standard-webhooks', { payload: { type: 7 } }, null, 'webhook'],
  ['standard-webhooks', { payload: { type: ['a'] } }, null, 'webhook'],
  ['standard-webhooks', { payload: { type: { toString: 1 } } }, null, 'webhook'],
  ['pagerduty', { payload: { event: { event_type: { toString: 'x', valueOf: null } } } }, null, 'webhook'],
  ['standard-webhooks', { payload: { type: 'io.fermata.execution.failed' } }, null, 'io.fermata.execution.failed'],
  ['github', { headers: event, payload: { action: null } }, 'd-1', 'com.github.push'],
  ['github', { headers: event, payload: { action: 'opened' } }, 'd-1', 'com.github.push.opened'],
  ['github', { headers: event, payload: { action: '' } }, 'd-1', 'webhook'],
  ['github', { headers: { 'x-github-event': 'a b' } }, null, 'webhook'],
  ['github', { payload: { action: 'opened' } }, null, 'webhook'],
  [
    'gitlab',
    { headers: { 'idempotency-key': 'k-1', 'x-gitlab-event-uuid': 'u-1' }, payload: { object_kind: 'push' } },
    'k-1',
    'com.gitlab.push',
  ],
  // An id that is signed counts before one that anybody could have changed.
  [
    'gitlab',
    { headers: { 'idempotency-key': 'k-1' }, payload: { object_kind: 'push' }, signedId: 'msg-1' },
    'msg-1',
    'com.gitlab.push',
  ],
  ['gitlab', { headers: { 'x-gitlab-event-uuid': 'u-1' }, payload: { object_kind: 'push' } }, null, 'com.gitlab.push'],
  ['stripe', { payload: { id: 'evt_1', type: 'invoice.paid' } }, 'evt_1', 'com.stripe.invoice.paid'],
  ['stripe', { payload: { id: 7, type: {} } }, null, 'webhook'],
  ['slack', { payload: slackEvent }, 'Ev1', 'com.slack.app_mention'],
  ['slack', { payload: { type: 'block_actions' } }, null, 'com.slack.block_actions'],
  ['slack', { payload: { command: '/deploy', text: 'x' } }, null, 'com.slack./deploy'],
  [
    'pagerduty',
    { payload: { event: { id: 'P1', event_type: 'incident.triggered' } } },
    'P1',
    'com.pagerduty.incident.triggered',
  ],
  [
    'alertmanager',
    { headers: { 'idempotency-key': 'k-1' }, payload: { status: 'firing' } },
    null,
    'com.alertmanager.firing',
  ],
  ['hmac', { headers: { 'x-id': 'i-1', 'idempotency-key': 'k-1' }, settings: { id_header: 'x-id' } }, 'i-1', 'webhook'],
  ['hmac', { headers: { 'idempotency-key': 'k-1' }, settings: { id_header: 'x-id' } }, 'k-1', 'webhook'],
  ['bearer', { headers: { 'idempotency-key': 'k-1' }, payload: { type: 'a' } }, 'k-1', 'a'],
  ['none', { headers: { 'idempotency-key': '' }, payload: { type: 'x'.repeat(201) } }, null, 'webhook'],
  ['none', { type: 'com.example.ping', payload: { type: 'a' } }, null, 'com.example.ping'],
])('%s reads who sends what: %j', (preset, sent, id, type) => {
  expect(read(preset, sent)).toMatchObject({ event_id: id, type });
});

it('inherited names are no fields of a payload', () => {
  expect(read('pagerduty', { payload: { event: 'constructor' } })).toMatchObject({ event_id: null, type: 'webhook' });
  expect(read('stripe', { payload: JSON.parse('{"__proto__":{"id":"x"}}') as Json }).event_id).toBeNull();
});

it('events keep the headers that say what has happened, and those that are asked for', () => {
  const headers = {
    ...event,
    'user-agent': 'GitHub-Hookshot',
    'content-type': 'application/json',
    'x-hub-signature-256': 'sha256=00',
    authorization: 'Bearer x',
    cookie: 'a=b',
    accept: '*/*',
    'x-region': 'e'.repeat(2_000),
  };
  const { 'x-hub-signature-256': _, authorization: __, cookie: ___, accept: ____, ...kept } = headers;
  expect(read('github', { headers, keep: ['x-region', 'x-absent'] }).headers).toEqual({
    ...kept,
    'x-region': 'e'.repeat(1_000),
  });
});

it.each([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-gitlab-token',
  'x-csrf-token',
  'x-hub-signature-256',
  'x-hub-signature',
  'stripe-signature',
  'webhook-signature',
  'svix-signature',
  'x-api-key',
  'x-client-secret',
  'x-shop-hmac-sha256',
  'x-jwt-assertion',
  'x-auth',
  'x-forwarded-client-cert',
  'x-access-key',
  'x_api_key',
  'x-passwd',
])('%s may hold a credential', (name) => {
  expect(hasSecretName(name)).toBe(true);
});

it('Slack’s check of a URL is answered, and no other one', () => {
  const check = { type: 'url_verification', challenge: 'c-1', token: 't' };
  expect(findChallenge({ preset: 'slack' }, check)).toBe('c-1');
  expect(findChallenge({ preset: 'slack' }, { ...check, challenge: 7 })).toBeNull();
  expect(findChallenge({ preset: 'slack' }, { ...check, type: 'event_callback' })).toBeNull();
  expect(findChallenge({ preset: 'none' }, check)).toBeNull();
});
