import { AppError } from '../../model/app-error.ts';
import type { Logger } from '../../model/log.ts';
import type { BacklogStore } from '../../store/events/backlogs.ts';
import { keepGoing, type RoundLoop } from '../background/loops.ts';

/** Milliseconds between two looks, and after an error. */
const INTERVAL = 250;
const PAUSE = 1_000;

/** Milliseconds over which the rate is measured, and seconds after which a caller is asked to try again. */
const MEASURED = 60_000;
const RETRY = { least: 1, most: 60 };

/** The events and enforcements that wait in each tenant, as of a moment ago. */
export interface Backlog extends RoundLoop {
  /** Throws `events_full` when a tenant has too many events and enforcements that wait. */
  demandRoom(tenant: string): void;
  /** Reports whether half of the events and enforcements of a tenant that may wait do. */
  isHalfFull(tenant: string): boolean;
}

/** The dependencies of the backlog. */
export interface BacklogDependencies {
  store: Pick<BacklogStore, 'count'>;
  /** The most events and enforcements of a tenant that may wait. */
  limit: number;
  /** Returns the time in milliseconds. */
  clock: () => number;
  log: Logger;
}

/** A count at a time in milliseconds. */
interface Sample {
  at: number;
  total: number;
}

/** Creates the backlog, which is counted four times a second while events arrive, and not for each request. */
export function createBacklog({ store, limit, clock, log }: BacklogDependencies): Backlog {
  let counts = new Map<string, number>();
  let isAsked = false;
  /** The counts of the last minute of the tenants that are full. */
  const samples = new Map<string, Sample[]>();

  function note(tenant: string, total: number): void {
    const now = clock();
    const kept = (samples.get(tenant) ?? []).filter(({ at }) => at > now - MEASURED);
    samples.set(tenant, [...kept, { at: now, total }]);
  }

  function retryAfter(tenant: string, total: number): number {
    const [first] = samples.get(tenant) ?? [];
    const seconds = first === undefined ? 0 : (clock() - first.at) / 1000;
    const fallen = first === undefined ? 0 : first.total - total;
    if (fallen <= 0 || seconds <= 0) return RETRY.most;
    return Math.min(RETRY.most, Math.max(RETRY.least, Math.ceil((total - limit) / (fallen / seconds))));
  }

  const backlog: Backlog = {
    demandRoom(tenant) {
      isAsked = true;
      const total = counts.get(tenant) ?? 0;
      if (total < limit) return;
      const message = `this tenant has ${total} events and enforcements that wait, and at most ${limit} may: try again later`;
      throw new AppError('events_full', message, { retryAfter: retryAfter(tenant, total) });
    },

    isHalfFull: (tenant) => (counts.get(tenant) ?? 0) >= limit / 2,

    async tick() {
      if (!isAsked && samples.size === 0) return;
      isAsked = false;
      counts = await store.count();
      for (const tenant of samples.keys()) if ((counts.get(tenant) ?? 0) < limit / 2) samples.delete(tenant);
      for (const [tenant, total] of counts) if (total >= limit / 2) note(tenant, total);
    },

    run(signal) {
      const trouble = 'the events that wait cannot be counted';
      return keepGoing(() => backlog.tick(), signal, { interval: INTERVAL, pause: PAUSE, log, trouble });
    },
  };
  return backlog;
}
