import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../model/app-error.ts';
import type { Logger } from '../../model/log.ts';
import type { Principal } from '../../model/principal.ts';
import { ReplayMeter } from '../../model/work.ts';
import { createRunStream, type StreamEntry } from '../../projection/stream.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import { copyHistory } from '../projections/history-copies.ts';
import type { Mask } from '../projections/masks.ts';
import type { ExecutionReader, ExecutionView } from './reader.ts';

/** An entry as it is told, of which run of the chain; `id` says where it stands, and goes back in to go on behind it. */
export type WatchEntry = StreamEntry & { run: string; id: string };

/** A run that is listened to: whose it is, and what happens to it. */
export interface Watching {
  found: ExecutionView;
  entries: AsyncGenerator<WatchEntry>;
}

/** Units of work of one history event (0.1 s at most), and units after which other requests have their turn. */
const MAX_EVENT_WORK = 250_000;
const TURN_WORK = 25_000;

/** Events and bytes of a history whose tasks are told; what was told is kept for as long as somebody listens. */
const MAX_EVENTS = 60_000;
const MAX_BYTES = 32 * 1024 * 1024;

/** Milliseconds after which a follower that broke off is tried again. */
const RETRY_AFTER = 1_000;

/** Tells what happens to runs, while it happens. */
export interface WatchService {
  /**
   * What has happened to a run behind an entry, or from its start on, and what happens until it ends or the signal is
   * aborted. Throws `execution_not_found`, `request_invalid` for an id that no entry had.
   */
  watch(
    principal: Principal,
    id: string,
    options: { after?: string | undefined; signal: AbortSignal },
  ): Promise<Watching>;
  /** Ends every stream. */
  close(): void;
  /** How many runs are followed. */
  readonly following: number;
}

/** The dependencies of the service. */
export interface WatchDependencies {
  temporal: Temporal;
  executions: Pick<ExecutionReader, 'getWithMask'>;
  log: Logger;
}

/** Makes the service: there is one follower a run however many listen, and it keeps no list for any of them. */
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
      yield* follower.entriesBehind(after, signal);
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
    if (told.type !== 'log') yield told;
    else {
      const { message, metadata, ...entry } = told.entry;
      const shown = { message: String(mask(message)), metadata: mask(metadata) as typeof metadata };
      yield { ...told, entry: { ...entry, ...shown } };
    }
  }
}

export interface Follower {
  listeners: number;

  stop(): void;

  entriesBehind(after: string | undefined, signal: AbortSignal): AsyncGenerator<WatchEntry>;
}

/** Follows one run, and holds what there is to tell of it, for any number of listeners that each are at some place. */
function createFollower(temporal: Temporal, workflowId: string, log: Logger): Follower {
  const told: WatchEntry[] = [];
  const stop = new AbortController();
  let over = false;
  let chain: readonly string[] = [];
  let wake = () => {};
  let news = new Promise<void>((resolve) => (wake = resolve));

  function tell(entries: readonly WatchEntry[]): void {
    told.push(...entries);
    const waking = wake;
    news = new Promise<void>((resolve) => (wake = resolve));
    waking();
  }

  async function follow(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        const meter = new ReplayMeter(MAX_EVENT_WORK + TURN_WORK);
        const stream = createRunStream(workflowId, meter);
        let seen = 0;
        let taken = 0;
        let bytes = 0;
        for await (const { runId, runs, events } of temporal.follow(workflowId, stop.signal)) {
          chain = runs;
          for (const original of events) {
            const copy = copyHistory([original]);
            taken += 1;
            bytes += copy.bytes;
            if (taken > MAX_EVENTS || bytes > MAX_BYTES) stream.omitTasks();
            if (meter.spent > TURN_WORK) {
              await nextTurn();
              meter.reset();
            }
            const entries = stream
              .take(copy.events[0]!)
              .map((entry) => ({ ...entry, run: runId, id: `${runId}/${entry.event}.${entry.index}` }));
            seen += entries.length;
            // After a break the history is read again from its start: what was told is not told again.
            const known = told.length - (seen - entries.length);
            tell(known > 0 ? entries.slice(known) : entries);
          }
        }
        return;
      } catch (error) {
        if (stop.signal.aborted) return;
        log.warn({ err: error, workflow_id: workflowId }, 'a run cannot be followed; trying again');
        await wait(RETRY_AFTER, undefined, { signal: stop.signal }).catch(() => undefined);
      }
    }
  }

  const following = follow().finally(() => {
    over = true;
    tell([]);
  });
  following.catch(() => undefined);

  return {
    listeners: 0,
    stop: () => stop.abort(),

    async *entriesBehind(after, signal) {
      const aborted = new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      const behind = after === undefined ? undefined : parseId(after);
      for (let at = 0; !signal.aborted; ) {
        const next = told[at];
        if (next !== undefined) {
          at += 1;
          // What was seen of a run that was reset since says nothing about the one that goes on.
          const place = behind === undefined ? -1 : chain.indexOf(behind.run);
          const of = chain.indexOf(next.run);
          const seen = place >= 0 && (of < place || (of === place && !isBehind(next, behind!)));
          if (!seen) yield next;
        } else if (over) return;
        else await Promise.race([news, aborted]);
      }
    },
  };
}

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
