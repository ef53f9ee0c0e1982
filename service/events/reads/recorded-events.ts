import { AppError } from '../../../model/app-error.ts';
import { type TemplateEvent, templateEvent } from '../../../model/events/event.ts';
import type { EventListStore } from '../../../store/events/event-lists.ts';
import type { EventRow } from '../../../store/events/events.ts';
import type { RecordedEvents } from '../../rules/rule-tests.ts';
import type { TriedEvent } from '../../rules/rule-trials.ts';
import { eventRecord, unknownEvent } from '../event-lists.ts';

/** The most bytes of the payloads of more than one event that are read at a time. */
const MAX_READ = 4 * 1024 * 1024;

/** Creates what reads the recorded events that rules are tested on. */
export function createRecordedEvents(store: Pick<EventListStore, 'find' | 'list' | 'read'>): RecordedEvents {
  return {
    async get({ tenant }, id) {
      const row = await store.find(tenant, id);
      if (row === null) throw unknownEvent(id);
      if (row.erased !== null) throw new AppError('event_erased', `the payload of event ${id} was erased`);
      return triedEvent(row);
    },

    async page({ tenant }, type, { limit, before }) {
      const found = await store.list(tenant, { type }, { offset: 0, limit: limit + 1, before });
      const page = found.slice(0, Math.min(limit, countWithin(found.map(({ payloadBytes }) => payloadBytes))));
      const whole = await store.read(
        tenant,
        page.filter(({ state, erased }) => state !== 'invalid' && erased === null).map(({ id }) => id),
      );
      const events: TemplateEvent[] = whole.map((row) => templateEvent(eventRecord(row)));
      return { events, next: page.length < found.length ? page.at(-1)!.id : null };
    },
  };
}

/** Makes a recorded event one that rules are tried on. */
export function triedEvent(row: EventRow): TriedEvent {
  return { event: templateEvent(eventRecord(row)), chain: row.chain, asked: row.replayRules };
}

/** Counts the sizes, from the first one on, that together are read at a time: at least one. */
function countWithin(sizes: readonly number[]): number {
  let sum = 0;
  const end = sizes.findIndex((size, at) => {
    sum += size;
    return at > 0 && sum > MAX_READ;
  });
  return end === -1 ? sizes.length : end;
}
