import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { WebhookNameSchema } from '../../model/rules/rule.ts';
import { SIGNATURE_REFUSALS, WEBHOOK_PRESETS } from '../../model/webhook.ts';
import {
  WebhookChangeSchema,
  WebhookCreateSchema,
  WebhookRotateSchema,
  WebhookSettingsSchema,
} from '../../model/webhook-requests.ts';
import type { NewHook, ShownWebhook, WebhookService } from '../../service/webhooks/webhooks.ts';
import type { ApiEnv } from '../http/environment.ts';
import { errorResponses, IssueSchema } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, json, jsonBody, jsonData, optionalJsonBody, SuccessSchema } from '../http/routes.ts';

// Webhooks: URLs to which other systems send events. Keys and secrets are shown only when they are made.

/** The path below which webhooks receive requests, followed by the key. */
export const HOOK_PATH = '/hooks';

/** A webhook, without its key and its secrets. */
export const WebhookSchema = z
  .object({
    name: z.string(),
    preset: z.enum(WEBHOOK_PRESETS),
    label: z.string().nullable(),
    type: z.string().nullable(),
    trigger_ref: z.string().nullable(),
    enabled: z.boolean(),
    tolerance: z.int(),
    keep_headers: z.array(z.string()),
    settings: WebhookSettingsSchema,
    secrets: z.int().describe('The number of secrets; they are never returned.'),
    key_prefix: z.string().describe('How the key begins.'),
    old_key_until: z.iso.datetime().nullable().describe('Until when the key before the last rotation is valid.'),
    last_event: z.object({ id: z.int(), at: z.iso.datetime() }).nullable().describe('The newest event.'),
    refusals: z
      .object({
        count: z.int(),
        last: z.object({ at: z.iso.datetime(), reason: z.enum(SIGNATURE_REFUSALS) }).nullable(),
      })
      .describe('The requests whose signature was refused.'),
    warnings: z.array(IssueSchema),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
  })
  .openapi('Webhook');

const KEY_FIELDS = {
  key: z.string().describe('The key in the URL; shown only here.'),
  url: z.string().describe('The URL for the sender; shown only here.'),
};
const NewWebhookSchema = WebhookSchema.extend({
  ...KEY_FIELDS,
  secret: z
    .string()
    .nullable()
    .describe('The generated secret, shown only here; null: it was given, or the sender makes it.'),
}).openapi('NewWebhook');
const RotatedSchema = WebhookSchema.extend(KEY_FIELDS).openapi('RotatedWebhook');

const Params = z.object({ name: WebhookNameSchema });
const tags = ['webhooks'];
const base = '/api/v1/webhooks';
const one = `${base}/{name}`;
const answer = (description: string) => jsonData(WebhookSchema, description);

const createWebhookRoute = createApiRoute({
  permission: 'secret:write',
  method: 'post',
  path: base,
  tags,
  summary: 'Create a webhook',
  request: { body: jsonBody(WebhookCreateSchema) },
  responses: {
    201: jsonData(NewWebhookSchema, 'The webhook with its URL.'),
    ...errorResponses('json_malformed', 'webhook_exists'),
  },
});
const listRoute = createApiRoute({
  permission: 'secret:write',
  method: 'get',
  path: base,
  tags,
  summary: 'List webhooks',
  responses: { 200: jsonData(z.array(WebhookSchema), 'All webhooks, by name.'), ...errorResponses() },
});
const getRoute = createApiRoute({
  permission: 'secret:write',
  method: 'get',
  path: one,
  tags,
  summary: 'Get a webhook',
  request: { params: Params },
  responses: { 200: answer('The webhook.'), ...errorResponses('webhook_not_found') },
});
const changeRoute = createApiRoute({
  permission: 'secret:write',
  method: 'put',
  path: one,
  tags,
  summary: 'Change a webhook',
  description: 'Fields that are omitted stay unchanged; `secrets` replaces all of them.',
  request: { params: Params, body: jsonBody(WebhookChangeSchema) },
  responses: { 200: answer('Changed.'), ...errorResponses('json_malformed', 'webhook_not_found') },
});
const deleteRoute = createApiRoute({
  permission: 'secret:write',
  method: 'delete',
  path: one,
  tags,
  summary: 'Delete a webhook that no rule names; its events stay',
  request: { params: Params },
  responses: { 200: json(SuccessSchema, 'Deleted.'), ...errorResponses('webhook_not_found', 'webhook_in_use') },
});
const rotateRoute = createApiRoute({
  permission: 'secret:write',
  method: 'post',
  path: `${one}/rotate`,
  tags,
  summary: 'Give a webhook a new key',
  description: 'The old key stays valid for `keep` seconds; one from an earlier rotation ends now.',
  request: { params: Params, body: optionalJsonBody(WebhookRotateSchema) },
  responses: {
    200: jsonData(RotatedSchema, 'The webhook with its new URL.'),
    ...errorResponses('json_malformed', 'webhook_not_found'),
  },
});

/** Registers the routes for webhooks. `publicUrl` is the URL at which people reach the API, if known. */
export function webhookRoutes(webhooks: WebhookService, publicUrl: string | undefined) {
  const router = createRouter();

  router.openapi(createWebhookRoute, async (context) => {
    const created = await webhooks.create(context.get('principal'), context.req.valid('json'));
    context.header('location', `${base}/${created.webhook.name}`);
    const { secret } = created;
    return context.json({ data: { ...bodyOf(created.webhook), ...keyOf(context, created), secret } }, 201);
  });

  router.openapi(listRoute, async (context) => {
    const found = await webhooks.list(context.get('principal'));
    return context.json({ data: found.map(bodyOf) }, 200);
  });

  router.openapi(getRoute, async (context) => {
    const { name } = context.req.valid('param');
    return context.json({ data: bodyOf(await webhooks.get(context.get('principal'), name)) }, 200);
  });

  router.openapi(changeRoute, async (context) => {
    const { name } = context.req.valid('param');
    const changed = await webhooks.change(context.get('principal'), name, context.req.valid('json'));
    return context.json({ data: bodyOf(changed) }, 200);
  });

  router.openapi(deleteRoute, async (context) => {
    const { name } = context.req.valid('param');
    await webhooks.remove(context.get('principal'), name);
    return context.json({ success: true as const, message: `Webhook '${name}' deleted` }, 200);
  });

  router.openapi(rotateRoute, async (context) => {
    const { name } = context.req.valid('param');
    const rotated = await webhooks.rotate(context.get('principal'), name, context.req.valid('json').keep);
    return context.json({ data: { ...bodyOf(rotated.webhook), ...keyOf(context, rotated) } }, 200);
  });

  return router;

  function keyOf(context: Context<ApiEnv>, { key }: NewHook): { key: string; url: string } {
    return { key, url: `${publicUrl ?? new URL(context.req.url).origin}${HOOK_PATH}/${key}` };
  }
}

function bodyOf(webhook: ShownWebhook): z.infer<typeof WebhookSchema> {
  const {
    trigger,
    keepHeaders,
    keyPrefix,
    oldKeyUntil,
    lastEvent,
    lastEventAt,
    refused,
    refusedAt,
    refusedReason,
    ...rest
  } = webhook;
  return {
    ...rest,
    trigger_ref: trigger,
    keep_headers: keepHeaders,
    key_prefix: keyPrefix,
    old_key_until: oldKeyUntil?.toISOString() ?? null,
    last_event: lastEvent === null || lastEventAt === null ? null : { id: lastEvent, at: lastEventAt.toISOString() },
    refusals: {
      count: refused,
      last:
        refusedAt === null || refusedReason === null ? null : { at: refusedAt.toISOString(), reason: refusedReason },
    },
    created: webhook.created.toISOString(),
    updated: webhook.updated.toISOString(),
  };
}
