import type { DecidedTransition, Observer } from '../interpreter/derive.ts';
import type { RunState } from '../interpreter/state.ts';
import type { HistoryEvent } from './history.ts';
import { createProjection, type Projection } from './project.ts';

/** A join that waits for more than has arrived. */
export interface WaitingJoin {
  task: string;
  needed: number;
  arrived: string[];
  missing: string[];
}

/** Returns the joins of a run that have some of the arrivals that they wait for. */
function waitingJoins(state: RunState): WaitingJoin[] {
  return [...state.gatherings.values()].flatMap(({ name, arrivals, fired }) => {
    const join = state.program.tasks.get(name)?.join;
    if (!join || fired || arrivals.size === 0) return [];
    const arrived = join.inbound.filter((task) => arrivals.has(task));
    const missing = join.inbound.filter((task) => !arrivals.has(task));
    return [{ task: name, needed: join.needed, arrived, missing }];
  });
}

/** Returns the waiting joins of a projected run; none for a run that the interpreter does not know. */
export function listWaitingJoins(projection: Projection | null): WaitingJoin[] {
  const replayed = projection?.replayed();
  return replayed?.state == null || replayed.divergence !== null ? [] : waitingJoins(replayed.state);
}

/** A run as it was at an event of its history, with the commands of that event's workflow task. */
export interface Moment {
  /** Takes the events of the whole history, with their numbers from 1. */
  take(event: HistoryEvent, number: number): void;
  /** Returns the projection; null: the history has no such event. */
  projection(): Projection | null;
  /** Returns the transitions that the run has decided upon at the event, in the workflow task whose commands it shows. */
  transitions(): TransitionTrace[];
}

/** A decision of a run about a transition of a visit that had ended. */
export interface TransitionTrace extends Omit<DecidedTransition, 'transition'> {
  on: DecidedTransition['transition']['on'];
  /** The text of its condition; null where it has none. */
  when: string | null;
  /** The tasks that it leads to, and its words `noop`, `fail` and `retry`. */
  to: string[];
  fired: boolean;
  /** The value of its condition; null when that was not evaluated. */
  value: boolean | null;
}

const WORDS = ['noop', 'fail', 'retry'] as const;

function traceOf({ transition, ...decided }: DecidedTransition): TransitionTrace {
  const { on, when, targets } = transition;
  const { reason } = decided;
  const evaluated = when !== null && (reason === 'fired' || reason === 'false');
  return {
    ...decided,
    fired: reason === 'fired',
    on,
    when: when?.kind === 'template' ? when.text : null,
    to: [...targets, ...WORDS.filter((word) => transition[word])],
    value: evaluated ? reason === 'fired' : null,
  };
}

/** Creates a moment at the event with a number; the moment must take the whole history. */
export function createMoment(workflowId: string, until: number): Moment {
  let decided: DecidedTransition[] = [];
  const observer: Observer = {
    derive: (_draws, _site, compute) => compute(),
    onTransition: (each) => {
      decided.push(each);
    },
  };
  const projection = createProjection(workflowId, { observer });
  let reached = false;
  let over = false;
  return {
    take(event, number) {
      // Temporal writes commands in one transaction with their workflow task.
      over ||= number > until && !isCommand(event);
      if (over) return;
      if (!isCommand(event)) decided = [];
      projection.take(event);
      reached ||= number === until;
    },
    projection: () => (reached ? projection : null),
    transitions: () => decided.map(traceOf),
  };
}

function isCommand(event: HistoryEvent): boolean {
  return Object.values(event).some(
    (attributes: unknown) =>
      typeof attributes === 'object' &&
      attributes !== null &&
      'workflowTaskCompletedEventId' in attributes &&
      Number(attributes.workflowTaskCompletedEventId) > 0,
  );
}
