import { isEventType } from '../../model/events/attributes.ts';
import { isReservedType } from '../../model/events/type-pattern.ts';
import type { Issue } from '../../model/issue.ts';
import { ENCODED_SECRET, type WebhookPreset, type WebhookSettings } from '../../model/webhook.ts';
import { hasPublicName, hasSecretName } from './deliveries.ts';
import { isBase64 } from './standard-signatures.ts';

/** The fields of a webhook that depend on each other. */
export interface CheckedWebhook {
  preset: WebhookPreset;
  settings: WebhookSettings;
  type: string | null;
  keep_headers: readonly string[];
}

/** The secrets in a request, in either field. */
export interface GivenSecrets {
  secret?: string | undefined;
  secrets?: readonly string[] | undefined;
}

/** The settings of each preset that has some: those that it requires, and those that it may have. */
const SETTINGS: Partial<
  Record<WebhookPreset, { required: (keyof WebhookSettings)[]; optional: (keyof WebhookSettings)[] }>
> = {
  hmac: {
    required: ['header', 'algorithm', 'encoding', 'signed'],
    optional: ['prefix', 'timestamp_header', 'id_header'],
  },
  bearer: { required: [], optional: ['header'] },
};

/** Presets whose requests have the secret itself in a header. */
const TOKENS: readonly WebhookPreset[] = ['gitlab', 'alertmanager', 'bearer'];

/** The fewest bytes of a key in base64. */
const LEAST_KEY = 16;

/** Finds everything that is wrong with a webhook whose fields have the right shapes; paths begin at the body of a request. */
export function checkWebhook(webhook: CheckedWebhook): Issue[] {
  const { settings, type, keep_headers: kept } = webhook;
  const issues = checkSettings(webhook);
  if (settings.header !== undefined && hasPublicName(settings.header)) {
    issues.push(invalid('/settings/header', `events keep "${settings.header}", so it must not hold a credential`));
  }
  if (type !== null && !isEventType(type)) {
    issues.push(invalid('/type', 'must be 1 to 200 visible ASCII characters without "*"'));
  } else if (type !== null && isReservedType(type)) {
    issues.push({ code: 'type_reserved', path: '/type', message: 'begins as the types of Fermata itself do' });
  }
  for (const [index, name] of kept.entries()) {
    if (name === settings.header || hasSecretName(name)) {
      issues.push(invalid(`/keep_headers/${index}`, `"${name}" may hold a credential, which events never keep`));
    }
  }
  return issues;
}

function checkSettings({ preset, settings }: CheckedWebhook): Issue[] {
  const { required, optional } = SETTINGS[preset] ?? { required: [], optional: [] };
  const { signed } = settings;
  const demanded = [
    ...required,
    ...(signed === undefined || signed === 'body' ? [] : (['timestamp_header'] as const)),
    ...(signed === 'id.timestamp.body' ? (['id_header'] as const) : []),
  ];
  const missing = demanded.filter((name) => required.length > 0 && settings[name] === undefined);
  const known: string[] = [...required, ...optional];
  const idle = Object.keys(settings).filter((name) => !known.includes(name));
  // A time that is not signed proves nothing.
  const isUnsigned = known.includes('timestamp_header') && signed === 'body' && settings.timestamp_header !== undefined;
  return [
    ...missing.map((name) => ({ code: 'required', path: `/settings/${name}`, message: 'is required' })),
    ...idle.map((name) => withoutEffect(`/settings/${name}`, `has no effect with the preset "${preset}"`)),
    ...(isUnsigned
      ? [withoutEffect('/settings/timestamp_header', 'has no effect where the body alone is signed')]
      : []),
  ];
}

/** Finds what is wrong with the secrets that a request gives a webhook. */
export function checkSecrets(preset: WebhookPreset, { secret, secrets = [] }: GivenSecrets): Issue[] {
  const given = [
    ...(secret === undefined ? [] : [{ path: '/secret', value: secret }]),
    ...secrets.map((value, index) => ({ path: `/secrets/${index}`, value })),
  ];
  const [first] = given;
  if (first === undefined) return [];
  if (preset === 'none') return [withoutEffect(first.path, 'has no effect with the preset "none"')];
  const both =
    secret !== undefined && secrets.length > 0 ? [withoutEffect('/secret', 'has no effect with "secrets"')] : [];
  return [
    ...both,
    ...given.flatMap(({ path, value }) => {
      const fault = faultOf(preset, value);
      return fault === null ? [] : [invalid(path, fault)];
    }),
  ];
}

function faultOf(preset: WebhookPreset, secret: string): string | null {
  const isKey = preset === 'standard-webhooks' || (preset === 'gitlab' && secret.startsWith(ENCODED_SECRET));
  if (isKey) {
    const key = secret.slice(ENCODED_SECRET.length);
    const isValid =
      secret.startsWith(ENCODED_SECRET) && isBase64(key) && Buffer.from(key, 'base64').length >= LEAST_KEY;
    return isValid ? null : `must be "${ENCODED_SECRET}" and at least ${LEAST_KEY} bytes in base64`;
  }
  if (TOKENS.includes(preset)) return /^[!-~]+$/.test(secret) ? null : 'must be visible ASCII characters';
  return /\p{Cc}/u.test(secret) ? 'must not contain control characters' : null;
}

function invalid(path: string, message: string): Issue {
  return { code: 'value_invalid', path, message };
}

function withoutEffect(path: string, message: string): Issue {
  return { code: 'without_effect', path, message };
}
