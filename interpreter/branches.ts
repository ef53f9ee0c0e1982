import type { RunState } from './state.ts';
import { Variables } from './variables.ts';

/** Records the variables of a branch that has ended. */
export function endBranch(state: RunState, variables: Variables): void {
  state.ended = state.ended.merged(variables);
}

/** Merges the variables of all branches, including those that have not ended. */
export function mergedVariables(state: RunState): Variables {
  let merged = state.variables.merged(state.ended);
  state.visits.forEach(({ endedAt, variables }) => {
    if (endedAt === null) merged = merged.merged(variables);
  });
  for (const { arrivals } of state.gatherings.values()) {
    for (const { variables } of arrivals.values()) merged = merged.merged(variables);
  }
  return merged;
}

/** Merges the variables of several branches. Never returns one of its arguments. */
export function mergedWith(variables: Variables, others: readonly Variables[]): Variables {
  return others.reduce((merged, other) => merged.merged(other), new Variables().merged(variables));
}
