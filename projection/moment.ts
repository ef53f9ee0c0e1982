import type { TransitionTrace } from '../model/transition-trace.ts';
import type { HistoryEvent } from './history.ts';
import { createProjection, type Projection } from './project.ts';
import { isCommand, type TracedRun, traceRun } from './runs/traces.ts';

/** An event of a history, by its number from 1; `traced`: with the transitions that the run has decided upon there, which cost work. */
export interface MomentOf {
  event: number;
  traced: boolean;
}

/** A run as it was at an event of its history, with the commands of that event's workflow task. */
export interface Moment {
  /** Takes the events of the whole history, with their numbers from 1. */
  take(event: HistoryEvent, number: number): void;
  /** Returns the projection; null: the history has no such event. */
  projection(): Projection | null;
  /** Returns the transitions that the run has decided upon at the event, in the workflow task whose commands it shows; none unless traced. */
  transitions(): TransitionTrace[];
}

/** Creates a moment at an event; the moment must take the whole history. */
export function createMoment(workflowId: string, { event: until, traced }: MomentOf): Moment {
  const followed = traced ? traceRun((observer) => createProjection(workflowId, { observer })) : follow(workflowId);
  let reached = false;
  let over = false;
  return {
    take(event, number) {
      // Temporal writes commands in one transaction with their workflow task.
      over ||= number > until && !isCommand(event);
      if (over) return;
      followed.take(event);
      reached ||= number === until;
    },
    projection: () => (reached ? followed.run : null),
    transitions: () => followed.transitions(),
  };
}

function follow(workflowId: string): Omit<TracedRun<Projection>, 'copy'> {
  const run = createProjection(workflowId);
  return { run, take: (event) => run.take(event), transitions: () => [] };
}
