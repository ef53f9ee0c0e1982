import type { Observer } from '../../interpreter/derive.ts';
import type { Command } from '../../interpreter/events.ts';
import type { RunState } from '../../interpreter/state.ts';
import type { Execution, ProjectionState, RefusedSignal } from '../../model/execution.ts';
import type { RunInput } from '../../model/run-input.ts';
import { ReplayExceeded, type ReplayMeter } from '../../model/work.ts';
import { eventTime, type HistoryEvent, isoTime } from '../history.ts';
import { refusedPayload } from '../payload.ts';
import type { Replay, ReplayedRun } from '../replay/replay.ts';
import { findHeld, type TaskSources } from '../tasks/tasks.ts';
import { listPending, NO_TRIES, NOTHING_PENDING, type PendingWork, waitsFor } from '../waits.ts';
import { type Closing, closingFailure, readClosing } from './closing.ts';
import { OpenStatus } from './open-status.ts';
import { type Opening, readOpening } from './opening.ts';

/** How a history is followed. */
export interface FollowOptions {
  /** False: the execution shows what the first and the last event of the run say, and nothing of its tasks; it is `partial`. */
  interpret?: boolean;
  /** Counts the work of the replay. */
  meter?: ReplayMeter;
  /** Called with each command that history shows. */
  onCommand?: (command: Command) => void;
  /** Observes the values that the run computes. */
  observer?: Observer;
}

/** How a run stands as a whole. */
export type Standing = Pick<
  Execution,
  'status' | 'output' | 'failure' | 'pendingFailure' | 'waitingFor' | 'projection' | 'divergence'
>;

/** The parts of which an execution is made. */
export interface FollowedParts {
  opening: Opening;
  /** The latest event, the start of the newest run of the chain, and the number of events taken. */
  last: HistoryEvent;
  runStarted: HistoryEvent;
  taken: number;
  found: ReplayedRun | null;
  /** When the run closed, in milliseconds; null while it is open. */
  closed: number | null;
  projection: ProjectionState;
  /** Null where it is unknown or cannot be trusted. */
  state: RunState | null;
  ending: Ending;
  /** The latest signals that were refused. */
  refused: RefusedSignal[];
}

/** How a run has ended, or how it stands while it is open. */
type Ending = Pick<Execution, 'status' | 'output' | 'failure' | 'stopMessage' | 'also'>;

/** A run, followed through its history event by event; for a chain, through the histories of its runs in order. */
export class FollowedRun {
  readonly #workflowId: string;
  readonly #options: FollowOptions;
  readonly #refused: RefusedSignal[] = [];
  #status = new OpenStatus();
  #opening: Opening | null = null;
  /** The latest event, and the start of the newest run of the chain. */
  #last: HistoryEvent | null = null;
  #taken = 0;
  #runStarted: HistoryEvent | null = null;
  #replay: Replay | null = null;
  /** Why the interpreter could not follow the history; null: it could. */
  #broken: string | null = null;

  constructor(workflowId: string, options: FollowOptions) {
    this.#workflowId = workflowId;
    this.#options = options;
  }

  /**
   * Takes the next event. With a meter, throws ReplayExceeded when that is spent, and for a run whose work cannot be counted (createReplay).
   */
  take(event: HistoryEvent): void {
    this.#last = event;
    this.#taken += 1;
    this.#status.take(event);
    this.#takeSignal(event);
    const started = event.workflowExecutionStartedEventAttributes;
    if (started) this.#runStarted = event;
    if (this.#opening === null && started) {
      const { interpret = true, ...observed } = this.#options;
      this.#opening = readOpening(this.#workflowId, event, started);
      this.#replay = interpret ? this.#opening.replay(observed) : null;
    }
    this.#follow(event);
  }

  #takeSignal(event: HistoryEvent): void {
    const signal = refusedSignalOf(event, this.#opening?.run?.interpreter ?? 0);
    if (signal !== null) this.#refused.push(signal);
    if (this.#refused.length > MAX_REFUSED) this.#refused.shift();
  }

  #follow(event: HistoryEvent): void {
    if (this.#broken !== null) return;
    try {
      this.#replay?.take(event);
    } catch (error) {
      if (error instanceof ReplayExceeded) throw error;
      // An interpreter that throws where the run continued, or does nothing, does not agree with the history.
      this.#broken = `the interpreter failed: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  /** Returns the replayed run; null for a run that the interpreter does not know. */
  replayed(): ReplayedRun | null {
    const end = this.#replay?.end() ?? null;
    return end === null || this.#broken === null ? end : { ...end, state: null, divergence: this.#broken };
  }

  /** The event that started the run, read; null before it was taken. */
  get opening(): Opening | null {
    return this.#opening;
  }

  /** The first mismatch between the interpreter and the events taken so far; null without one. */
  get divergence(): string | null {
    return this.#broken ?? this.#replay?.now.divergence ?? null;
  }

  /** Returns a run that stands where this one does and continues independently, with its own observer (Replay.copy). */
  copy(observer?: Observer): FollowedRun {
    const { onCommand: _, ...options } = this.#options;
    const copied = new FollowedRun(this.#workflowId, {
      ...options,
      ...(observer === undefined ? {} : { observer }),
    });
    copied.#refused.push(...this.#refused);
    copied.#status = this.#status.copy();
    copied.#opening = this.#opening;
    copied.#last = this.#last;
    copied.#taken = this.#taken;
    copied.#runStarted = this.#runStarted;
    copied.#replay = this.#replay?.copy(observer) ?? null;
    copied.#broken = this.#broken;
    return copied;
  }

  /** Returns what the tasks of the run are read from; null when its state is unknown or cannot be trusted. */
  sources(pending = NOTHING_PENDING): TaskSources | null {
    const [opening, last] = [this.#opening, this.#last];
    const found = this.replayed();
    if (opening === null || last === null || found === null) return null;
    if (projectionState(opening.run, found) !== 'complete') return null;
    return collectSources(found, pending, readClosing(last, opening.run !== null) === null ? null : eventTime(last));
  }

  /** Returns how the run stands, without its tasks and variables. Throws as `read` does. */
  standing(pending = NOTHING_PENDING): Standing {
    const { ending, closed, found, projection, state } = this.read();
    const { status, output, failure } = ending;
    return {
      status,
      output,
      failure,
      pendingFailure: closed === null ? (state?.failure ?? null) : null,
      waitingFor: closed === null ? waitsFor(state, pending, found?.tries ?? NO_TRIES) : [],
      projection,
      divergence: found?.divergence ?? null,
    };
  }

  /** Returns what an execution is made of. Throws a TypeError unless the first event was the start of a workflow. */
  read(): FollowedParts {
    const [opening, last, runStarted] = [this.#opening, this.#last, this.#runStarted];
    if (opening === null || last === null || runStarted === null) {
      throw new TypeError('the history does not begin with the start of a workflow');
    }
    const found = this.replayed();
    const closing = readClosing(last, opening.run !== null);
    const closed = closing === null ? null : eventTime(last);
    const projection = projectionState(opening.run, found);
    const state = projection === 'complete' ? (found?.state ?? null) : null;
    const ending = endOf(closing, state, this.#status);
    const [refused, taken] = [[...this.#refused], this.#taken];
    return { opening, last, runStarted, taken, found, closed, projection, state, ending, refused };
  }
}

/** Returns how a run has ended, or how it stands while it is open. */
function endOf(closing: Closing | null, state: RunState | null, openStatus: OpenStatus): Ending {
  if (closing === null) return { status: openStatus.read(state), output: null, failure: null, also: [] };
  const { status, output, also } = closing;
  const failure = closingFailure(closing, state);
  const stopMessage = closing.failure?.message;
  const isSame = stopMessage === undefined || stopMessage === failure?.message;
  return { status, output, failure, also, ...(isSame ? {} : { stopMessage }) };
}

function projectionState(run: RunInput | null, found: ReplayedRun | null): ProjectionState {
  if (run === null) return 'foreign';
  if (found === null) return 'partial';
  return found.divergence === null ? 'complete' : 'diverged';
}

/** Returns what the tasks of a replayed run are read from; `closed` is when the run closed, in milliseconds; null while it is open. */
export function collectSources(
  { state, past, tries }: ReplayedRun,
  pending: PendingWork,
  closed: number | null,
): TaskSources | null {
  if (state === null) return null;
  const described = new Map(listPending(pending, tries).map((activity) => [activity.activityId ?? '', activity]));
  return { state, past, tries, closed, described, held: findHeld(state, closed) };
}

/** Refused signals that are shown. */
const MAX_REFUSED = 100;

function refusedSignalOf(event: HistoryEvent, interpreter: number): RefusedSignal | null {
  const signaled = event.workflowExecutionSignaledEventAttributes;
  const refused = signaled ? refusedPayload(signaled.input?.payloads?.[0], interpreter) : null;
  if (refused === null) return null;
  return { name: signaled?.signalName ?? '', at: isoTime(eventTime(event)), encoding: refused.encoding };
}
