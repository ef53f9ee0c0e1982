import { z } from '@hono/zod-openapi';
import { ReplayRequestSchema } from '../../model/events/replay.ts';
import type { PastEvents } from '../../service/events/past-events.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, IdempotencyHeaders, json, jsonData, optionalJsonBody, SuccessSchema } from '../http/routes.ts';
import { wholeNumber } from '../http/whole-number.ts';

// Recorded events are replayed and erased.

const tags = ['events'];
const path = '/api/v1/events/{id}';
const params = z.object({ id: wholeNumber(1) });

const replayRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'post',
  path: `${path}/replay`,
  tags,
  summary: 'Replay an event',
  description:
    'Records a new event with the same payload, headers and depth, which the rules of today match: all enabled ones, or those alone that the request names. The recorded event stays as it is.',
  request: {
    params,
    headers: IdempotencyHeaders,
    body: optionalJsonBody(ReplayRequestSchema),
  },
  responses: {
    202: jsonData(z.object({ id: z.int(), replay_of: z.int() }).openapi('EventReplay'), 'Stored.'),
    ...errorResponses(
      'json_malformed',
      'event_not_found',
      'rule_not_found',
      'event_erased',
      'payload_invalid',
      'idempotency_mismatch',
      'events_full',
    ),
  },
});

const eraseRoute = createApiRoute({
  permission: 'execution:admin',
  method: 'delete',
  path,
  tags,
  summary: 'Erase an event',
  description:
    'Erases the payload, the headers, the subject and the extensions. The rest of the event, its enforcements and what they have started stay.',
  request: { params },
  responses: { 200: json(SuccessSchema, 'Erased.'), ...errorResponses('event_not_found', 'enforcement_pending') },
});

/** Registers the routes that replay and erase events. */
export function pastEventRoutes(events: PastEvents) {
  const router = createRouter();

  router.openapi(replayRoute, async (context) => {
    const { id: replayed } = context.req.valid('param');
    const key = context.req.valid('header')['idempotency-key'];
    const id = await events.replay(context.get('principal'), replayed, context.req.valid('json') ?? {}, key);
    context.header('Location', `/api/v1/events/${id}`);
    return context.json({ data: { id, replay_of: replayed } }, 202);
  });

  router.openapi(eraseRoute, async (context) => {
    await events.erase(context.get('principal'), context.req.valid('param').id);
    return context.json({ success: true as const, message: 'Erased.' }, 200);
  });

  return router;
}
