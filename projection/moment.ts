import type { RunState } from '../interpreter/state.ts';
import type { Execution } from '../model/execution.ts';
import { type HistoryEvent, replayHistory } from './history.ts';
import { projectExecution } from './project.ts';

/** A join that waits for more than has arrived. */
export interface WaitingJoin {
  task: string;
  needed: number;
  arrived: string[];
  missing: string[];
}

/** The joins of a run that have had a part of what they wait for. */
export function waitingJoins(state: RunState): WaitingJoin[] {
  return [...state.gatherings.values()].flatMap(({ name, arrivals, fired }) => {
    const join = state.program.tasks.get(name)?.join;
    if (!join || fired || arrivals.size === 0) return [];
    const arrived = join.inbound.filter((task) => arrivals.has(task));
    const missing = join.inbound.filter((task) => !arrivals.has(task));
    return [{ task: name, needed: join.needed, arrived, missing }];
  });
}

/** The joins of a run as its history tells them; none of a run that the interpreter does not know. */
export function joinsOf(
  { run, input }: Pick<Execution, 'run' | 'input'>,
  history: readonly HistoryEvent[],
): WaitingJoin[] {
  if (run === null) return [];
  const { state, divergence } = replayHistory(run, input as Parameters<typeof replayHistory>[1], history);
  return state === null || divergence !== null ? [] : waitingJoins(state);
}

/** A run as it was at an event of its history, with what that event's workflow task has commanded; null: no such event. */
export function projectAt(
  workflowId: string,
  history: readonly HistoryEvent[],
  event: number,
): { execution: Execution; history: readonly HistoryEvent[] } | null {
  if (!history.some(({ eventId }) => Number(eventId) === event)) return null;
  let end = history.findIndex(({ eventId }) => Number(eventId) === event) + 1;
  // Commands are written in one transaction with the workflow task that gave them.
  while (end < history.length && isCommand(history[end]!)) end += 1;
  const until = history.slice(0, end);
  return { execution: projectExecution(workflowId, until), history: until };
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
