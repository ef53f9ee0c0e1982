import type { RunState } from '../../interpreter/state.ts';
import type { ReplayedRun } from '../replay/replay.ts';

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
export function listWaitingJoins(projection: { replayed(): ReplayedRun | null } | null): WaitingJoin[] {
  const replayed = projection?.replayed();
  return replayed?.state == null || replayed.divergence !== null ? [] : waitingJoins(replayed.state);
}
