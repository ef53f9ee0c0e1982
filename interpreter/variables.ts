import type { Assignments } from '../language/program.ts';
import { renderValue } from '../language/template-value.ts';
import { Layers } from './layers.ts';
import { scopeOf, type Viewpoint } from './scope.ts';
import type { Published, RunState, Variables } from './state.ts';

/** The variables after some assignments, each seeing the earlier ones. Throws a RenderError; then nothing has changed. */
export function publish(state: RunState, assignments: Assignments, viewpoint: Viewpoint): Variables {
  if (assignments.length === 0) return viewpoint.variables;
  const changes = new Map<string, Published>();
  const variables = viewpoint.variables.below(changes);
  for (const [name, template] of assignments) {
    const value = renderValue(template, scopeOf(state, { ...viewpoint, variables }));
    state.published += 1;
    changes.set(name, { number: state.published, value });
  }
  return viewpoint.variables.with(changes);
}

/** Notes the variables of a branch that has ended. */
export function endBranch(state: RunState, variables: Variables): void {
  state.ended = state.ended.merged(variables);
}

/** The variables of all branches, those that are held back or under way as they stand. */
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

/** The variables of a branch with those of others; never the same object as any of them. */
export function mergedWith(variables: Variables, others: readonly Variables[]): Variables {
  return others.reduce((merged, other) => merged.merged(other), new Layers().merged(variables));
}
