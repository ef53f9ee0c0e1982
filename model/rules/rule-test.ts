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

/** The body of POST /api/v1/rules/{ref}/test. */
export const RuleTestSchema = z.strictObject({ event: MadeUpEventSchema });

/** The body of POST /api/v1/rules/test: a rule that need not be stored. */
export const UnsavedRuleTestSchema = z.strictObject({
  rule: JsonObjectSchema.describe('The rule, as POST /api/v1/rules takes it.'),
  event: MadeUpEventSchema,
});

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
