import { z } from 'zod';
import { InstantSchema } from '../instant.ts';
import { JsonValueSchema } from '../json-value.ts';
import { CloudEventSchema } from './cloud-events.ts';
import type { NewEvent } from './event.ts';

/** An event in the short form of POST /api/v1/events. */
export const PostedEventSchema = z.strictObject({
  type: z.string().describe('1 to 200 visible ASCII characters without `*`; not beginning with `io.fermata.`.'),
  payload: JsonValueSchema.optional().describe('Any JSON value. Defaults to null.'),
  source: z.string().optional().describe('Where it comes from. Defaults to `/principals/<subject>`.'),
  subject: z.string().nullish().describe('What it is about.'),
  event_id: z
    .string()
    .nullish()
    .describe(
      'The id of the event: a second one with the same id and source is a duplicate. Defaults to the `Idempotency-Key`, or to a new UUID.',
    ),
  time: InstantSchema.nullish().describe('When it happened.'),
});

/** An event in the short form. */
export type PostedEvent = z.infer<typeof PostedEventSchema>;

/** The body of POST /api/v1/events: the short form, or a CloudEvent in the JSON format. */
export const PostedEventsSchema = z.union([PostedEventSchema, CloudEventSchema]);

/** The most events of one request. */
export const MAX_BATCH = 500;

/** Makes the event of the short form, whose defaults depend on the caller and the request. */
export function newPostedEvent(
  { type, payload = null, source, subject, event_id, time }: PostedEvent,
  defaults: { event_id: string | null; source: string },
): NewEvent {
  return {
    event_id: event_id ?? defaults.event_id,
    type,
    source: source ?? defaults.source,
    subject: subject ?? null,
    time: time ?? null,
    trigger_ref: null,
    headers: {},
    extensions: {},
    content_type: payload === null ? null : 'application/json',
    payload,
    verified: true,
    webhook: null,
  };
}
