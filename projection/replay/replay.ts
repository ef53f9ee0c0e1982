import type { Observer } from '../../interpreter/derive.ts';
import type { Command, RunEvent } from '../../interpreter/events.ts';
import { begin, step } from '../../interpreter/interpreter.ts';
import type { HistoryLength, RunState } from '../../interpreter/state.ts';
import { copyState } from '../../interpreter/state-copy.ts';
import { BOUNDED_WORK } from '../../interpreter/versions.ts';
import type { Parameters, RunInput } from '../../model/run-input.ts';
import { ReplayExceeded, type ReplayMeter } from '../../model/work.ts';
import { eventTime, type HistoryEvent, type Tries, type TryRecord } from '../history.ts';
import { createPast, type GrowingPast, type Past } from './past.ts';
import { matchesRecorded, type RecordedCommand, recordedCommand } from './recorded-commands.ts';
import { type Keys, type NumberedEvent, remember, takeEvent } from './run-events.ts';

/** The interpreter's state rebuilt from history, with the records of tries, which only the history has. */
export interface ReplayedRun {
  state: RunState | null;
  /** The work of earlier runs of the chain. */
  past: Past;
  /** By the key of the try. */
  tries: Tries;
  /** Null while the commands of the re-run match those in history; else what did not match. */
  divergence: string | null;
}

/** The effect of one event of a history. */
export interface ReplayStep {
  /** Whether the interpreter has taken a step, so that anything may have changed. */
  stepped: boolean;
  /** The try of a sub-workflow that has started; null for any other event. */
  began: string | null;
}

/** A replay of a history that comes event by event. */
export interface Replay {
  /** Takes the next event; ignores it once the history and the interpreter have diverged. */
  take(event: HistoryEvent): ReplayStep;
  /** The run as it stands; `expected` has the commands that history does not show yet. */
  readonly now: ReplayedRun & { expected: readonly Command[] };
  /** Returns the run at the end of the history, which has diverged if the history lacks commands. */
  end(): ReplayedRun;
  /**
   * Returns a replay that stands where this one does and continues independently. The two share what never changes, so that the copy costs
   * less than the way there; the copy has its own observer, and reports no commands.
   */
  copy(observer?: Observer): Replay;
}

/** The options of a replay, in addition to the input of the run. */
export interface ReplayOptions {
  /** Temporal's id of the first run. */
  chain: string;
  /** Returns the hash of everything that the run was started with (BeginOptions). */
  content: () => string;
  /** The meter that is charged for all work of the replay. */
  meter?: ReplayMeter | undefined;
  /** Called with each command that history shows. */
  onCommand?: ((command: Command) => void) | undefined;
  /** Observes the values that the run computes. */
  observer?: Observer | undefined;
}

/**
 * Runs the interpreter again over the history of one run. The events of one activation are those between the starts of two workflow tasks
 * that completed; its time is the start of the completed one. Every command is compared with the history event that records it. When a run
 * continues as new, the history of the next run follows, which begins with the carried state.
 *
 * With a meter, taking an event throws ReplayExceeded when the meter is spent. The work of interpreters below 8 cannot be counted, so their
 * replay throws at once.
 */
export function createReplay(run: RunInput, input: Parameters, options: ReplayOptions): Replay {
  if (options.meter !== undefined && run.interpreter < BOUNDED_WORK) throw new ReplayExceeded();
  return new HistoryReplay(input, options, {
    current: run,
    begun: false,
    state: null,
    past: createPast(),
    tries: new Map(),
    keys: { work: new Map(), timer: new Map() },
    history: { length: 0, suggested: false },
    batch: [],
    expected: [],
    startedAt: 0,
    divergence: null,
    number: 0,
  });
}

/** Where a replay stands. */
interface Position {
  /** The input of the current run of the chain, and whether its first workflow task has completed. */
  current: RunInput;
  begun: boolean;
  state: RunState | null;
  past: GrowingPast;
  tries: Map<string, TryRecord>;
  keys: Keys;
  history: HistoryLength;
  /** The events that the next workflow task takes, and the commands that history does not show yet. */
  batch: RunEvent[];
  expected: Command[];
  /** When the latest workflow task started, in milliseconds. */
  startedAt: number;
  divergence: string | null;
  /** The number of events taken. */
  number: number;
}

class HistoryReplay implements Replay {
  readonly #input: Parameters;
  readonly #options: ReplayOptions;
  readonly #at: Position;

  constructor(input: Parameters, options: ReplayOptions, at: Position) {
    this.#input = input;
    this.#options = options;
    this.#at = at;
  }

  take(event: HistoryEvent): ReplayStep {
    const at = this.#at;
    at.number += 1;
    if (at.divergence !== null) return { stepped: false, began: null };
    const numbered = { event, number: at.number };
    const recorded = recordedCommand(event, at.keys.timer);
    if (recorded !== null) this.#takeCommand(numbered, recorded);
    const { keys, tries, current } = at;
    const happened = takeEvent(numbered, keys, tries, current.interpreter);
    if (happened !== null) at.batch.push(happened);
    const child = event.childWorkflowExecutionStartedEventAttributes;
    const began = child ? (keys.work.get(Number(child.initiatedEventId)) ?? null) : null;
    const task = event.workflowTaskStartedEventAttributes;
    if (task) {
      at.startedAt = eventTime(event);
      at.history = { length: Number(event.eventId), suggested: task.suggestContinueAsNew ?? false };
    }
    const stepped = Boolean(event.workflowTaskCompletedEventAttributes);
    if (stepped) this.#activate(event);
    return { stepped, began };
  }

  get now(): Replay['now'] {
    const { state, past, tries, divergence, expected } = this.#at;
    return { state, past, tries, divergence, expected };
  }

  end(): ReplayedRun {
    const { state, past, tries, divergence } = this.#at;
    const left = this.#commandLeft();
    // A run that is terminated or times out may end right after a workflow task.
    const missing = left === undefined ? null : `history lacks the command ${left.type} at its end`;
    return { state, past, tries, divergence: divergence ?? missing };
  }

  copy(observer?: Observer): Replay {
    const { onCommand: _, ...options } = this.#options;
    const { state, past, tries, keys, batch, expected, ...rest } = this.#at;
    return new HistoryReplay(
      this.#input,
      { ...options, observer },
      {
        ...rest,
        state: state === null ? null : copyState(state, observer),
        past: past.copy(),
        tries: copyTries(tries),
        keys: { work: new Map(keys.work), timer: new Map(keys.timer) },
        batch: [...batch],
        expected: [...expected],
      },
    );
  }

  #activate(event: HistoryEvent): void {
    const at = this.#at;
    const left = this.#commandLeft();
    if (left !== undefined) this.#diverge(`history lacks the command ${left.type} before event ${event.eventId}`);
    const { batch, history, startedAt } = at;
    if (at.state === null || !at.begun) {
      const { chain, content, meter, observer } = this.#options;
      const begun = begin(at.current, this.#input, startedAt, {
        events: batch,
        history,
        chain,
        content,
        replay: meter,
        observer,
      });
      at.state = begun.state;
      at.expected = begun.commands;
      at.begun = true;
    } else {
      // A workflow task without an event for the interpreter, such as the start of a sub-workflow, changes nothing.
      at.expected = batch.length === 0 ? [] : step(at.state, batch, startedAt, history);
    }
    at.batch = [];
  }

  #takeCommand({ event, number }: NumberedEvent, recorded: RecordedCommand): void {
    const { expected, keys, tries } = this.#at;
    const index = expected.findIndex((candidate) => matchesRecorded(candidate, recorded));
    const found = expected[index];
    if (found === undefined) {
      this.#diverge(`history event ${event.eventId} has no command: ${recorded.type}`);
      return;
    }
    remember({ event, number }, found, keys, tries);
    this.#options.onCommand?.(found);
    // One command to cancel work leads to a history event for each activity and timer.
    if (found.type !== 'cancel_work') expected.splice(index, 1);
    if (found.type === 'continue') this.#continueAs(found.run);
  }

  #continueAs(next: RunInput): void {
    const at = this.#at;
    if (at.state !== null) at.past.keep(at.state, next.carried);
    at.current = next;
    at.begun = false;
    at.keys = { work: new Map(), timer: new Map() };
    at.batch = [];
  }

  /** Returns a command that history must still show; undefined without one. */
  #commandLeft(): Command | undefined {
    return this.#at.expected.find(({ type }) => type !== 'cancel_work');
  }

  #diverge(what: string): void {
    this.#at.divergence ??= what;
  }
}

/** Copies the records of tries: those that have ended do not change any more. */
function copyTries(tries: ReadonlyMap<string, TryRecord>): Map<string, TryRecord> {
  const copied = new Map(tries);
  for (const [key, record] of tries) if (record.ended === null) copied.set(key, { ...record });
  return copied;
}
