import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../../model/app-error.ts';
import type { JobPool } from '../../../model/job-pool.ts';
import type { Json } from '../../../model/json.ts';
import type { Logger } from '../../../model/log.ts';
import { ReplayExceeded } from '../../../model/work.ts';
import { finishEntry } from '../../../projection/logs.ts';
import type { Temporal } from '../../../temporal/gateway.ts';
import { createGrowingMask } from '../../projections/masks.ts';
import { SHOWN_MESSAGE } from '../../projections/task-rows.ts';
import { isAfter, type KeptEntry, parseEntryId, type WatchEntry } from './entries.ts';
import type { StreamJobs } from './jobs.ts';
import { createSourceHere, createSourceInThread, type EntrySource, type StreamedRun } from './sources.ts';

/** Entries that are sent at once, before other requests have their turn. */
const ENTRIES_OF_A_TURN = 50;

/** Milliseconds after which a follower tries again by default. */
const RETRY_AFTER = 1_000;

/** Follows one run for any number of listeners, each of which has its position. */
export interface Follower {
  listeners: number;
  stop(): void;
  /** Hides further values of the run in what is sent from now on. */
  hide(values: readonly Json[]): void;
  /** Yields the entries after a place, and new ones until the run has ended or the signal is aborted. */
  entriesAfter(after: string | undefined, signal: AbortSignal): AsyncGenerator<WatchEntry>;
}

/** The dependencies of a follower. */
export interface FollowerDependencies {
  temporal: Pick<Temporal, 'follow'>;
  pool: Pick<JobPool<StreamJobs>, 'runInThread'>;
  log: Logger;
  /** Milliseconds after which a run that could not be read is tried again. */
  retryAfter?: number;
}

/** Creates the follower of a run, which begins to read its history at once. */
export function createFollower(followed: StreamedRun, dependencies: FollowerDependencies): Follower {
  const { temporal, pool, log, retryAfter = RETRY_AFTER } = dependencies;
  const { workflowId } = followed;
  const published: KeptEntry[] = [];
  const mask = createGrowingMask();
  const stop = new AbortController();
  let createSource = (): EntrySource => createSourceHere(followed);
  let isOver = false;
  let chain: readonly string[] = [];
  let wake = () => {};
  let news = new Promise<void>((resolve) => (wake = resolve));

  function publish(entries: readonly KeptEntry[]): void {
    for (const entry of entries) published.push(entry);
    const waking = wake;
    news = new Promise<void>((resolve) => (wake = resolve));
    waking();
  }

  /** Reads the history of the run from its start to its end, and sends the entries that were not sent before. */
  async function readOnce(): Promise<void> {
    const source = createSource();
    const last = published.at(-1);
    for await (const { runId, runs, events } of temporal.follow(workflowId, stop.signal)) {
      chain = runs;
      for await (const { entries, hidden } of source.take(runId, events)) {
        mask.add(hidden);
        // After a break the first entries are those that were already published.
        publish(entries.filter((entry) => isAfter(entry, last, chain)));
      }
    }
  }

  /** Does what follows from an error before the run is read again: a run that takes too much work is read elsewhere, or without tasks. */
  async function prepareAgain(error: unknown): Promise<void> {
    if (error instanceof ReplayExceeded) createSource = () => createSourceInThread(followed, pool);
    else if (error instanceof AppError && error.code === 'work_exceeded') {
      const last = published.at(-1);
      createSource = () => createSourceHere(followed, { lean: (place) => isAfter(place, last, chain) });
    } else {
      log.warn({ err: error, workflow_id: workflowId }, 'a run cannot be followed; trying again');
      await wait(retryAfter, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  }

  function finish(entry: KeptEntry): WatchEntry {
    if (entry.type === 'log') return { type: 'log', entry: finishEntry(entry.draft, mask), id: entry.id };
    if (entry.type !== 'task' || entry.task.error === null) return entry;
    const { type, message } = entry.task.error;
    const error = { type: String(mask.hide(type)), message: mask.hideInMessage(message).slice(0, SHOWN_MESSAGE) };
    return { ...entry, task: { ...entry.task, error } };
  }

  async function follow(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await readOnce();
        return;
      } catch (error) {
        if (stop.signal.aborted) return;
        await prepareAgain(error);
      }
    }
  }

  follow()
    .catch(() => undefined)
    .finally(() => {
      isOver = true;
      publish([]);
    });

  return {
    listeners: 0,
    stop: () => stop.abort(),
    hide: (values) => mask.add(values),

    async *entriesAfter(after, signal) {
      const aborted = abortOf(signal);
      const place = after === undefined ? undefined : parseEntryId(after);
      for (let at = 0; !signal.aborted; ) {
        const next = published[at];
        if (next === undefined && isOver) return;
        if (next === undefined) {
          await Promise.race([news, aborted]);
          continue;
        }
        at += 1;
        // Other requests have their turn while many entries are sent, which waits for nothing as long as the receiver takes them.
        if (at % ENTRIES_OF_A_TURN === 0) await nextTurn();
        if (!isAfter(next, place, chain)) continue;
        yield finish(next);
      }
    },
  };
}

/** Resolves once a signal is aborted. */
function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
