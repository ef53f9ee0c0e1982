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
}

/** Creates a moment at the event with a number; the moment must take the whole history. */
export function createMoment(workflowId: string, until: number): Moment {
  const projection = createProjection(workflowId);
  let reached = false;
  let over = false;
  return {
    take(event, number) {
      // Temporal writes commands in one transaction with their workflow task.
      over ||= number > until && !isCommand(event);
      if (over) return;
      projection.take(event);
      reached ||= number === until;
    },
    projection: () => (reached ? projection : null),
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
