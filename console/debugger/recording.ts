import { createEvaluated } from '../../interpreter/evaluations.ts';
import type { Command } from '../../interpreter/events.ts';
import type { HistoryEvent } from '../../projection/history.ts';
import { readClosing } from '../../projection/runs/closing.ts';
import { FollowedRun } from '../../projection/runs/followed-run.ts';
import { isCommand, type TracedRun, traceRun } from '../../projection/runs/traces.ts';
import { createChangeTracker, type EventChanges } from './changes.ts';
import { findKey } from './events.ts';
import type { ReadHistory } from './history-file.ts';
import type { Verification } from './protocol.ts';

/** The events between two copies at first, and the most copies: with more than that, every second one is dropped. */
export interface CopyLimits {
  spacing: number;
  most: number;
}

const LIMITS: CopyLimits = { spacing: 250, most: 64 };

/** A run that was recomputed once, from its first event to its last. Places are indexes of `events`. */
export interface Recording {
  events: readonly HistoryEvent[];
  /** The number of the first event. */
  firstEvent: number;
  /** For each event the place of the one that its changes belong to: of a command that of its workflow task, otherwise its own. */
  starts: Int32Array;
  /** For each event the key of the try or the timer that it is about; null: none. */
  keys: readonly (string | null)[];
  /** The changes that events have made, by their places; an event that is missing has changed nothing. */
  changes: ReadonlyMap<number, EventChanges>;
  /** Copies of the run before the event at a place, in order, the first one before the first event. */
  copies: readonly RunCopy[];
  verification: Verification;
}

/** A copy of a run that has taken the events before a place. */
export interface RunCopy {
  at: number;
  traced: TracedRun<FollowedRun>;
}

/** Runs through a history once. */
export function recordRun(history: ReadHistory, limits = LIMITS): Recording {
  const events = history.runs.flatMap((run) => run.events);
  const firstEvent = history.runs[0]!.firstEvent;
  const starts = findStarts(events);
  const keys: (string | null)[] = [];
  const changes = new Map<number, EventChanges>();
  const tracker = createChangeTracker();
  const copies = new Copies(limits);
  let taken = 0;
  let differsAt: number | null = null;
  const onCommand = (command: Command) => {
    if ('key' in command) keys[taken] = command.key;
  };
  const traced = traceRun(
    (observer) => new FollowedRun(history.workflowId, { observer, onCommand }),
    createObserver(history),
  );
  const { run } = traced;

  /** Ends the event at a place, whose commands have been taken. */
  function end(start: number): void {
    const event = events[start]!;
    const mayBeAny =
      Boolean(event.workflowTaskCompletedEventAttributes) || readClosing(events[taken - 1]!, true) !== null;
    const found = tracker.find(run, { key: keys[start] ?? null, mayBeAny });
    if (found.tasks.length > 0 || found.variables || found.joins) changes.set(start, found);
    copies.offer(taken, traced);
  }

  copies.offer(0, traced);
  for (const part of history.runs) {
    const base = taken;
    for (const event of part.events) {
      keys.push(findKey(event, (id) => keys[base + id - 1] ?? null));
      traced.take(event);
      if (differsAt === null && run.divergence !== null) differsAt = taken;
      taken += 1;
      if (taken === events.length || starts[taken] === taken) end(starts[taken - 1]!);
    }
  }
  return { events, firstEvent, starts, keys, changes, copies: copies.list, verification: verify() };

  function verify(): Verification {
    const last = events.at(-1)!;
    const { divergence = null } = run.replayed() ?? {};
    const of = events.length;
    if (divergence === null) return verified(of);
    if (differsAt !== null) return differs(differsAt, firstEvent + differsAt, of, divergence);
    // History may end between a workflow task and its commands.
    if (readClosing(last, true) === null && !last.workflowExecutionContinuedAsNewEventAttributes) {
      return pending(starts[of - 1]!, of);
    }
    return differs(of - 1, firstEvent + of - 1, of, divergence);
  }
}

function createObserver({ masked, evaluations, runs }: ReadHistory) {
  const first = runs[0]!.firstEvaluation;
  return masked && first !== null ? createEvaluated(evaluations, first - 1) : undefined;
}

function findStarts(events: readonly HistoryEvent[]): Int32Array {
  const starts = new Int32Array(events.length);
  for (const [at, event] of events.entries()) starts[at] = at > 0 && isCommand(event) ? starts[at - 1]! : at;
  return starts;
}

/** Copies of a run at distances that double whenever there are too many. */
class Copies {
  list: RunCopy[] = [];
  readonly #most: number;
  #spacing: number;

  constructor({ spacing, most }: CopyLimits) {
    this.#spacing = spacing;
    this.#most = most;
  }

  /** Takes a copy of a run that has taken the events before a place, unless the last copy is near. */
  offer(at: number, traced: TracedRun<FollowedRun>): void {
    const last = this.list.at(-1);
    if (last !== undefined && at < last.at + this.#spacing) return;
    this.list.push({ at, traced: traced.copy() });
    if (this.list.length <= this.#most) return;
    this.list = this.list.filter((_, index) => index % 2 === 0);
    this.#spacing *= 2;
  }
}

function verified(events: number): Verification {
  const sentence = `Verified: recomputed from history, ${events} of ${events} events agree`;
  return { state: 'verified', agree: events, events, event: null, difference: null, sentence };
}

function differs(agree: number, event: number, events: number, difference: string): Verification {
  const sentence = `Differs at event ${event}: ${difference}`;
  return { state: 'differs', agree, events, event, difference, sentence };
}

function pending(agree: number, events: number): Verification {
  const sentence = `Not verified yet: the history lacks the commands of the last workflow task, ${agree} of ${events} events agree`;
  return { state: 'pending', agree, events, event: null, difference: null, sentence };
}
