/** How the requests of a webhook are verified and read, by the name of who sends them or of the scheme. */
export const WEBHOOK_PRESETS = [
  'standard-webhooks',
  'github',
  'gitlab',
  'stripe',
  'slack',
  'pagerduty',
  'alertmanager',
  'hmac',
  'bearer',
  'none',
] as const;

/** How the requests of a webhook are verified and read. */
export type WebhookPreset = (typeof WEBHOOK_PRESETS)[number];

/** Why a signature is refused. Senders are not told; the owner of the webhook is. */
export const SIGNATURE_REFUSALS = ['missing_header', 'malformed', 'stale', 'mismatch'] as const;

/** Why a signature is refused: a header is absent, cannot be read, has an old or future time, or no secret matches. */
export type SignatureRefusal = (typeof SIGNATURE_REFUSALS)[number];

/** The contents over which the signature of the preset `hmac` may be computed. */
export const SIGNED_CONTENTS = ['body', 'timestamp.body', 'id.timestamp.body'] as const;

/** The settings of the presets `hmac` and `bearer`; names of headers are in lower case. */
export interface WebhookSettings {
  /** The header with the signature, or the token if it is not in `Authorization`. */
  header?: string | undefined;
  /** The text before the signature. */
  prefix?: string | undefined;
  algorithm?: 'sha256' | 'sha512' | undefined;
  encoding?: 'hex' | 'base64' | undefined;
  signed?: (typeof SIGNED_CONTENTS)[number] | undefined;
  /** The header with the time of the request, in seconds since 1970. */
  timestamp_header?: string | undefined;
  /** The header with the id of the delivery. */
  id_header?: string | undefined;
}

/** How requests are verified: the preset, its settings, and the seconds by which a time may differ from ours. */
export interface WebhookScheme {
  preset: WebhookPreset;
  settings: WebhookSettings;
  tolerance: number;
}

/** The headers of a request: names in lower case, and each value that was sent. */
export type HookHeaders = ReadonlyMap<string, readonly string[]>;

/** The prefix of secrets that are keys in base64, as in Standard Webhooks. */
export const ENCODED_SECRET = 'whsec_';
