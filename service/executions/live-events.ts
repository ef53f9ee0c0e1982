import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../model/app-error.ts';
import type { Logger } from '../../model/log.ts';
import type { Principal } from '../../model/principal.ts';
import { ReplayMeter } from '../../model/work.ts';
import type { HistoryEvent } from '../../projection/history.ts';
import { createRunStream, type StreamEntry } from '../../projection/stream.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import { copyHistory } from '../projections/history-copies.ts';
import { type Mask, maskEntry } from '../projections/masks.ts';
import type { ExecutionReader, ExecutionView } from './reader.ts';

/** An event of a run, with the run of the chain that it happened in; `id` denotes its place in the stream, to resume after it. */
export type WatchEntry = StreamEntry & { run: string; id: string };

/** A run that a listener follows, and the stream of its events. */
export interface Watching {
  found: ExecutionView;
  entries: AsyncGenerator<WatchEntry>;
}

/** Units of work for one history event (0.1 s at most), and units after which other requests have their turn. */
const MAX_EVENT_WORK = 250_000;
const TURN_WORK = 25_000;

/** The most events and bytes of a history whose tasks are streamed, and the most entries: all are kept while somebody listens. */
const MAX_EVENTS = 60_000;
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_ENTRIES = 100_000;

/** Entries that are sent at once, before other requests have their turn. */
const ENTRIES_OF_A_TURN = 50;

/** Milliseconds after which a follower tries again. */
const RETRY_AFTER = 1_000;

/** Streams the events of runs while they happen. */
export interface WatchService {
  /**
   * Streams the events of a run after an entry, or from its start, until it has ended or the signal is aborted. Throws
   * `execution_not_found`, and `request_invalid` for an id that no entry has.
   */
  watch(
    principal: Principal,
    id: string,
    options: { after?: string | undefined; signal: AbortSignal },
  ): Promise<Watching>;
  /** Ends every stream. */
  close(): void;
  /** The number of runs that are followed. */
  readonly following: number;
}

/** The dependencies of the service. */
export interface WatchDependencies {
  temporal: Temporal;
  executions: Pick<ExecutionReader, 'getWithMask'>;
  log: Logger;
}

/** Creates the service. It follows each run once however many listen, and keeps no list for any of them. */
export function createWatchService({ temporal, executions, log }: WatchDependencies): WatchService {
  const followers = new Map<string, Follower>();

  function followerOf(workflowId: string): Follower {
    const known = followers.get(workflowId);
    if (known !== undefined) return known;
    const follower = createFollower(temporal, workflowId, log);
    followers.set(workflowId, follower);
    return follower;
  }

  async function* listen(workflowId: string, after: string | undefined, signal: AbortSignal) {
    const follower = followerOf(workflowId);
    follower.listeners += 1;
    try {
      yield* follower.entriesAfter(after, signal);
    } finally {
      follower.listeners -= 1;
      if (follower.listeners === 0) {
        follower.stop();
        followers.delete(workflowId);
      }
    }
  }

  return {
    async watch(principal, id, { after, signal }) {
      if (after !== undefined && parseId(after) === undefined) {
        throw new AppError('request_invalid', 'invalid Last-Event-ID: send the id of an event of this stream');
      }
      const { found, mask } = await executions.getWithMask(principal, id);
      const entries = listen(found.execution.workflowId, after, signal);
      return { found, entries: masked(entries, mask) };
    },

    close() {
      for (const follower of followers.values()) follower.stop();
    },

    /** How many runs are followed. */
    get following(): number {
      return followers.size;
    },
  };
}

async function* masked(entries: AsyncGenerator<WatchEntry>, mask: Mask): AsyncGenerator<WatchEntry> {
  for await (const told of entries) {
    yield told.type === 'log' ? { ...told, entry: maskEntry(told.entry, mask) } : told;
  }
}

/** Follows one run for any number of listeners, each of which has its position. */
interface Follower {
  listeners: number;
  stop(): void;
  /** Yields the entries after a place, and new ones until the run has ended or the signal is aborted. */
  entriesAfter(after: string | undefined, signal: AbortSignal): AsyncGenerator<WatchEntry>;
}

function createFollower(temporal: Pick<Temporal, 'follow'>, workflowId: string, log: Logger): Follower {
  const told: WatchEntry[] = [];
  const stop = new AbortController();
  let isOver = false;
  let chain: readonly string[] = [];
  let wake = () => {};
  let news = new Promise<void>((resolve) => (wake = resolve));

  function tell(entries: readonly WatchEntry[]): void {
    told.push(...entries);
    const waking = wake;
    news = new Promise<void>((resolve) => (wake = resolve));
    waking();
  }

  /** Reads the history of the run from its start to its end, and sends the entries that were not sent before. */
  async function readOnce(): Promise<void> {
    const replay = createReplay(workflowId);
    let seen = 0;
    for await (const { runId, runs, events } of temporal.follow(workflowId, stop.signal)) {
      chain = runs;
      for (const event of events) {
        const entries = (await replay.take(event)).map((entry) => ({
          ...entry,
          run: runId,
          id: `${runId}/${entry.event}.${entry.index}`,
        }));
        // After a break the first entries are those that were told before it.
        const known = told.length - seen;
        seen += entries.length;
        tell(known > 0 ? entries.slice(known) : entries);
      }
    }
  }

  async function follow(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await readOnce();
        return;
      } catch (error) {
        if (stop.signal.aborted) return;
        log.warn({ err: error, workflow_id: workflowId }, 'a run cannot be followed; trying again');
        await wait(RETRY_AFTER, undefined, { signal: stop.signal }).catch(() => undefined);
      }
    }
  }

  /**
   * Reports whether an entry comes after a place; a place in a run that is not part of the chain, such as one before a reset, comes before
   * all.
   */
  function isAfter(entry: WatchEntry, place: Place | undefined): boolean {
    const run = place === undefined ? -1 : chain.indexOf(place.run);
    if (place === undefined || run < 0) return true;
    const own = chain.indexOf(entry.run);
    return own > run || (own === run && isBehind(entry, place));
  }

  follow()
    .catch(() => undefined)
    .finally(() => {
      isOver = true;
      tell([]);
    });

  return {
    listeners: 0,
    stop: () => stop.abort(),

    async *entriesAfter(after, signal) {
      const aborted = abortOf(signal);
      const place = after === undefined ? undefined : parseId(after);
      for (let at = 0; !signal.aborted; ) {
        const next = told[at];
        if (next === undefined && isOver) return;
        if (next === undefined) {
          await Promise.race([news, aborted]);
          continue;
        }
        at += 1;
        // Other requests have their turn while many entries are sent, which waits for nothing as long as the receiver takes them.
        if (at % ENTRIES_OF_A_TURN === 0) await nextTurn();
        if (isAfter(next, place)) yield next;
      }
    },
  };
}

/** Makes the entries of a run from its history, in slices of work between which other requests have their turn. */
function createReplay(workflowId: string): { take(event: HistoryEvent): Promise<StreamEntry[]> } {
  const meter = new ReplayMeter(MAX_EVENT_WORK + TURN_WORK);
  const stream = createRunStream(workflowId, meter);
  let taken = 0;
  let bytes = 0;
  let made = 0;
  return {
    async take(original) {
      const copy = copyHistory([original]);
      taken += 1;
      bytes += copy.bytes;
      if (taken > MAX_EVENTS || bytes > MAX_BYTES || made > MAX_ENTRIES) stream.omitTasks();
      if (meter.spent > TURN_WORK) {
        await nextTurn();
        meter.reset();
      }
      const parts = stream.takeInParts(copy.events[0]!);
      for (;;) {
        const { done, value } = parts.next();
        made += done ? value.length : 0;
        if (done) return value;
        // The event loop may not be held for the work of an event and for telling it.
        if (meter.spent > TURN_WORK) await nextTurn();
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

/** A place in the entries of a run, as the id of an entry denotes it. */
interface Place {
  run: string;
  event: number;
  index: number;
}

function parseId(id: string): Place | undefined {
  const [, run, event, index] = /^([0-9a-f-]{36})\/(\d{1,9})\.(\d{1,9})$/.exec(id) ?? [];
  return run === undefined ? undefined : { run, event: Number(event), index: Number(index) };
}

function isBehind({ event, index }: StreamEntry, place: Place): boolean {
  return event > place.event || (event === place.event && index > place.index);
}
