import { setTimeout as wait } from 'node:timers/promises';
import type { EventEntry, EventStore, RecordedEvent } from '../../store/events/events.ts';
import { isOutage, isSharedOutage } from '../background/outages.ts';
import { workFor } from '../starts/work-owner.ts';

/**
 * Milliseconds for which a first request waits for others, and the events and the bytes of payloads from which on no further request joins
 * a statement: those of a statement are answered at once, and other requests must not wait long for that.
 */
const PATIENCE = 5;
const FULL = 40;
const FULL_BYTES = 4 * 1024 * 1024;

/** The owner of shared statements: they count against the share of no tenant. */
const OWNER = 'events';

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
    let [events, bytes] = [0, 0];
    const end = waiting.findIndex(({ entries }) => {
      events += entries.length;
      bytes += entries.reduce((sum, entry) => sum + entry.payload_bytes, 0);
      return events >= FULL || bytes >= FULL_BYTES;
    });
    const group = end === -1 ? waiting : waiting.slice(0, end + 1);
    waiting = waiting.slice(group.length);
    return group;
  }

  async function recordGroup(group: readonly Wanted[]): Promise<void> {
    try {
      const recorded = await workFor(OWNER, () => store.record(group.flatMap(({ entries }) => entries)));
      let at = 0;
      for (const { entries, resolve } of group) {
        resolve(recorded.slice(at, at + entries.length));
        at += entries.length;
      }
    } catch (error) {
      if (isSharedOutage(error)) for (const { reject } of group) reject(error);
      else recordAlone(group);
    }
  }

  /** Begins to record the requests of each tenant; one that waits for a connection keeps nobody else waiting. */
  function recordAlone(group: readonly Wanted[]): void {
    for (const tenant of new Set(group.map(tenantOf))) {
      void recordEach(
        tenant,
        group.filter((wanted) => tenantOf(wanted) === tenant),
      );
    }
  }

  /** Records the requests of a tenant one by one after their shared statement has failed; an outage refuses those that are left. */
  async function recordEach(tenant: string, requests: readonly Wanted[]): Promise<void> {
    let outage: unknown = null;
    for (const { entries, resolve, reject } of requests) {
      if (outage !== null) {
        reject(outage);
        continue;
      }
      try {
        resolve(await workFor(tenant, () => store.record(entries)));
      } catch (error) {
        if (isOutage(error)) outage = error;
        reject(error);
      }
    }
  }

  return {
    record: (entries) =>
      new Promise((resolve, reject) => {
        waiting.push({ entries, resolve, reject });
        void work();
      }),
  };
}

/** Returns the tenant of a request; empty for one without events. */
function tenantOf({ entries }: Wanted): string {
  return entries[0]?.tenant ?? '';
}
