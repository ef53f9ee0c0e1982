import { setTimeout as wait } from 'node:timers/promises';
import type { EventEntry, EventStore, RecordedEvent } from '../../store/events/events.ts';
import { isOutage } from '../background/outages.ts';

/** Milliseconds for which a first request waits for others, and the events from which on no further request joins a statement. */
const PATIENCE = 5;
const FULL = 200;

/** The events of one request. */
interface Wanted {
  entries: readonly EventEntry[];
  resolve(recorded: RecordedEvent[]): void;
  reject(error: unknown): void;
}

/** Records the events of concurrent requests together. */
export interface EventGroups {
  /** Records the events of a request, all or none. Rejects as the store does. */
  record(entries: readonly EventEntry[]): Promise<RecordedEvent[]>;
}

/** Creates the groups: concurrent requests share statements, one of which is in progress at a time. */
export function createEventGroups(store: Pick<EventStore, 'record'>): EventGroups {
  let waiting: Wanted[] = [];
  let isWorking = false;

  async function work(): Promise<void> {
    if (isWorking) return;
    isWorking = true;
    await wait(PATIENCE);
    while (waiting.length > 0) await recordGroup(takeGroup());
    isWorking = false;
  }

  function takeGroup(): Wanted[] {
    let events = 0;
    const end = waiting.findIndex(({ entries }) => {
      events += entries.length;
      return events >= FULL;
    });
    const group = end === -1 ? waiting : waiting.slice(0, end + 1);
    waiting = waiting.slice(group.length);
    return group;
  }

  async function recordGroup(group: readonly Wanted[]): Promise<void> {
    try {
      const recorded = await store.record(group.flatMap(({ entries }) => entries));
      let at = 0;
      for (const { entries, resolve } of group) {
        resolve(recorded.slice(at, at + entries.length));
        at += entries.length;
      }
    } catch (error) {
      if (isOutage(error)) for (const { reject } of group) reject(error);
      else for (const wanted of group) await recordAlone(wanted);
    }
  }

  /** Records the events of one request after a statement has failed, so that one request does not have others refused. */
  async function recordAlone({ entries, resolve, reject }: Wanted): Promise<void> {
    await store.record(entries).then(resolve, reject);
  }

  return {
    record: (entries) =>
      new Promise((resolve, reject) => {
        waiting.push({ entries, resolve, reject });
        void work();
      }),
  };
}
