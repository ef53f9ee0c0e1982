import { z } from 'zod';
import type { Json } from '../json.ts';
import { JsonValueSchema } from '../json-value.ts';
import { EVENT_STATES } from './states.ts';

/** The ingress of events that were posted to the API; that of all others is the integer id of their webhook. */
export const API_INGRESS = 'api';

/** The value of an extension attribute of CloudEvents. */
export type EventExtension = string | number | boolean;

/** The fields of an event that lists show. */
const SUMMARY = {
  id: z.int(),
  event_id: z.string().describe("The sender's id, or a UUID where the sender has given none."),
  type: z.string(),
  source: z.string(),
  subject: z.string().nullable(),
  time: z.string().nullable().describe("The sender's time, as it was sent; null without one."),
  trigger_ref: z.string().nullable(),
  webhook: z.string().nullable().describe('The name of the webhook through which it came; null: through the API.'),
  verified: z.boolean().describe('False for an event of a webhook that verifies nothing.'),
  content_type: z.string().nullable().describe('The content type of the payload; null without one.'),
  payload_bytes: z.int().describe('The size of the payload as JSON.'),
  state: z.enum(EVENT_STATES),
  matches: z.int().describe('The number of its enforcements.'),
  depth: z.int().describe('The number of rules between the event and the outside.'),
  replay_of: z.int().nullable().describe('The id of the event that it replays.'),
  execution: z.int().nullable().describe('The id of the execution that a lifecycle event is about.'),
  principal: z.string().nullable().describe('The subject that has posted it.'),
  received: z.iso.datetime(),
  erased: z.iso.datetime().nullable().describe('When its payload, headers and subject were erased.'),
};

/** An event as lists show it. */
export const EventSummarySchema = z.object(SUMMARY);

/** An event as it is recorded: the attributes of CloudEvents 1.0, its payload, and what became of it. */
export const EventRecordSchema = z.object({
  ...SUMMARY,
  headers: z.record(z.string(), z.string()).describe('Headers of the request that webhooks keep; names in lower case.'),
  extensions: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .describe('Extension attributes of CloudEvents.'),
  payload: JsonValueSchema,
  issues: z
    .array(z.object({ code: z.string(), path: z.string(), message: z.string() }))
    .describe('Why the schema of its trigger refuses the payload of an invalid event.'),
});

/** An event as lists show it. */
export type EventSummary = z.infer<typeof EventSummarySchema>;

/** A recorded event. */
export type EventRecord = z.infer<typeof EventRecordSchema>;

/** An event as the templates of rules see it: without what became of it and who has posted it. */
export type TemplateEvent = Omit<EventRecord, 'state' | 'issues' | 'matches' | 'principal' | 'erased'>;

/** An event that an ingress hands over to be recorded. */
export interface NewEvent {
  /** The sender's id; null: one is minted, so that the event is no duplicate of any other. */
  event_id: string | null;
  type: string;
  source: string;
  subject: string | null;
  /** The sender's time in ISO 8601 with a time zone. */
  time: string | null;
  /** The ref of the trigger that declares its type. */
  trigger_ref: string | null;
  /** The headers of the request that are kept; names in lower case. */
  headers: Readonly<Record<string, string>>;
  extensions: Readonly<Record<string, EventExtension>>;
  content_type: string | null;
  payload: Json;
  verified: boolean;
  /** The name of the webhook; null for the API. */
  webhook: string | null;
}

/** Returns what the templates of rules see of an event. */
export function templateEvent(event: EventRecord): TemplateEvent {
  const { state: _, issues: __, matches: ___, principal: ____, erased: _____, ...seen } = event;
  return seen;
}
