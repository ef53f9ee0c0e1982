import type { Place } from '../interpreter/state.ts';
import { workAt } from '../interpreter/visits.ts';
import type { LogEntry, TaskExecution } from '../model/execution.ts';
import type { RunMemo } from '../model/run-input.ts';
import type { ExecutionStatus } from '../model/status.ts';
import { eventTime, type HistoryEvent, isoTime, type Replay } from './history.ts';
import { endEntry, startEntry, taskEntries } from './logs.ts';
import { closeOf, marksOf, memoOf, openingOf, startOf } from './project.ts';
import { placesOf, type TaskSources, taskAt } from './tasks.ts';

/** What whoever follows a run is told; `end` comes last. Times are ISO 8601, UTC. */
export type StreamPart =
  | { type: 'execution' | 'end'; status: ExecutionStatus; created: string; updated: string }
  | { type: 'task'; task: TaskExecution }
  | { type: 'log'; entry: LogEntry };

/** One of them, with its place: the history event that it comes from, and its number there. */
export type StreamEntry = StreamPart & { event: number; index: number };

/** A run's history as what is told of it: pure, so that the same history gives the same entries at the same places. */
export interface RunStream {
  /** What the next event of the history has led to. */
  take(event: HistoryEvent): StreamEntry[];
  /** What the API left at the start; null before the first event, and for a run that was started otherwise. */
  readonly memo: RunMemo | null;
  readonly closed: boolean;
}

/** A stream from the first event of a run's history on. */
export function createRunStream(workflowId: string): RunStream {
  const marks = marksOf();
  const told = new Tasks();
  let run: { type: string; ours: boolean; created: string; memo: RunMemo | null; replay: Replay | null } | null = null;
  let status: ExecutionStatus | null = null;
  let closed = false;
  let changed: Place[] | 'any' = [];

  return {
    get memo() {
      return run?.memo ?? null;
    },
    get closed() {
      return closed;
    },
    take(event) {
      const parts: StreamPart[] = [];
      const at = isoTime(eventTime(event));
      marks.take(event);
      if (run === null) {
        run = begin(event, workflowId);
        parts.push({ type: 'log', entry: startEntry(run.type, run.created) });
      }
      const { type, ours, created, replay } = run;
      if (replay !== null) {
        const { stepped, began } = replay.take(event);
        if (stepped) changed = 'any';
        // What else has happened to a task is told once the interpreter has taken it: only it knows what it means.
        else if (began !== null && changed !== 'any') changed.push(...told.placesOf(began));
      }
      const closing = closeOf(event, ours);
      const now = replay?.now ?? null;
      // In between, history has not shown yet what the interpreter has commanded.
      const settled = now === null || now.expected.every((command) => command.type === 'cancel_work');
      const state = now?.divergence === null ? now.state : null;
      if (state !== null && (settled || closing !== null)) {
        const sources = {
          state,
          ...{ past: now!.past, tries: now!.tries },
          described: new Map(),
          closed: closing === null ? null : eventTime(event),
        };
        parts.push(...told.changes(sources, changed === 'any' || closing !== null ? placesOf(state) : changed));
        changed = [];
      }
      const next = closing?.status ?? (settled ? marks.status(state) : status);
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

function begin(first: HistoryEvent, workflowId: string) {
  const started = first.workflowExecutionStartedEventAttributes;
  if (!started) throw new TypeError('the history does not begin with the start of a workflow');
  const { run, known, replay } = openingOf(workflowId, first, started);
  return {
    type: started.workflowType?.name ?? '',
    ours: run !== null,
    created: isoTime(startOf(first, known)),
    memo: memoOf(started.memo),
    replay: replay(),
  };
}

/** What has been told of the tasks of a run. */
class Tasks {
  readonly #places = new Map<string, Place>();
  readonly #prints = new Map<string, string>();
  readonly #shown = new Map<string, string>();
  readonly #said = new Map<string, Set<string>>();

  /** Where the work of a try is, by the try's key. */
  placesOf(key: string): Place[] {
    const place = this.#places.get(key.replace(/~\d+$/, ''));
    return place === undefined ? [] : [place];
  }

  /** What is new at some places. */
  changes(sources: TaskSources, places: readonly Place[]): StreamPart[] {
    const parts: StreamPart[] = [];
    for (const place of places) {
      // What waits for its time may be withdrawn, and then it never was.
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

/** Everything that a change of a task shows in, in short. */
function printOf({ state, tries, closed }: TaskSources, place: Place): { key: string; text: string } {
  const work = workAt(state, place);
  const record = tries.get(work.tries === 1 ? work.key : `${work.key}~${work.tries}`);
  const over = work.status === 'running' || work.status === 'delayed' ? closed : null;
  return { key: work.key, text: [work.status, work.tries, record?.started, record?.ended, over].join() };
}
