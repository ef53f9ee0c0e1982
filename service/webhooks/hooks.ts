import { AppError } from '../../model/app-error.ts';
import { BoundedMap } from '../../model/bounded-map.ts';
import { webhookSource } from '../../model/events/attributes.ts';
import { isCloudEvent, type ReadCloudEvent, readBinaryEvent, readCloudEvent } from '../../model/events/cloud-events.ts';
import type { NewEvent } from '../../model/events/event.ts';
import { refusal } from '../../model/refusal.ts';
import type { HookHeaders, WebhookPreset } from '../../model/webhook.ts';
import type { WebhookRow, WebhookStore } from '../../store/access/webhooks.ts';
import { demandKey, type Sealer } from '../access/sealer.ts';
import { lookUp } from '../background/outages.ts';
import { createSharedReads } from '../background/shared-reads.ts';
import type { Intake } from '../events/intake.ts';
import { findChallenge, type HookRequest, readDelivery } from './deliveries.ts';
import type { WebhookTallies } from './tallies.ts';
import { verify } from './verification.ts';
import { hashHookKey } from './webhooks.ts';

/** The webhook to which a request was sent. */
export type Hook = Pick<
  WebhookRow,
  | 'id'
  | 'tenant'
  | 'name'
  | 'preset'
  | 'settings'
  | 'tolerance'
  | 'type'
  | 'trigger'
  | 'keepHeaders'
  | 'sealed'
  | 'writers'
>;

/** The result of a verified request: an event, or the answer to a sender who checks the URL. */
export type HookOutcome = { event: { id: number; duplicate: boolean } } | { challenge: string };

/** Takes in what other systems send to webhooks. */
export interface HookService {
  /** Finds the webhook of a key. Throws `webhook_not_found`, the same for an unknown key and a disabled webhook, and `database_unavailable`. */
  find(key: string): Promise<Hook>;
  /**
   * Verifies the bytes of a body with the secrets of a webhook, and counts a refusal. Returns the delivery id that is signed, or null. Throws `signature_invalid`, the same for every
   * reason, and `sealing_key_missing` for secrets that cannot be decrypted: only the log says why, as the sender is not authentic yet.
   */
  verify(hook: Hook, headers: HookHeaders, bytes: Uint8Array): Promise<string | null>;
  /** Records the event of a verified request. Throws what the intake throws. */
  receive(hook: Hook, request: HookRequest, contentType: string | null): Promise<HookOutcome>;
}

/** The dependencies of the service. */
export interface HookDependencies {
  store: Pick<WebhookStore, 'findByKey'>;
  sealer: Sealer;
  intake: Intake;
  tallies: Pick<WebhookTallies, 'noteEvent' | 'noteRefusal'>;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** The most webhooks whose decrypted secrets are kept in memory. */
const MOST_OPENED = 1_000;

/** Creates the service. */
export function createHookService({ store, sealer, intake, tallies, clock }: HookDependencies): HookService {
  /** Decrypted secrets by what is stored, which is another text as soon as they change. */
  const opened = new BoundedMap<string, readonly string[]>(MOST_OPENED);
  const shareKey = createSharedReads<Hook | null>();

  async function secretsOf({ tenant, name, sealed }: Hook): Promise<readonly string[]> {
    const known = opened.get(sealed);
    if (known !== undefined) return known;
    demandKey(sealer, sealed, `the webhook "${name}"`);
    const { secrets, ...place } = await sealer.open(sealed);
    if (place.tenant !== tenant || place.webhook !== name) {
      throw new AppError('token_invalid', `the secrets of the webhook "${name}" were sealed for another one`);
    }
    opened.set(sealed, secrets as string[]); // what is sealed was checked
    return secrets as string[];
  }

  return {
    async find(key) {
      const hash = hashHookKey(key);
      const find = (known: string) => shareKey(known, () => store.findByKey(known, new Date(clock())));
      const found = hash === null ? null : await lookUp(() => find(hash));
      if (found === null) throw new AppError('webhook_not_found', 'webhook not found');
      return found;
    },

    async verify(hook, headers, bytes) {
      const secrets = await secretsOf(hook).catch((cause: unknown) => {
        throw new AppError('sealing_key_missing', 'requests to this webhook cannot be verified at present', { cause });
      });
      const { refusal, id } = verify(hook, secrets, headers, bytes, clock());
      if (refusal === null) return id;
      tallies.noteRefusal(hook.id, refusal);
      throw new AppError('signature_invalid', 'the request is not authentic');
    },

    async receive(hook, request, contentType) {
      const challenge = findChallenge(hook, request.payload);
      if (challenge !== null) return { challenge };
      const { id: webhook, tenant, name, trigger, writers } = hook;
      const from = {
        tenant,
        ingress: String(webhook),
        source: webhookSource(name),
        principal: null,
        webhook: { trigger, writers },
      };
      const [accepted] = await intake.accept(from, [eventOf(hook, request, contentType)]);
      const { id, duplicate } = accepted!;
      tallies.noteEvent(webhook, id);
      return { event: { id, duplicate } };
    },
  };
}

/** Presets with which a request that is a CloudEvent is taken as one: their senders may be programs of anybody. */
const TAKES_CLOUD_EVENTS: readonly WebhookPreset[] = ['alertmanager', 'hmac', 'bearer', 'none'];

/** Builds the event of a request. Throws `request_invalid` for an invalid CloudEvent. */
function eventOf(hook: Hook, request: HookRequest, contentType: string | null): NewEvent {
  const { event_id, type, headers } = readDelivery(hook, request);
  const read = TAKES_CLOUD_EVENTS.includes(hook.preset) ? readCloudEventIn(hook, request, contentType) : null;
  if (read !== null && 'issues' in read) throw refusal('request_invalid', read.issues);
  const sent = read?.event;
  return {
    event_id: sent?.event_id ?? event_id,
    type: hook.type ?? sent?.type ?? type,
    source: sent?.source ?? webhookSource(hook.name),
    subject: sent?.subject ?? null,
    time: sent?.time ?? null,
    trigger_ref: null,
    headers,
    extensions: sent?.extensions ?? {},
    content_type: sent?.content_type ?? contentType,
    payload: sent === undefined ? request.payload : sent.payload,
    verified: hook.preset !== 'none',
    webhook: hook.name,
  };
}

/** Reads a CloudEvent in the body or in the headers of a request; null without one. */
function readCloudEventIn(
  { preset }: Hook,
  { headers, payload }: HookRequest,
  contentType: string | null,
): ReadCloudEvent | null {
  if (isCloudEvent(payload)) return readCloudEvent(payload);
  // The signature covers the body, and no header that says what has happened.
  if (preset === 'hmac') return null;
  const sent = [...headers].map(([name, values]): [string, string] => [name, values.join(', ')]);
  return readBinaryEvent(sent, { content_type: contentType, payload: payload ?? undefined });
}
