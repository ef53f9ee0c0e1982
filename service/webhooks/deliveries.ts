import { isEventType } from '../../model/events/attributes.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import type { HookHeaders, WebhookPreset, WebhookSettings } from '../../model/webhook.ts';

/** A verified request: its headers and its parsed body. */
export interface HookRequest {
  headers: HookHeaders;
  /** The delivery id that its signature proves; null: that of no header is proven. */
  signedId: string | null;
  payload: Json;
}

/** The type of an event whose request does not say what has happened. */
const PLAIN_TYPE = 'webhook';

/** The most characters of a header that is kept, and of the sender's id. */
const MAX_HEADER = 1_000;
const MAX_ID = 500;

/** Headers that every event keeps. */
const ALWAYS_KEPT = ['user-agent', 'content-type'];

/** How a preset reads requests. */
interface Reading {
  /** Returns the sender's id of a delivery. */
  id: (request: HookRequest, settings: WebhookSettings) => unknown;
  /** Returns what has happened: parts of the type, in order. The type is plain if one of them is missing. */
  type: (request: HookRequest) => unknown[];
  /** Headers that say what has happened, which events keep. */
  headers: readonly string[];
}

const ID_HEADER = 'idempotency-key';
const fromHeader = (name: string) => (request: HookRequest) => headerOf(request, name);
const plain: Pick<Reading, 'type' | 'headers'> = { type: ({ payload }) => [at(payload, 'type')], headers: [] };

const READINGS: Record<WebhookPreset, Reading> = {
  'standard-webhooks': {
    id: (request) => headerOf(request, 'webhook-id') ?? headerOf(request, 'svix-id'),
    type: plain.type,
    headers: ['webhook-id', 'webhook-timestamp', 'svix-id', 'svix-timestamp'],
  },
  github: {
    id: fromHeader('x-github-delivery'),
    type: (request) => {
      const action = at(request.payload, 'action');
      return ['com.github', headerOf(request, 'x-github-event'), ...(typeof action === 'string' ? [action] : [])];
    },
    headers: ['x-github-event', 'x-github-delivery', 'x-github-hook-id'],
  },
  gitlab: {
    // Hooks that cause each other share an X-Gitlab-Event-UUID.
    id: fromHeader(ID_HEADER),
    type: ({ payload }) => ['com.gitlab', at(payload, 'object_kind')],
    headers: ['x-gitlab-event', 'x-gitlab-instance', 'x-gitlab-event-uuid', ID_HEADER],
  },
  stripe: {
    id: ({ payload }) => at(payload, 'id'),
    type: ({ payload }) => ['com.stripe', at(payload, 'type')],
    headers: [],
  },
  slack: {
    id: ({ payload }) => at(payload, 'event_id'),
    type: ({ payload }) => ['com.slack', at(payload, 'event', 'type') ?? at(payload, 'type') ?? at(payload, 'command')],
    headers: ['x-slack-retry-num', 'x-slack-retry-reason'],
  },
  pagerduty: {
    id: ({ payload }) => at(payload, 'event', 'id'),
    type: ({ payload }) => ['com.pagerduty', at(payload, 'event', 'event_type')],
    headers: ['x-webhook-id', 'x-webhook-subscription'],
  },
  alertmanager: {
    id: () => null,
    type: ({ payload }) => ['com.alertmanager', at(payload, 'status')],
    headers: [],
  },
  hmac: {
    id: (request, { id_header: name = ID_HEADER }) => headerOf(request, name) ?? headerOf(request, ID_HEADER),
    type: plain.type,
    headers: [ID_HEADER],
  },
  bearer: { id: fromHeader(ID_HEADER), type: plain.type, headers: [ID_HEADER] },
  none: { id: fromHeader(ID_HEADER), type: plain.type, headers: [ID_HEADER] },
};

/** The fields of a webhook that decide how its requests are read. */
export interface ReadWebhook {
  preset: WebhookPreset;
  settings: WebhookSettings;
  /** The type of all its events; null: as the preset reads it. */
  type: string | null;
  keepHeaders: readonly string[];
}

/** The part of an event that its request decides. */
export interface HookDelivery {
  /** The sender's id; null where it gives none that an event could have. */
  event_id: string | null;
  type: string;
  /** The headers that the event keeps. */
  headers: Record<string, string>;
}

/** Reads what a verified request says about its event. Pure. */
export function readDelivery({ preset, settings, type, keepHeaders }: ReadWebhook, request: HookRequest): HookDelivery {
  const reading = READINGS[preset];
  const id = request.signedId ?? reading.id(request, settings);
  const names = [...ALWAYS_KEPT, ...reading.headers, ...keepHeaders];
  const kept = names.flatMap((name) => {
    const value = headerOf(request, name);
    return value === undefined ? [] : [[name, value.slice(0, MAX_HEADER)] as const];
  });
  return {
    event_id: typeof id === 'string' && isId(id) ? id : null,
    type: type ?? joinType(reading.type(request)),
    headers: Object.fromEntries(kept),
  };
}

/** Returns the text with which Slack checks who owns a URL; null for any other request. */
export function findChallenge({ preset }: Pick<ReadWebhook, 'preset'>, payload: Json): string | null {
  const challenge = preset === 'slack' && at(payload, 'type') === 'url_verification' ? at(payload, 'challenge') : null;
  return typeof challenge === 'string' ? challenge : null;
}

/** Reports whether events may keep a header without being asked to, or read it as an attribute. */
export function hasPublicName(name: string): boolean {
  return ALWAYS_KEPT.includes(name) || name === ID_HEADER || name.startsWith('ce-');
}

// cspell:ignore passw

/** Reports whether a header of this name may hold a credential or a signature. */
export function hasSecretName(name: string): boolean {
  return /auth|cookie|token|signature|hmac|jwt|secret|passw|(api|access)[-_]?key|client-cert|credential/.test(name);
}

function joinType(parts: readonly unknown[]): string {
  // An object with a key toString cannot be joined.
  if (!parts.every((part) => typeof part === 'string' && part !== '')) return PLAIN_TYPE;
  const type = parts.join('.');
  return isEventType(type) ? type : PLAIN_TYPE;
}

function isId(text: string): boolean {
  return text !== '' && text.length <= MAX_ID && text.isWellFormed() && !/\p{Cc}/u.test(text);
}

/** Returns the values of a header as one text; undefined without the header. */
function headerOf({ headers }: HookRequest, name: string): string | undefined {
  const values = headers.get(name);
  return values === undefined ? undefined : [...new Set(values)].join(', ');
}

/** Returns the value at own keys of a payload, one inside the other; undefined if there is none. */
function at(payload: Json, ...keys: string[]): Json | undefined {
  let value: Json | undefined = payload;
  for (const key of keys) value = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value;
}
