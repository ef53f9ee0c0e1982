import { randomUUID } from 'node:crypto';
import { AppError } from '../../model/app-error.ts';
import { checkAttributes, reservedField } from '../../model/events/attributes.ts';
import type { NewEvent } from '../../model/events/event.ts';
import { capIssues, type Issue } from '../../model/issue.ts';
import { jsonSize } from '../../model/json.ts';
import { refusal } from '../../model/refusal.ts';
import { storableText } from '../../model/text.ts';
import type { EventEntry, EventStore } from '../../store/events/events.ts';
import type { TriggerStore } from '../../store/rules/triggers.ts';
import { sha256Hex } from '../access/hash.ts';
import type { Backlog } from './backlog.ts';
import { checkPayloads, declareEvents, shareReads } from './declarations.ts';
import { createEventGroups } from './event-groups.ts';
import type { Rushes } from './restraints/rushes.ts';

/** Where events come from. */
export interface EventOrigin {
  tenant: string;
  /** `api`, or the id of the webhook: whoever may use one webhook cannot occupy the ids of another. */
  ingress: string;
  /** The source of their sender: no other principal's or webhook's is accepted. */
  source: string;
  /** The subject that has sent them; null: they came without a principal. */
  principal: string | null;
  /** The subject for whom the credential of the principal acts. */
  onBehalfOf?: string | null;
  /** Whether the request is a list, so that pointers of issues begin with the index of an event. */
  isBatch?: boolean;
  /** The webhook through which they came; absent: they were posted to the API. */
  webhook?: OriginWebhook;
}

/** The webhook of events. Its sender cannot repair a payload, so one that a schema refuses is kept as invalid. */
export interface OriginWebhook {
  /** The trigger whose type all its events have; null: they have their own types. */
  trigger: string | null;
  /** The subjects who could have sent them themselves. */
  writers: readonly string[];
}

/** An event as it was taken in. */
export interface AcceptedEvent {
  id: number;
  event_id: string;
  type: string;
  source: string;
  /** Whether an event with the same identity was recorded before: `id` is that of the first one, and nothing starts. */
  duplicate: boolean;
}

/** Takes events in. */
export interface Intake {
  /**
   * Records events, all or none, and returns what each has become, in their order: only once they are committed, so that an accepted event
   * is never lost. Events have the trigger that declares their type. Temporal is not asked. Throws `type_reserved`, `request_invalid`,
   * `payload_invalid` for payloads that the schemas of their triggers refuse (those of a webhook are kept as invalid), `events_full`,
   * `database_unavailable`.
   */
  accept(from: EventOrigin, events: readonly NewEvent[]): Promise<readonly AcceptedEvent[]>;
}

/** The dependencies of the intake. */
export interface IntakeDependencies {
  store: Pick<EventStore, 'record'>;
  triggers: Pick<TriggerStore, 'find' | 'ofTypes'>;
  backlog: Pick<Backlog, 'demandRoom'>;
  rushes: Pick<Rushes, 'during'>;
  /** Is called after events were recorded. */
  onRecorded: () => void;
}

/** Creates the intake. */
export function createIntake({ store, triggers, backlog, rushes, onRecorded }: IntakeDependencies): Intake {
  const groups = createEventGroups(store);
  const declarations = shareReads(triggers);

  async function accept(from: EventOrigin, events: readonly NewEvent[]): Promise<AcceptedEvent[]> {
    const { tenant, webhook } = from;
    const declared = await declareEvents(declarations, { tenant, ref: webhook?.trigger ?? null }, events);
    const typed = declared.map(({ event }) => event);
    demandValid(from, typed);
    backlog.demandRoom(tenant);
    const issues = await checkPayloads(declared);
    if (webhook === undefined) demandAccepted(from, issues);
    const entries = typed.map((event, at) => entryOf(from, event, issues[at]!));
    const recorded = await groups.record(entries);
    if (recorded.some(({ duplicate }) => !duplicate)) onRecorded();
    return entries.map(({ event_id, type, source }, at) => ({ ...recorded[at]!, event_id, type, source }));
  }

  return { accept: (from, events) => rushes.during(from.tenant, () => accept(from, events)) };
}

/** The messages about an event that claims to come from Fermata, or from another sender. */
const RESERVED = {
  type: 'types that begin with "io.fermata." come from Fermata alone',
  source:
    'sources that begin with "urn:fermata:" come from Fermata alone, and those that begin with "/principals/" or "/hooks/" from the principal or the webhook that they name',
};

/** Throws `request_invalid` with all issues of some events, and `type_reserved`. */
function demandValid({ isBatch = false, source }: EventOrigin, events: readonly NewEvent[]): void {
  const issues = events.flatMap((event, at) => checkAttributes(event, isBatch ? `/${at}` : ''));
  if (issues.length > 0) throw refusal('request_invalid', issues);
  const reserved = events.flatMap((event, at): Issue[] => {
    const field = reservedField(event, source);
    return field === null
      ? []
      : [{ code: 'type_reserved', path: `${isBatch ? `/${at}` : ''}/${field}`, message: RESERVED[field] }];
  });
  if (reserved.length === 0) return;
  const [{ path, message }] = reserved as [Issue];
  throw new AppError('type_reserved', `${path}: ${message}`, { issues: capIssues(reserved) });
}

/** Throws `payload_invalid` with all issues of the payloads of some events. */
function demandAccepted({ isBatch = false }: EventOrigin, issues: readonly Issue[][]): void {
  const found = issues.flatMap((some, at) =>
    some.map((issue) => (isBatch ? { ...issue, path: `/${at}${issue.path}` } : issue)),
  );
  if (found.length > 0) throw refusal('payload_invalid', found);
}

function entryOf(from: EventOrigin, event: NewEvent, issues: readonly Issue[]): EventEntry {
  const { tenant, ingress, principal, onBehalfOf = null, webhook } = from;
  const { event_id = null, ...attributes } = event;
  const id = event_id ?? randomUUID();
  return {
    ...attributes,
    issues,
    tenant,
    ingress,
    event_id: id,
    identity: eventIdentity(ingress, event.source, id),
    payload_bytes: jsonSize(event.payload),
    depth: 0,
    chain: [],
    replay_of: null,
    replay_rules: null,
    execution: null,
    principal: principal === null ? null : storableText(principal),
    on_behalf_of: onBehalfOf === null ? null : storableText(onBehalfOf),
    starters: webhook?.writers ?? [],
  };
}

/** Returns the identity of an event within its tenant: two events with the same one are duplicates, whatever their payloads. */
export function eventIdentity(ingress: string, source: string, eventId: string): string {
  return sha256Hex(JSON.stringify([ingress, source, eventId]));
}
