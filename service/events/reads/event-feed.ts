import type { EnforcementSummary } from '../../../model/events/enforcement.ts';
import type { EventSummary } from '../../../model/events/event.ts';
import type { Logger } from '../../../model/log.ts';
import type { Principal } from '../../../model/principal.ts';
import type { EventChange, EventChangeStore } from '../../../store/events/event-changes.ts';
import { type Change, createChangeFeeds, type Watched } from '../../background/change-feeds.ts';
import { enforcementSummary } from '../enforcements.ts';
import { eventSummary } from '../event-lists.ts';

/** An event that was recorded, or an enforcement whose status has changed; `id` denotes its place, to resume after it. */
export type EventFeedEntry =
  | { id: string; type: 'event'; data: EventSummary }
  | { id: string; type: 'enforcement'; data: EnforcementSummary };

/** Streams the events and enforcements of a tenant while they appear and change. */
export interface EventFeed {
  /**
   * Streams every event once, and every enforcement at each change of its status, after an entry or from now on, until the signal is aborted.
   * An enforcement whose status has changed several times in between appears once, as it is. Throws `request_invalid` for an id that no
   * entry has.
   */
  watch(
    principal: Principal,
    options: { after?: string | undefined; signal: AbortSignal },
  ): Promise<Watched<EventFeedEntry>>;
  /** Ends every stream. */
  close(): void;
}

/** The dependencies of the service. */
export interface EventFeedDependencies {
  store: EventChangeStore;
  log: Logger;
}

/** Creates the service. */
export function createEventFeed({ store, log }: EventFeedDependencies): EventFeed {
  const feeds = createChangeFeeds(store, log);
  return {
    async watch({ tenant }, options) {
      const { start, entries } = await feeds.watch(tenant, options);
      return { start, entries: summaries(entries) };
    },

    close: feeds.close,
  };
}

async function* summaries(changes: AsyncGenerator<Change<EventChange>>): AsyncGenerator<EventFeedEntry> {
  for await (const { id, row: change } of changes) {
    if (change.kind === 'event') yield { id, type: 'event', data: eventSummary(change.row) };
    else yield { id, type: 'enforcement', data: enforcementSummary(change.row) };
  }
}
