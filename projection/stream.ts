import type { Place, RunState, Visit, Work } from '../interpreter/state.ts';
import { workAt } from '../interpreter/visits.ts';
import type { TaskExecution } from '../model/execution.ts';
import type { RunInput } from '../model/run-input.ts';
import type { ExecutionStatus, TaskStatus } from '../model/status.ts';
import { executionKey, tryKey } from '../model/task-key.ts';
import { ReplayExceeded, type ReplayMeter } from '../model/work.ts';
import { eventTime, type HistoryEvent, isoTime } from './history.ts';
import { draftEnd, draftOmission, draftStart, draftTask, type LogDraft } from './logs.ts';
import type { Replay } from './replay/replay.ts';
import { readClosing } from './runs/closing.ts';
import { OpenStatus } from './runs/open-status.ts';
import { type Opening, readOpening, startTime } from './runs/opening.ts';
import { findHeld, isOver, type TaskSources, taskAt } from './tasks/tasks.ts';

/** The start or another change of a run as a whole, and its end. Times are ISO 8601, UTC. */
export interface RunChange {
  type: 'execution' | 'end';
  status: ExecutionStatus;
  created: string;
  updated: string;
}

/**
 * The start or another change of a task; `was` is its status before, null at its start. Only histories are read, so that work that a
 * worker has is `scheduled` until it ends.
 */
export interface TaskPart {
  type: 'task';
  task: TaskExecution;
  was: TaskStatus | null;
}

/** A part of the stream of a run, unmasked; `end` comes last. */
export type StreamPart = RunChange | TaskPart | { type: 'log'; draft: LogDraft };

/** A part with its place: the history event that it comes from, and its number there. */
export type StreamEntry = StreamPart & { event: number; index: number };

/** Turns the history of a run into a stream. Pure: the same history gives the same entries at the same places. */
export interface RunStream {
  /** Returns the entries that follow from the next event of the history. */
  take(event: HistoryEvent): StreamEntry[];
  /** Does the same in parts that take little time, so that others may have their turn in between; the next event comes after the last. */
  takeInParts(event: HistoryEvent): Generator<void, StreamEntry[]>;
  /** Leaves out the tasks of the run from the next event on. The log says so, once, at the first event for which that is not `silent`. */
  omitTasks(options?: { silent?: boolean }): void;
  /** The definition and the settings that the run was started with; null before the first event, and for a run that Fermata did not start. */
  readonly run: RunInput | null;
  readonly closed: boolean;
}

/** Units of work that taking a history event costs, without the work that follows from it. */
const EVENT = 50;

/**
 * Creates a stream that begins with the first event of a run's history. With a meter all of its work is charged there; when that is
 * spent, and for a run whose work cannot be counted (createReplay), the tasks of the run are left out from then on; ReplayExceeded is
 * thrown instead unless the stream `omits` them.
 */
export function createRunStream(workflowId: string, meter?: ReplayMeter, { omits = true } = {}): RunStream {
  const openStatus = new OpenStatus();
  const told = new Tasks();
  let run: { type: string; started: RunInput | null; created: string } | null = null;
  let replay: Replay | null = null;
  /** Whether the log must still say that the tasks are left out, and whether it must not yet. */
  let unsaid = false;
  let silent = false;
  let status: ExecutionStatus | null = null;
  let closed = false;
  let changed: Place[] | 'any' = [];
  const open = new OpenPlaces();

  /** Takes the event into the replay. */
  function advance(event: HistoryEvent): void {
    if (replay === null) return;
    meter?.charge(EVENT);
    const { stepped, began } = replay.take(event);
    if (stepped) changed = 'any';
    // Other events of a task are shown once the interpreter has taken them: only the interpreter knows what they mean.
    else if (began !== null && changed !== 'any') changed.push(...told.placesOf(began));
  }

  /** Returns the news of the tasks once history shows all commands of the interpreter; null until then. */
  function* news(event: HistoryEvent, ended: boolean): Generator<void, News | null> {
    if (replay === null) return { state: null, parts: [] };
    const { expected, divergence, past, tries, ...now } = replay.now;
    const settled = expected.every((command) => command.type === 'cancel_work');
    if (!settled && !ended) return null;
    const state = divergence === null ? now.state : null;
    if (state === null) return { state, parts: [] };
    const closed = ended ? eventTime(event) : null;
    const sources = { state, past, tries, described: new Map(), closed, held: findHeld(state, closed) };
    const places = changed === 'any' || ended ? open.list(sources) : changed;
    meter?.charge(places.length);
    changed = [];
    const parts: StreamPart[] = [];
    for (let at = 0; at < places.length; at += PLACES_OF_A_PART) {
      yield;
      parts.push(...told.changes(sources, places.slice(at, at + PLACES_OF_A_PART)));
    }
    return { state, parts };
  }

  /** Does work that needs the replay; when it is too much, leaves out the tasks. */
  function* within<T>(work: () => Generator<void, T>, otherwise: T): Generator<void, T> {
    try {
      return yield* work();
    } catch (error) {
      if (!omits || !(error instanceof ReplayExceeded)) throw error;
      replay = null;
      unsaid = true;
      return otherwise;
    }
  }

  function* takeInParts(event: HistoryEvent): Generator<void, StreamEntry[]> {
    const parts: StreamPart[] = [];
    const at = isoTime(eventTime(event));
    openStatus.take(event);
    if (run === null) {
      const opening = openHistory(event, workflowId);
      run = findBeginning(opening);
      // biome-ignore lint/correctness/useYield: it is done in one part
      replay = yield* within(function* () {
        return opening.replay({ meter });
      }, null);
      parts.push({ type: 'log', draft: draftStart(run.type, run.created) });
    }
    const { type, started, created } = run;
    const closing = readClosing(event, started !== null);
    const found = yield* within(function* () {
      advance(event);
      return yield* news(event, closing !== null);
    }, NO_NEWS);
    if (found !== null) parts.push(...found.parts);
    if (unsaid && !silent) {
      unsaid = false;
      parts.push({ type: 'log', draft: draftOmission(at) });
    }
    const next = closing?.status ?? (found === null ? status : openStatus.read(found.state));
    if (next !== null && next !== status) {
      status = next;
      parts.push({ type: 'execution', status, created, updated: at });
    }
    if (closing !== null) {
      closed = true;
      parts.push({ type: 'log', draft: draftEnd(type, at, closing) });
      parts.push({ type: 'end', status: closing.status, created, updated: at });
    }
    return parts.map((part, index) => ({ ...part, event: Number(event.eventId), index }));
  }

  return {
    get run() {
      return run?.started ?? null;
    },
    get closed() {
      return closed;
    },
    omitTasks(options) {
      silent = options?.silent ?? false;
      unsaid ||= replay !== null;
      replay = null;
    },
    takeInParts,
    take(event) {
      const parts = takeInParts(event);
      for (;;) {
        const { done, value } = parts.next();
        if (done) return value;
      }
    },
  };
}

/** Places whose changes are found in one part. */
const PLACES_OF_A_PART = 200;

/** The news of the tasks of a run, and the state that they were read from. */
interface News {
  state: RunState | null;
  parts: StreamPart[];
}

const NO_NEWS: News = { state: null, parts: [] };

function openHistory(first: HistoryEvent, workflowId: string): Opening {
  const started = first.workflowExecutionStartedEventAttributes;
  if (!started) throw new TypeError('the history does not begin with the start of a workflow');
  return readOpening(workflowId, first, started);
}

function findBeginning({ event, started, run, known }: Opening) {
  return {
    type: started.workflowType?.name ?? '',
    started: run,
    created: isoTime(startTime(event, known)),
  };
}

/** The places of a run whose work may still change. Those at the beginning whose work is over are listed once more and then no longer. */
class OpenPlaces {
  #visits = 0;
  /** By visit, the number of items that are not listed any more. */
  readonly #items = new Map<number, number>();

  /** Lists each visit, then its items, without those that have not begun. */
  list(sources: TaskSources): Place[] {
    const { visits } = sources.state;
    const places: Place[] = [];
    let allOver = true;
    for (let index = this.#visits; index < visits.length; index += 1) {
      const visit = visits[index];
      const over = visit === undefined || this.#add(sources, index, visit, places);
      allOver &&= over;
      if (!allOver) continue;
      this.#visits = index + 1;
      this.#items.delete(index);
    }
    return places;
  }

  /** Adds the places of a visit, and returns whether none of them can change any more. */
  #add({ tries }: TaskSources, index: number, visit: Visit, places: Place[]): boolean {
    if (visit.status === 'held') return false;
    places.push({ visit: index, item: null });
    if (visit.items === null) return isSettled(tries, visit);
    const { work, again } = visit.items;
    // Items of an earlier run that are done again are not over, although they have ended.
    let allOver = again.length === 0;
    for (let item = this.#items.get(index) ?? 0; item < work.length; item += 1) {
      const each = work[item];
      if (each !== undefined && each.status !== 'held') places.push({ visit: index, item });
      allOver &&= each === undefined || isSettled(tries, each);
      if (allOver) this.#items.set(index, item + 1);
    }
    return allOver && isSettled(tries, visit);
  }
}

/** Reports whether work has ended, and history has shown the end of what a worker had of it. */
function isSettled(tries: TaskSources['tries'], work: Work): boolean {
  const record = tries.get(tryKey(work));
  return isOver(work) && (record === undefined || record.ended !== null);
}

/** Everything that was shown of the tasks of a run. */
class Tasks {
  readonly #places = new Map<string, Place>();
  readonly #prints = new Map<string, string>();
  readonly #shown = new Map<string, { status: TaskStatus; attempts: number }>();
  readonly #said = new Map<string, Set<string>>();

  /** Returns the places of the work of a try, by its key. */
  placesOf(key: string): Place[] {
    const place = this.#places.get(executionKey(key));
    return place === undefined ? [] : [place];
  }

  /** Returns the news at some places. */
  changes(sources: TaskSources, places: readonly Place[]): StreamPart[] {
    const parts: StreamPart[] = [];
    for (const place of places) {
      // A delayed task may still be withdrawn, and is then never shown.
      const { key, status } = workAt(sources.state, place);
      if (sources.closed === null && status === 'delayed') continue;
      const print = printOf(sources, place);
      if (this.#prints.get(print.key) === print.text) continue;
      this.#prints.set(print.key, print.text);
      this.#places.set(print.key, place);
      const task = taskAt(sources, place);
      const shown = this.#shown.get(key);
      const attempts = task.attempts.length;
      if (shown?.status !== task.status || shown.attempts !== attempts) {
        this.#shown.set(key, { status: task.status, attempts });
        parts.push({ type: 'task', task, was: shown?.status ?? null });
      }
      const said = this.#said.get(task.key) ?? new Set();
      this.#said.set(task.key, said);
      for (const draft of draftTask(task)) {
        const { timestamp, level, attempt, lead } = draft;
        const print = [timestamp, level, attempt, lead].join(' ');
        if (!said.has(print)) parts.push({ type: 'log', draft });
        said.add(print);
      }
    }
    return parts;
  }
}

/** Returns a short text of everything by which a change of a task is noticed. */
function printOf({ state, tries, closed }: TaskSources, place: Place): { key: string; text: string } {
  const work = workAt(state, place);
  const record = tries.get(tryKey(work));
  const over = work.status === 'running' || work.status === 'delayed' ? closed : null;
  return { key: work.key, text: [work.status, work.tries, record?.started, record?.ended, over].join() };
}
