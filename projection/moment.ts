import type { TransitionTrace } from '../model/transition-trace.ts';
import type { HistoryEvent } from './history.ts';
import { createProjection, type Projection } from './project.ts';
import { isCommand, traceRun } from './runs/traces.ts';

/** A run as it was at an event of its history, with the commands of that event's workflow task. */
export interface Moment {
  /** Takes the events of the whole history, with their numbers from 1. */
  take(event: HistoryEvent, number: number): void;
  /** Returns the projection; null: the history has no such event. */
  projection(): Projection | null;
  /** Returns the transitions that the run has decided upon at the event, in the workflow task whose commands it shows. */
  transitions(): TransitionTrace[];
}

/** Creates a moment at the event with a number; the moment must take the whole history. */
export function createMoment(workflowId: string, until: number): Moment {
  const traced = traceRun((observer) => createProjection(workflowId, { observer }));
  let reached = false;
  let over = false;
  return {
    take(event, number) {
      // Temporal writes commands in one transaction with their workflow task.
      over ||= number > until && !isCommand(event);
      if (over) return;
      traced.take(event);
      reached ||= number === until;
    },
    projection: () => (reached ? traced.run : null),
    transitions: () => traced.transitions(),
  };
}
