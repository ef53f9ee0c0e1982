import { randomBytes } from 'node:crypto';
import { AppError } from '../../model/app-error.ts';
import type { Issue } from '../../model/issue.ts';
import { type Principal, subjectsOf } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import { ENCODED_SECRET, type WebhookPreset } from '../../model/webhook.ts';
import type { WebhookChange, WebhookCreate } from '../../model/webhook-requests.ts';
import type { WebhookRow, WebhookStore } from '../../store/access/webhooks.ts';
import type { TriggerStore } from '../../store/rules/triggers.ts';
import { sha256Hex } from '../access/hash.ts';
import type { Sealer } from '../access/sealer.ts';
import { checkSecrets, checkWebhook, type GivenSecrets } from './checks.ts';
import type { WebhookTallies } from './tallies.ts';

/** A webhook without its key and its secrets, and what its owner should know about it. */
export type ShownWebhook = Omit<WebhookRow, 'id' | 'tenant' | 'sealed' | 'writers' | 'keyHash' | 'oldKeyHash'> & {
  warnings: Issue[];
};

/** A webhook with its new key, which is shown only once, and the secret if it was generated. */
export interface NewHook {
  webhook: ShownWebhook;
  key: string;
  secret: string | null;
}

/** Manages webhooks; callers see only those of their tenant. */
export interface WebhookService {
  /** Creates a webhook. Throws `webhook_exists`, `request_invalid`. */
  create(principal: Principal, request: WebhookCreate): Promise<NewHook>;
  /** Lists all webhooks, by name. */
  list(principal: Principal): Promise<ShownWebhook[]>;
  /** Returns a webhook. Throws `webhook_not_found`. */
  get(principal: Principal, name: string): Promise<ShownWebhook>;
  /** Changes the given fields of a webhook. Throws `webhook_not_found`, `request_invalid`. */
  change(principal: Principal, name: string, request: WebhookChange): Promise<ShownWebhook>;
  /** Deletes a webhook: its key is unknown from now on. Throws `webhook_not_found`, and `webhook_in_use` while a rule names it. */
  remove(principal: Principal, name: string): Promise<void>;
  /** Gives a webhook a new key; the old one stays valid for `keep` seconds. Throws `webhook_not_found`. */
  rotate(principal: Principal, name: string, keep: number): Promise<NewHook>;
}

/** The dependencies of the service. */
export interface WebhookDependencies {
  store: WebhookStore;
  triggers: Pick<TriggerStore, 'find'>;
  /** Encrypts secrets at rest. */
  sealer: Sealer;
  tallies: Pick<WebhookTallies, 'write'>;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

const KEY_PREFIX = 'whk_';

/** The beginning of a key that is shown to people, in characters. */
const SHOWN_KEY = KEY_PREFIX.length + 4;

/** The bytes of a key and of a generated secret. */
const RANDOM_BYTES = 32;

/** Presets whose senders make the secret themselves, mostly once they know the URL. */
const SECRET_OF_SENDER: readonly WebhookPreset[] = ['stripe', 'slack', 'pagerduty'];

/** Creates the service. */
export function createWebhookService({ store, triggers, sealer, tallies, clock }: WebhookDependencies): WebhookService {
  async function find(tenant: string, name: string): Promise<WebhookRow> {
    // Counts of this process are shown; those that cannot be written now are shown later.
    await tallies.write().catch(() => undefined);
    return demandFound(await store.find(tenant, name), name);
  }

  /** Finds what is wrong with the trigger that a webhook names. */
  async function checkTrigger(
    tenant: string,
    { type, trigger_ref: ref }: { type: string | null; trigger_ref: string | null },
  ): Promise<Issue[]> {
    if (ref === null) return [];
    const path = '/trigger_ref';
    if (type !== null) return [{ code: 'without_effect', path: '/type', message: 'has no effect with "trigger_ref"' }];
    if ((await triggers.find(tenant, ref)) !== null) return [];
    return [{ code: 'unknown_trigger', path, message: `trigger "${ref}" not found` }];
  }

  const seal = (tenant: string, name: string, secrets: readonly string[]) =>
    sealer.seal({ tenant, webhook: name, secrets: [...secrets] });

  /** Reports whether none of a webhook's secrets is among some new ones; not where they cannot be decrypted. */
  async function replacesAll({ sealed, secrets }: WebhookRow, given: readonly string[]): Promise<boolean> {
    if (secrets === 0) return false;
    const opened = await sealer.open(sealed).catch(() => null);
    const known = opened?.secrets as string[] | undefined; // what is sealed was checked
    return known !== undefined && !known.some((secret) => given.includes(secret));
  }

  return {
    async create(principal, request) {
      const { tenant } = principal;
      const { name, preset, label, type, enabled, tolerance, settings } = request;
      const { keep_headers: keepHeaders, trigger_ref: trigger } = request;
      const issues = [...checkWebhook(request), ...checkSecrets(preset, request), ...checkInsecure(request)];
      demandNone([...issues, ...(await checkTrigger(tenant, request))]);
      const given = secretsIn(request);
      const generated = given === undefined ? generateSecret(preset) : null;
      const secrets = given ?? (generated === null ? [] : [generated]);
      const { key, ...stored } = createHookKey();
      const created = await store.create({
        tenant,
        name,
        preset,
        label,
        type,
        trigger,
        enabled,
        tolerance,
        keepHeaders,
        settings,
        sealed: await seal(tenant, name, secrets),
        secrets: secrets.length,
        writers: subjectsOf(principal),
        ...stored,
      });
      if (created === null) demandNone(await checkTrigger(tenant, request));
      if (created === null) throw new AppError('webhook_exists', `webhook "${name}" already exists`);
      return { webhook: shown(created), key, secret: generated };
    },

    async list({ tenant }) {
      await tallies.write().catch(() => undefined);
      return (await store.list(tenant)).map(shown);
    },

    async get({ tenant }, name) {
      return shown(await find(tenant, name));
    },

    async change(principal, name, request) {
      const { tenant } = principal;
      const before = await find(tenant, name);
      const { preset } = before;
      const { label, type, trigger_ref: trigger, enabled, tolerance, keep_headers: keepHeaders, settings } = request;
      const wanted = {
        type: type === undefined ? before.type : type,
        trigger_ref: trigger === undefined ? before.trigger : trigger,
        settings: settings ?? before.settings,
        keep_headers: keepHeaders ?? before.keepHeaders,
      };
      const named = await checkTrigger(tenant, wanted);
      demandNone([...checkWebhook({ preset, ...wanted }), ...checkSecrets(preset, request), ...named]);
      const given = secretsIn(request);
      const sealed = given === undefined ? undefined : await seal(tenant, name, given);
      const replaced = given !== undefined && (await replacesAll(before, given)) ? before.sealed : null;
      const by = { subjects: subjectsOf(principal), replaced };
      // Another change may have happened since the webhook was read: what the request omits is not written.
      const fields = {
        label,
        type,
        trigger,
        enabled,
        tolerance,
        keepHeaders,
        settings,
        sealed,
        secrets: given?.length,
      };
      const changed = await store.change(tenant, name, by, fields);
      if (changed === null) demandNone(await checkTrigger(tenant, wanted));
      return shown(demandFound(changed, name));
    },

    async remove({ tenant }, name) {
      const removed = await store.remove(tenant, name);
      if (removed === false) throw missing(name);
      if (removed !== true) throw new AppError('webhook_in_use', `webhook "${name}" is used by the rule "${removed}"`);
    },

    async rotate(principal, name, keep) {
      const { key, keyHash, keyPrefix } = createHookKey();
      const oldUntil = keep === 0 ? null : new Date(clock() + keep * 1000);
      const replacement = { keyHash, keyPrefix, oldUntil };
      const rotated = await store.rotate(principal.tenant, name, subjectsOf(principal), replacement);
      return { webhook: shown(demandFound(rotated, name)), key, secret: null };
    },
  };
}

/** Returns the hash by which a key is found; null for a text that is not the key of any webhook. */
export function hashHookKey(key: string): string | null {
  return /^whk_[\w-]{43}$/.test(key) ? sha256Hex(key) : null;
}

function createHookKey(): { key: string; keyHash: string; keyPrefix: string } {
  const key = KEY_PREFIX + randomBytes(RANDOM_BYTES).toString('base64url');
  return { key, keyHash: sha256Hex(key), keyPrefix: key.slice(0, SHOWN_KEY) };
}

/** Generates the secret of a webhook; null where there is none, or the sender makes it. */
function generateSecret(preset: WebhookPreset): string | null {
  if (preset === 'none' || SECRET_OF_SENDER.includes(preset)) return null;
  const bytes = randomBytes(RANDOM_BYTES);
  return preset === 'standard-webhooks' ? ENCODED_SECRET + bytes.toString('base64') : bytes.toString('base64url');
}

function secretsIn({ secret, secrets }: GivenSecrets): readonly string[] | undefined {
  return secret === undefined ? secrets : [secret];
}

function checkInsecure({ preset, insecure }: WebhookCreate): Issue[] {
  if ((preset === 'none') === (insecure === true)) return [];
  if (preset !== 'none') {
    const message = `has no effect with the preset "${preset}", which verifies requests`;
    return [{ code: 'without_effect', path: '/insecure', message }];
  }
  return [
    {
      code: 'required',
      path: '/insecure',
      message: 'must be true with the preset "none": whoever has the URL can send events',
    },
  ];
}

function demandNone(issues: Issue[]): void {
  if (issues.length > 0) throw refusal('request_invalid', issues);
}

function demandFound(row: WebhookRow | null, name: string): WebhookRow {
  if (row === null) throw missing(name);
  return row;
}

function missing(name: string): AppError {
  return new AppError('webhook_not_found', `webhook "${name}" not found`);
}

function shown(row: WebhookRow): ShownWebhook {
  const { id: _, tenant: __, sealed: ___, writers: ____, keyHash: _____, oldKeyHash: ______, ...rest } = row;
  return { ...rest, warnings: warningsOf(row) };
}

function warningsOf({ preset, secrets }: Pick<WebhookRow, 'preset' | 'secrets'>): Issue[] {
  if (preset === 'none') {
    const message = 'verifies nothing: whoever has the URL can send events';
    return [{ code: 'webhook_unverified', path: '/preset', message }];
  }
  if (secrets > 0) return [];
  const message = `has no secret, so every request is refused: set the one that ${preset} shows once it has the URL`;
  return [{ code: 'secret_missing', path: '/secret', message }];
}
