import { z } from 'zod';
import { RefSchema } from '../definition.ts';
import type { TemplateEvent } from '../events/event.ts';
import { InstantSchema } from '../instant.ts';
import { jsonSize } from '../json.ts';
import { JsonValueSchema } from '../json-value.ts';
import { JsonObjectSchema } from '../request-fields.ts';
import { EventTypeSchema } from './patterns.ts';
import { WebhookNameSchema } from './rule.ts';

const TextSchema = z.string().max(500);

/** An event that a test of a rule makes up. */
export const MadeUpEventSchema = z.strictObject({
  type: EventTypeSchema,
  payload: JsonValueSchema.optional(),
  source: TextSchema.optional(),
  subject: TextSchema.nullable().optional(),
  event_id: TextSchema.optional(),
  time: InstantSchema.nullable().optional(),
  trigger_ref: RefSchema.nullable().optional(),
  webhook: WebhookNameSchema.nullable().optional(),
  headers: z.record(z.string().max(200), z.string().max(10_000)).optional(),
  extensions: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  content_type: TextSchema.nullable().optional(),
});

/** The events of a test: either one event, or the newest ones. */
const TESTED = {
  event: z
    .union([z.int().min(1).max(Number.MAX_SAFE_INTEGER), MadeUpEventSchema])
    .optional()
    .describe('The id of a recorded event, or one that is made up. Alternatively, pass `recent`.'),
  recent: z
    .int()
    .min(1)
    .max(500)
    .optional()
    .describe('Test the newest events of the type of the rule, so many of them.'),
};

const ONE_OF_BOTH = { message: 'needs either "event" or "recent"' };
const hasOne = ({ event, recent }: { event?: unknown; recent?: unknown }) =>
  (event === undefined) !== (recent === undefined);

/** The body of POST /api/v1/rules/{ref}/test. */
export const RuleTestSchema = z.strictObject(TESTED).refine(hasOne, ONE_OF_BOTH);

/** The body of POST /api/v1/rules/test: a rule that need not be stored. */
export const UnsavedRuleTestSchema = z
  .strictObject({ rule: JsonObjectSchema.describe('The rule, as POST /api/v1/rules takes it.'), ...TESTED })
  .refine(hasOne, ONE_OF_BOTH);

/** The events of a test, parsed. */
export type TestedEvents = Pick<z.infer<typeof UnsavedRuleTestSchema>, 'event' | 'recent'>;

/** A parsed event that a test makes up. */
export type MadeUpEvent = z.infer<typeof MadeUpEventSchema>;

/** Completes an event that a test makes up, as if the principal had sent it at a time. */
export function completeMadeUpEvent(event: MadeUpEvent, subject: string, now: Date): TemplateEvent {
  const { type, payload = null } = event;
  return {
    id: 0,
    event_id: event.event_id ?? 'test',
    type,
    source: event.source ?? `/principals/${subject}`,
    subject: event.subject ?? null,
    time: event.time ?? null,
    trigger_ref: event.trigger_ref ?? null,
    webhook: event.webhook ?? null,
    verified: true,
    headers: event.headers ?? {},
    extensions: event.extensions ?? {},
    content_type: event.content_type ?? 'application/json',
    payload,
    payload_bytes: jsonSize(payload),
    depth: 0,
    replay_of: null,
    execution: null,
    received: now.toISOString(),
  };
}
