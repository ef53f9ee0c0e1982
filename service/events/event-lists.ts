import { AppError } from '../../model/app-error.ts';
import type { EventRecord, EventSummary } from '../../model/events/event.ts';
import { type EventFilterRequest, MAX_COUNTED_ROWS } from '../../model/events/filters.ts';
import type { Principal } from '../../model/principal.ts';
import type { EventFilter, EventListStore, EventSummaryRow, ListWindow } from '../../store/events/event-lists.ts';
import type { EventRow } from '../../store/events/events.ts';

/** A page of a list; `total` is a lower bound where more than 10,000 match. */
export interface ListedPage<Row> {
  rows: Row[];
  total: number;
  isLowerBound: boolean;
  /** The id after which the next page begins; null on the last one. */
  next: number | null;
}

/** Reads events; callers see only those of their tenant. */
export interface EventLists {
  /** Reads an event. Throws `event_not_found`. */
  get(principal: Principal, id: number): Promise<EventRecord>;
  /** Lists a page of events, newest first. */
  list(principal: Principal, filter: EventFilterRequest, window: ListWindow): Promise<ListedPage<EventSummary>>;
}

/** Creates the service. */
export function createEventLists(store: EventListStore): EventLists {
  return {
    async get({ tenant }, id) {
      const row = await store.find(tenant, id);
      if (row === null) throw unknownEvent(id);
      return eventRecord(row);
    },

    async list({ tenant }, request, window) {
      const filter = eventFilter(request);
      const found = await store.list(tenant, filter, { ...window, limit: window.limit + 1 });
      return buildListedPage(found.map(eventSummary), await store.count(tenant, filter), window);
    },
  };
}

/** Makes a page of rows, of which one more than the page shows was read. */
export function buildListedPage<Row extends { id: number }>(
  found: readonly Row[],
  total: number,
  { offset, limit }: ListWindow,
): ListedPage<Row> {
  const rows = found.slice(0, limit);
  const next = found.length > limit ? rows.at(-1)!.id : null;
  const isLowerBound = total > MAX_COUNTED_ROWS;
  // The total shows that more pages follow a page in the middle.
  return { rows, total: isLowerBound ? Math.max(MAX_COUNTED_ROWS, offset + found.length) : total, isLowerBound, next };
}

function eventFilter(request: EventFilterRequest): EventFilter {
  const { type, source, subject, event_id, trigger_ref, webhook, state, matched, replay_of, execution } = request;
  return {
    type,
    source,
    subject,
    eventId: event_id,
    triggerRef: trigger_ref,
    webhook,
    state,
    matched,
    replayOf: replay_of,
    execution,
    receivedAfter: request.received_after,
    receivedBefore: request.received_before,
  };
}

/** Returns the refusal of an id that no event of the caller's tenant has. */
export function unknownEvent(id: number): AppError {
  return new AppError('event_not_found', `Event ${id} not found`);
}

/** Makes an event as lists show it. */
export function eventSummary(row: EventSummaryRow): EventSummary {
  const { id, type, source, subject, time, webhook, verified, state, matches, depth, execution, principal } = row;
  return {
    id,
    event_id: row.eventId,
    type,
    source,
    subject,
    time,
    trigger_ref: row.triggerRef,
    webhook,
    verified,
    content_type: row.contentType,
    payload_bytes: row.payloadBytes,
    state,
    matches,
    depth,
    replay_of: row.replayOf,
    execution,
    principal,
    received: row.received.toISOString(),
    erased: row.erased?.toISOString() ?? null,
  };
}

/** Makes the record of a stored event. */
export function eventRecord(row: EventRow): EventRecord {
  const { headers, extensions, payload, issues } = row;
  return { ...eventSummary(row), headers, extensions, payload, issues };
}
