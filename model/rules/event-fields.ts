import type { TemplateEvent } from '../events/event.ts';

/** The names of the fields of an event that templates of rules see. */
export const EVENT_FIELDS = [
  ...(['id', 'event_id', 'type', 'source', 'subject', 'time', 'trigger_ref', 'webhook', 'verified'] as const),
  ...(['headers', 'extensions', 'content_type', 'payload', 'payload_bytes', 'depth', 'replay_of'] as const),
  ...(['execution', 'received'] as const),
] as const satisfies readonly (keyof TemplateEvent)[];
