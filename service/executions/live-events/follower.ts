import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import type { LogEntry, TaskExecution } from '../../../model/execution.ts';
import type { Json } from '../../../model/json.ts';
import type { Logger } from '../../../model/log.ts';
import type { TaskStatus } from '../../../model/status.ts';
import { finishEntry } from '../../../projection/logs.ts';
import type { RunChange, StreamEntry, StreamPart, TaskPart } from '../../../projection/stream.ts';
import type { Temporal } from '../../../temporal/gateway.ts';
import { createGrowingMask, hiddenInTask } from '../../projections/masks.ts';
import { lastChange, SHOWN_MESSAGE } from '../../projections/task-rows.ts';
import { createStreamReplay } from './replay.ts';

/** The fields of a task that its changes show. */
type ShownField =
  | 'number'
  | 'key'
  | 'name'
  | 'visit'
  | 'item'
  | 'action'
  | 'status'
  | 'state'
  | 'created'
  | 'started'
  | 'ended'
  | 'child';

/** A change of a task, without the values of the run. */
export interface TaskChange extends Pick<TaskExecution, ShownField> {
  updated: string;
  /** The latest attempt. */
  attempt: number | null;
  /** Its failure, of which the first 300 characters of the message are sent. */
  error: { type: string; message: string } | null;
  /** Its status before; null for a task that has just begun. */
  was: TaskStatus | null;
}

/** The run of the chain in which an entry happened, the history event, and the number of the entry there. */
interface EntryPlace {
  run: string;
  event: number;
  index: number;
}

type TaskNews = { type: 'task'; task: TaskChange };

/** A masked event of a run; `id` denotes its place in the stream, to resume after it. */
export type WatchEntry = (RunChange | TaskNews | { type: 'log'; entry: LogEntry }) & { id: string };

/** An entry as it is kept: drafts of log entries and failures are masked when they are sent, since more may have to be hidden by then. */
type KeptEntry = (RunChange | TaskNews | Extract<StreamPart, { type: 'log' }>) & EntryPlace & { id: string };

/** Entries that are sent at once, before other requests have their turn. */
const ENTRIES_OF_A_TURN = 50;

/** Milliseconds after which a follower tries again. */
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

/** Creates the follower of a run, which begins to read its history at once. */
export function createFollower(temporal: Pick<Temporal, 'follow'>, workflowId: string, log: Logger): Follower {
  const told: KeptEntry[] = [];
  const mask = createGrowingMask();
  const stop = new AbortController();
  let isOver = false;
  let chain: readonly string[] = [];
  let wake = () => {};
  let news = new Promise<void>((resolve) => (wake = resolve));

  function tell(entries: readonly KeptEntry[]): void {
    told.push(...entries);
    const waking = wake;
    news = new Promise<void>((resolve) => (wake = resolve));
    waking();
  }

  /** Reads the history of the run from its start to its end, and sends the entries that were not sent before. */
  async function readOnce(): Promise<void> {
    const replay = createStreamReplay(workflowId);
    let seen = 0;
    for await (const { runId, runs, events } of temporal.follow(workflowId, stop.signal)) {
      chain = runs;
      for (const event of events) {
        const entries = await replay.take(event);
        mask.add(entries.flatMap((entry) => (entry.type === 'task' ? hiddenInTask(replay.run, entry.task) : [])));
        // After a break the first entries are those that were told before it.
        const known = Math.max(0, told.length - seen);
        seen += entries.length;
        tell(entries.slice(known).map((entry) => keepEntry(runId, entry)));
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
  function isAfter(entry: EntryPlace, place: EntryPlace | undefined): boolean {
    const run = place === undefined ? -1 : chain.indexOf(place.run);
    if (place === undefined || run < 0) return true;
    const own = chain.indexOf(entry.run);
    return own > run || (own === run && isBehind(entry, place));
  }

  function finish(entry: KeptEntry): WatchEntry {
    if (entry.type === 'log') return { type: 'log', entry: finishEntry(entry.draft, mask), id: entry.id };
    if (entry.type !== 'task' || entry.task.error === null) return entry;
    const { type, message } = entry.task.error;
    const error = { type: String(mask.hide(type)), message: mask.hideInMessage(message).slice(0, SHOWN_MESSAGE) };
    return { ...entry, task: { ...entry.task, error } };
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
    hide: (values) => mask.add(values),

    async *entriesAfter(after, signal) {
      const aborted = abortOf(signal);
      const place = after === undefined ? undefined : parseEntryId(after);
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
        if (!isAfter(next, place)) continue;
        yield finish(next);
      }
    },
  };
}

/** Makes of an entry of the stream of a run what is kept of it. */
function keepEntry(run: string, entry: StreamEntry): KeptEntry {
  const { event, index } = entry;
  const id = `${run}/${event}.${index}`;
  if (entry.type !== 'task') return { ...entry, run, id };
  return { type: 'task', task: changeOf(entry), run, event, index, id };
}

function changeOf({ task, was }: TaskPart): TaskChange {
  const { number, key, name, visit, item, action, status, state, created, started, ended, child } = task;
  return {
    number,
    key,
    name,
    visit,
    item,
    action,
    status,
    state,
    created,
    started,
    ended,
    child,
    updated: lastChange(task),
    attempt: task.attempts.at(-1)?.attempt ?? null,
    error: task.failure && { type: task.failure.type, message: task.failure.message },
    was,
  };
}

/** Resolves once a signal is aborted. */
function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Reads the id of an entry; undefined for a text that is not one. */
export function parseEntryId(id: string): EntryPlace | undefined {
  const [, run, event, index] = /^([0-9a-f-]{36})\/(\d{1,9})\.(\d{1,9})$/.exec(id) ?? [];
  return run === undefined ? undefined : { run, event: Number(event), index: Number(index) };
}

function isBehind({ event, index }: EntryPlace, place: EntryPlace): boolean {
  return event > place.event || (event === place.event && index > place.index);
}
