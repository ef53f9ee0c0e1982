import { z } from 'zod';
import { RefSchema } from './definition.ts';
import { LabelSchema } from './request-fields.ts';
import { WebhookNameSchema } from './rules/rule.ts';
import { SIGNED_CONTENTS, WEBHOOK_PRESETS } from './webhook.ts';

/** The bounds of the seconds by which the time of a request may differ from ours, and the seconds unless a webhook says otherwise. */
const TOLERANCE = { least: 30, most: 3_600, usual: 300 };

/** The most seconds for which the key before a rotation is valid: a week. */
const LONGEST_KEPT = 604_800;

/** The most headers that a webhook keeps in addition to those that it always keeps. */
const MOST_KEPT_HEADERS = 20;

/** The name of a header, in lower case. */
const HeaderSchema = z
  .string()
  .toLowerCase()
  .regex(/^[a-z\d!#$%&'*+.^_`|~-]{1,100}$/, 'must be the name of a header');

const SecretSchema = z.string().min(8).max(512);

/** The settings of the presets `hmac` and `bearer`. */
export const WebhookSettingsSchema = z.strictObject({
  header: HeaderSchema.optional().describe(
    'Required by `hmac`: the header with the signature. For `bearer`: the header with the token, instead of `Authorization`.',
  ),
  prefix: z.string().max(50).optional().describe('For `hmac`: the text before the signature, such as `sha256=`.'),
  algorithm: z.enum(['sha256', 'sha512']).optional().describe('Required by `hmac`.'),
  encoding: z.enum(['hex', 'base64']).optional().describe('Required by `hmac`.'),
  signed: z.enum(SIGNED_CONTENTS).optional().describe('Required by `hmac`: what the signature is computed over.'),
  timestamp_header: HeaderSchema.optional().describe(
    'For `hmac`: the header with the signed time, in seconds since 1970.',
  ),
  id_header: HeaderSchema.optional().describe('For `hmac`: the header with the id of the delivery.'),
});

/** The fields that can be changed. */
const FIELDS = {
  label: LabelSchema.nullable(),
  type: z.string().nullable().describe('The type of its events, instead of the one that the preset reads.'),
  trigger_ref: RefSchema.nullable().describe('The trigger whose type all its events have.'),
  enabled: z.boolean(),
  tolerance: z
    .int()
    .min(TOLERANCE.least)
    .max(TOLERANCE.most)
    .describe('Seconds by which the signed time of a request may differ from ours.'),
  keep_headers: z
    .array(HeaderSchema)
    .max(MOST_KEPT_HEADERS)
    .describe(
      'Headers of requests that events keep, in addition to `user-agent`, `content-type` and those of the preset.',
    ),
  settings: WebhookSettingsSchema.describe('Only for the presets `hmac` and `bearer`.'),
};

const SECRETS = {
  secret: SecretSchema.optional().describe('The secret that the sender has, too.'),
  secrets: z.array(SecretSchema).min(1).max(2).optional().describe('One or two secrets, any of which may match.'),
};

/** The body of POST /api/v1/webhooks. */
export const WebhookCreateSchema = z.strictObject({
  name: WebhookNameSchema,
  preset: z.enum(WEBHOOK_PRESETS).describe('How requests are verified and read.'),
  ...SECRETS,
  label: FIELDS.label.default(null),
  type: FIELDS.type.default(null),
  trigger_ref: FIELDS.trigger_ref.default(null),
  enabled: FIELDS.enabled.default(true),
  tolerance: FIELDS.tolerance.default(TOLERANCE.usual),
  keep_headers: FIELDS.keep_headers.default([]),
  settings: FIELDS.settings.default({}),
  insecure: z.literal(true).optional().describe('Required by the preset `none`, which verifies nothing.'),
});

/** The body of PUT /api/v1/webhooks/{name}: what is omitted stays unchanged. */
export const WebhookChangeSchema = z.strictObject({
  ...SECRETS,
  label: FIELDS.label.optional(),
  type: FIELDS.type.optional(),
  trigger_ref: FIELDS.trigger_ref.optional(),
  enabled: FIELDS.enabled.optional(),
  tolerance: FIELDS.tolerance.optional(),
  keep_headers: FIELDS.keep_headers.optional(),
  settings: FIELDS.settings.optional(),
});

/** The body of POST /api/v1/webhooks/{name}/rotate. */
export const WebhookRotateSchema = z.strictObject({
  keep: z.int().min(0).max(LONGEST_KEPT).default(0).describe('Seconds for which the old key stays valid.'),
});

/** A request for a new webhook. */
export type WebhookCreate = z.output<typeof WebhookCreateSchema>;

/** A request to change a webhook; absent fields stay unchanged. */
export type WebhookChange = z.output<typeof WebhookChangeSchema>;
