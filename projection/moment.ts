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

/** The joins of a run that have had a part of what they wait for. */
function waitingJoins(state: RunState): WaitingJoin[] {
  return [...state.gatherings.values()].flatMap(({ name, arrivals, fired }) => {
    const join = state.program.tasks.get(name)?.join;
    if (!join || fired || arrivals.size === 0) return [];
    const arrived = join.inbound.filter((task) => arrivals.has(task));
    const missing = join.inbound.filter((task) => !arrivals.has(task));
    return [{ task: name, needed: join.needed, arrived, missing }];
  });
}

/** The joins of a run as its projection tells them; none of a run that the interpreter does not know. */
export function joinsOf(projection: Projection | null): WaitingJoin[] {
  const replayed = projection?.replayed();
  return replayed?.state == null || replayed.divergence !== null ? [] : waitingJoins(replayed.state);
}

/** A run as it was at an event of its history, with what that event's workflow task has commanded. */
export interface Moment {
  /** Takes the events of the whole history, with their numbers from 1. */
  take(event: HistoryEvent, number: number): void;
  /** Null: there is no such event. */
  projection(): Projection | null;
}

/** A moment, by the number of an event; to be shown the whole history. */
export function createMoment(workflowId: string, until: number): Moment {
  const projection = createProjection(workflowId);
  let reached = false;
  let over = false;
  return {
    take(event, number) {
      // Commands are written in one transaction with the workflow task that gave them.
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
