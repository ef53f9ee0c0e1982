import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { AppError } from '../../model/app-error.ts';
import { JsonValueSchema } from '../../model/json-value.ts';
import type { HookHeaders } from '../../model/webhook.ts';
import { createInFlight } from '../../service/starts/in-flight.ts';
import { WEBHOOK_OWNER, workFor } from '../../service/starts/work-owner.ts';
import type { Hook, HookService } from '../../service/webhooks/hooks.ts';
import { HOOK_PATH } from '../admin/webhooks.ts';
import { readRawBody } from '../http/body.ts';
import { type AddressGuard, addressOf } from '../http/callers/addresses.ts';
import type { ApiEnv } from '../http/environment.ts';
import { answerError, errorResponses } from '../http/errors.ts';
import { noteRoute } from '../http/middleware.ts';
import { createRouter } from '../http/router.ts';
import { descriptionOf, jsonBody, jsonData } from '../http/routes.ts';
import { parseHookBody } from './hook-bodies.ts';

// The requests of other systems to webhooks. The key in the path decides whose event it is, and the signature whether it counts: no key of the
// API, cookie or tenant header means anything here. Nothing of a request is parsed before its bytes are verified.

/** The largest body, in bytes. */
const MAX_HOOK_BODY = 1024 * 1024;

/** The most requests of one tenant, and to one webhook, that are in progress, each of which may hold a body. */
const MAX_IN_PROGRESS = 200;
const MAX_OF_WEBHOOK = 50;

/** Seconds after which a sender may try again. */
const RETRY_AFTER = 1;

const PATH = `${HOOK_PATH}/{key}`;
const METHODS = 'POST, OPTIONS';

const hookRoute = createRoute({
  method: 'post',
  path: PATH,
  tags: ['webhooks'],
  summary: 'Send an event to a webhook',
  description:
    'For other systems. The key is in the URL; the signature is verified as the preset of the webhook says. The body is JSON, a form, text or empty. Slack’s check of the URL is answered with its challenge.',
  security: [],
  request: {
    params: z.object({ key: z.string() }),
    body: jsonBody(JsonValueSchema.describe('Whatever the sender sends.')),
  },
  responses: {
    200: { description: 'The challenge with which Slack checks the URL.' },
    202: jsonData(
      z.object({ id: z.int(), duplicate: z.boolean().describe('Whether this delivery was taken before.') }),
      'The event is recorded.',
    ),
    ...errorResponses(
      'webhook_not_found',
      'signature_invalid',
      'type_reserved',
      'events_full',
      'json_malformed',
      'request_timeout',
      'body_too_large',
      'unsupported_media_type',
    ),
  },
});

/** Registers the route to which other systems send events; `rate` is the most requests of a webhook per second, 0 any number; `guard` limits unknown keys by address, null does not. */
export function hookRoutes(hooks: HookService, rate: number, guard: AddressGuard | null) {
  const router = createRouter();
  const limitRate = createRateLimit(rate);
  const enter = createInFlight(MAX_IN_PROGRESS);
  const enterWebhook = createInFlight(MAX_OF_WEBHOOK);
  const note = noteRoute(PATH);

  router.openAPIRegistry.registerPath(descriptionOf(hookRoute));

  router.all(`${HOOK_PATH}/:key`, note, async (context) => {
    const { method } = context.req;
    if (method === 'POST') return receive(context, context.req.param('key'));
    context.header('allow', METHODS);
    if (method === 'OPTIONS') return context.body(null, 204);
    return answerError(
      context,
      new AppError('method_not_allowed', `webhooks do not support ${method}: use ${METHODS}`),
    );
  });
  // A key has no slash.
  router.all(`${HOOK_PATH}/*`, note, (context) =>
    answerError(context, new AppError('webhook_not_found', 'webhook not found')),
  );

  async function receive(context: Context<ApiEnv>, key: string): Promise<Response> {
    const find = () => workFor(WEBHOOK_OWNER, () => hooks.find(key));
    const hook = await (guard === null ? find() : guard.lookUp(addressOf(context), key, find));
    await limitRate(hook);
    // First the webhook: one URL must not use up the places of its tenant.
    const leaveWebhook = enterWebhook(String(hook.id));
    if (leaveWebhook === null) throw limited(`this webhook has ${MAX_OF_WEBHOOK} requests in progress`);
    try {
      return await takeWithinTenant(context, hook);
    } finally {
      leaveWebhook();
    }
  }

  async function takeWithinTenant(context: Context<ApiEnv>, hook: Hook): Promise<Response> {
    const leave = enter(hook.tenant);
    if (leave === null) throw limited(`this tenant has ${MAX_IN_PROGRESS} requests to webhooks in progress`);
    try {
      return await workFor(hook.tenant, () => take(context, hook));
    } finally {
      leave();
    }
  }

  async function take(context: Context<ApiEnv>, hook: Hook): Promise<Response> {
    const bytes = await readRawBody(context, MAX_HOOK_BODY);
    const headers = headersOf(context);
    const signedId = await hooks.verify(hook, headers, bytes);
    const payload = await parseHookBody(context, hook.tenant, bytes);
    const contentType = context.req.header('content-type') ?? null;
    const outcome = await hooks.receive(hook, { headers, signedId, payload }, contentType);
    if ('challenge' in outcome) return context.json({ challenge: outcome.challenge }, 200);
    return context.json({ data: outcome.event }, 202);
  }

  return router;
}

function createRateLimit(rate: number): (hook: Hook) => Promise<void> {
  if (rate < 1) return async () => {};
  const limiter = new RateLimiterMemory({ points: rate, duration: 1 });
  return async ({ id }) => {
    const isOver = await limiter.consume(id).then(
      () => false,
      () => true,
    );
    if (isOver) throw limited(`more than ${rate} requests per second to this webhook`);
  };
}

function limited(message: string): AppError {
  return new AppError('rate_limited', message, { retryAfter: RETRY_AFTER });
}

/** Returns the headers of a request with each value that was sent; only the request of Node has them apart. */
function headersOf({ env, req }: Context<ApiEnv>): HookHeaders {
  const sent = env?.incoming?.headersDistinct;
  if (sent === undefined) return new Map([...req.raw.headers].map(([name, value]) => [name, [value]]));
  return new Map(Object.entries(sent).map(([name, values = []]) => [name, values]));
}
