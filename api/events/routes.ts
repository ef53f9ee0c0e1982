import { z } from '@hono/zod-openapi';
import { principalSource } from '../../model/events/attributes.ts';
import { writeCloudEvent } from '../../model/events/cloud-events.ts';
import { API_INGRESS, EventRecordSchema, EventSummarySchema } from '../../model/events/event.ts';
import { PostedEventsSchema } from '../../model/events/requests.ts';
import { EVENT_STATES } from '../../model/events/states.ts';
import { InstantSchema } from '../../model/instant.ts';
import { EventPatternSchema } from '../../model/rules/patterns.ts';
import { isStorableText, NOT_STORABLE } from '../../model/text.ts';
import type { EventLists } from '../../service/events/event-lists.ts';
import type { Intake } from '../../service/events/intake.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, IdempotencyHeaders, json, jsonData } from '../http/routes.ts';
import { wholeNumber } from '../http/whole-number.ts';
import { LIST_PAGE, listPageBody, listPart, listQuery } from './list-pages.ts';
import { BATCH, readPostedEvents, STRUCTURED } from './requests.ts';

// Events: what has happened outside, and how runs have ended.

const tags = ['events'];
const base = '/api/v1/events';

const SummarySchema = z.object(EventSummarySchema.shape).openapi('EventSummary');
const RecordSchema = z.object(EventRecordSchema.shape).openapi('Event');

const AcceptedSchema = z
  .object({
    id: z.int(),
    event_id: z.string(),
    type: z.string(),
    source: z.string(),
    duplicate: z.boolean().describe('Whether an event with this id and source was recorded before: `id` is its id.'),
  })
  .openapi('AcceptedEvent');

/** The bodies of a request, as JSON Schema: the handler reads and checks them. */
const posted = { schema: z.toJSONSchema(PostedEventsSchema, { io: 'input' }) as object };

const postRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'post',
  path: base,
  tags,
  summary: 'Post events',
  description: `One event in the short form, or as a CloudEvent: as \`${STRUCTURED}\`, or in headers (\`ce-specversion\` and the others) with the payload as the body. \`${BATCH}\` posts 1 to 500 CloudEvents, all or none. A payload that the schema of its trigger refuses is \`payload_invalid\`. The answer follows once the events are stored.`,
  readsBody: true,
  request: {
    headers: IdempotencyHeaders,
    body: { required: true, content: { 'application/json': posted, [STRUCTURED]: posted, [BATCH]: posted } },
  },
  responses: {
    202: jsonData(
      z.union([AcceptedSchema, z.array(AcceptedSchema)]),
      'Stored: what has become of the event, or for a list of each event in its order.',
    ),
    ...errorResponses(
      'type_reserved',
      'payload_invalid',
      'events_full',
      'json_malformed',
      'unsupported_media_type',
      'body_too_large',
    ),
  },
});

const text = () => z.string().min(1).max(500).refine(isStorableText, NOT_STORABLE).optional();
const Instant = InstantSchema.transform((value) => new Date(value));

const listRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: base,
  tags,
  summary: 'List events, newest first',
  description: 'Without payloads, headers and extensions.',
  request: {
    query: listQuery({
      type: EventPatternSchema.optional().describe(
        'A type; `com.example.*` stands for all that begin with `com.example.`.',
      ),
      source: text(),
      subject: text(),
      event_id: text(),
      trigger_ref: text(),
      webhook: text(),
      state: z.enum(EVENT_STATES).optional(),
      matched: z.enum(['true', 'false']).optional().describe('Whether it has enforcements.'),
      replay_of: wholeNumber(1).optional(),
      execution: wholeNumber(0).optional().describe('The integer id of an execution.'),
      received_after: Instant.optional().describe('ISO 8601 with a time zone: received at or after this time.'),
      received_before: Instant.optional().describe('ISO 8601 with a time zone: received before this time.'),
    }),
  },
  responses: {
    200: json(z.object({ data: z.array(SummarySchema), ...LIST_PAGE }).openapi('EventList'), 'A page of events.'),
    ...errorResponses(),
  },
});

const getRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/{id}`,
  tags,
  summary: 'Get an event',
  description: `With \`Accept: ${STRUCTURED}\`, as a CloudEvent.`,
  request: { params: z.object({ id: wholeNumber(1) }) },
  responses: {
    200: jsonData(RecordSchema, 'The event.'),
    ...errorResponses('event_not_found'),
  },
});

/** Registers the routes for events. */
export function eventRoutes(intake: Intake, lists: EventLists) {
  const router = createRouter();

  router.openapi(postRoute, async (context) => {
    const { events, isBatch } = await readPostedEvents(context, context.req.valid('header')['idempotency-key']);
    const { tenant, subject: principal, onBehalfOf } = context.get('principal');
    const source = principalSource(principal);
    const from = { tenant, ingress: API_INGRESS, source, principal, onBehalfOf, isBatch };
    const accepted = await intake.accept(from, events);
    // Events are their own record.
    context.set('audited', true);
    if (isBatch) return context.json({ data: [...accepted] }, 202);
    const data = accepted[0]!;
    context.header('Location', `${base}/${data.id}`);
    return context.json({ data }, 202);
  });

  router.openapi(listRoute, async (context) => {
    const { page: _, per_page: __, limit: ___, cursor: ____, matched, ...filters } = context.req.valid('query');
    const part = listPart(context.req.valid('query'));
    const filter = { ...filters, matched: matched === undefined ? undefined : matched === 'true' };
    const page = await lists.list(context.get('principal'), filter, part.window);
    return context.json(listPageBody(page.rows, page, part), 200);
  });

  router.openapi(getRoute, async (context) => {
    const event = await lists.get(context.get('principal'), context.req.valid('param').id);
    if (!accepts(context.req.header('accept'), STRUCTURED)) return context.json({ data: event }, 200);
    return context.body(JSON.stringify(writeCloudEvent(event)), 200, { 'content-type': STRUCTURED }) as never;
  });

  return router;
}

/** Reports whether an Accept header names a media type. */
function accepts(header: string | undefined, type: string): boolean {
  return (header ?? '').split(',').some((each) => each.split(';', 1)[0]!.trim().toLowerCase() === type);
}
