import type { Place, RunState } from '../interpreter/state.ts';
import { workAt } from '../interpreter/visits.ts';
import type { LogEntry, TaskExecution } from '../model/execution.ts';
import type { RunMemo } from '../model/run-input.ts';
import type { ExecutionStatus } from '../model/status.ts';
import { executionKey, tryKey } from '../model/task-key.ts';
import { ReplayExceeded, type ReplayMeter } from '../model/work.ts';
import { eventTime, type HistoryEvent, isoTime, type Replay } from './history.ts';
import { endEntry, omissionEntry, startEntry, taskEntries } from './logs.ts';
import { readClosing } from './runs/closing.ts';
import { OpenStatus } from './runs/open-status.ts';
import { type Opening, readMemo, readOpening, startTime } from './runs/opening.ts';
import { listPlaces, type TaskSources, taskAt } from './tasks/tasks.ts';

/** A part of the stream that a follower of a run receives; `end` comes last. Times are ISO 8601, UTC. */
export type StreamPart =
  | { type: 'execution' | 'end'; status: ExecutionStatus; created: string; updated: string }
  | { type: 'task'; task: TaskExecution }
  | { type: 'log'; entry: LogEntry };

/** A part with its place: the history event that it comes from, and its number there. */
export type StreamEntry = StreamPart & { event: number; index: number };

/** Turns the history of a run into a stream. Pure: the same history gives the same entries at the same places. */
export interface RunStream {
  /** Returns the entries that follow from the next event of the history. */
  take(event: HistoryEvent): StreamEntry[];
  /** Leaves out the tasks of the run from the next event on; the log says so. */
  omitTasks(): void;
  /** The memo that the API left at the start; null before the first event, and for a run that Fermata did not start. */
  readonly memo: RunMemo | null;
  readonly closed: boolean;
}

/** Units of work that taking a history event costs, without the work that follows from it. */
const EVENT = 50;

/**
 * Creates a stream that begins with the first event of a run's history. With a meter all of its work is charged there; when that is
 * spent, and for a run whose work cannot be counted (createReplay), the tasks of the run are left out from then on.
 */
export function createRunStream(workflowId: string, meter?: ReplayMeter): RunStream {
  const openStatus = new OpenStatus();
  const told = new Tasks();
  let run: { type: string; ours: boolean; created: string; memo: RunMemo | null } | null = null;
  let replay: Replay | null = null;
  let omitting = false;
  let status: ExecutionStatus | null = null;
  let closed = false;
  let changed: Place[] | 'any' = [];

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
  function news(event: HistoryEvent, ended: boolean): { state: RunState | null; parts: StreamPart[] } | null {
    if (replay === null) return { state: null, parts: [] };
    const { expected, divergence, past, tries, ...now } = replay.now;
    const settled = expected.every((command) => command.type === 'cancel_work');
    if (!settled && !ended) return null;
    const state = divergence === null ? now.state : null;
    if (state === null) return { state, parts: [] };
    const places = changed === 'any' || ended ? listPlaces(state) : changed;
    meter?.charge(places.length);
    const sources = { state, past, tries, described: new Map(), closed: ended ? eventTime(event) : null };
    changed = [];
    return { state, parts: told.changes(sources, places) };
  }

  /** Does work that needs the replay; when it is too much, leaves out the tasks. */
  function within<T>(work: () => T, otherwise: T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof ReplayExceeded)) throw error;
      omitting = true;
      return otherwise;
    }
  }

  return {
    get memo() {
      return run?.memo ?? null;
    },
    get closed() {
      return closed;
    },
    omitTasks() {
      omitting ||= replay !== null;
    },
    take(event) {
      const parts: StreamPart[] = [];
      const at = isoTime(eventTime(event));
      openStatus.take(event);
      if (run === null) {
        const opening = open(event, workflowId);
        run = findBeginning(opening);
        replay = within(() => opening.replay({ meter }), null);
        parts.push({ type: 'log', entry: startEntry(run.type, run.created) });
      }
      const { type, ours, created } = run;
      const closing = readClosing(event, ours);
      const nothing = { state: null, parts: [] };
      const found = within(() => {
        advance(event);
        return news(event, closing !== null);
      }, nothing);
      if (found !== null) parts.push(...found.parts);
      if (omitting) {
        omitting = false;
        replay = null;
        parts.push({ type: 'log', entry: omissionEntry(at) });
      }
      const next = closing?.status ?? (found === null ? status : openStatus.read(found.state));
      if (next !== null && next !== status) {
        status = next;
        parts.push({ type: 'execution', status, created, updated: at });
      }
      if (closing !== null) {
        closed = true;
        parts.push({ type: 'log', entry: endEntry(type, at, closing) });
        parts.push({ type: 'end', status: closing.status, created, updated: at });
      }
      return parts.map((part, index) => ({ ...part, event: Number(event.eventId), index }));
    },
  };
}

function open(first: HistoryEvent, workflowId: string): Opening {
  const started = first.workflowExecutionStartedEventAttributes;
  if (!started) throw new TypeError('the history does not begin with the start of a workflow');
  return readOpening(workflowId, first, started);
}

function findBeginning({ event, started, run, known }: Opening) {
  return {
    type: started.workflowType?.name ?? '',
    ours: run !== null,
    created: isoTime(startTime(event, known)),
    memo: readMemo(started.memo),
  };
}

/** Everything that was shown of the tasks of a run. */
class Tasks {
  readonly #places = new Map<string, Place>();
  readonly #prints = new Map<string, string>();
  readonly #shown = new Map<string, string>();
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
      if (sources.closed === null && workAt(sources.state, place).status === 'delayed') continue;
      const print = printOf(sources, place);
      if (this.#prints.get(print.key) === print.text) continue;
      this.#prints.set(print.key, print.text);
      this.#places.set(print.key, place);
      const task = taskAt(sources, place);
      const shown = `${task.status} ${task.attempts.length}`;
      if (this.#shown.get(task.key) !== shown) {
        this.#shown.set(task.key, shown);
        parts.push({ type: 'task', task });
      }
      const said = this.#said.get(task.key) ?? new Set();
      this.#said.set(task.key, said);
      for (const entry of taskEntries(task)) {
        const text = JSON.stringify(entry);
        if (!said.has(text)) parts.push({ type: 'log', entry });
        said.add(text);
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
