import type { Assignments } from '../language/program.ts';
import { renderValue } from '../language/template-value.ts';
import { scopeOf, type Viewpoint } from './scope.ts';
import type { Published, RunState, Variables } from './state.ts';

/** The variables after some assignments, each seeing the earlier ones. Throws a RenderError; then nothing has changed. */
export function publish(state: RunState, assignments: Assignments, viewpoint: Viewpoint): Variables {
  if (assignments.length === 0) return viewpoint.variables;
  const variables = new Map(viewpoint.variables);
  for (const [name, template] of assignments) {
    const value = renderValue(template, scopeOf(state, { ...viewpoint, variables }));
    state.published += 1;
    variables.set(name, { number: state.published, value });
  }
  return variables;
}

/** Notes the variables of a branch that has ended. */
export function endBranch(state: RunState, variables: Variables): void {
  mergeInto(state.ended, variables);
}

/** The variables of all branches, those that are held back or under way as they stand. */
export function mergedVariables(state: RunState): Variables {
  const merged = new Map(state.variables);
  mergeInto(merged, state.ended);
  state.visits.forEach(({ endedAt, variables }) => {
    if (endedAt === null) mergeInto(merged, variables);
  });
  for (const { arrivals } of state.gatherings.values()) {
    for (const { variables } of arrivals.values()) mergeInto(merged, variables);
  }
  return merged;
}

/** Of two branches the later publish of a name wins, so that an inherited value never overwrites a changed one. */
export function mergeInto(merged: Map<string, Published>, variables: Variables): void {
  for (const [name, published] of variables) {
    const other = merged.get(name);
    if (other === undefined || other.number < published.number) merged.set(name, published);
  }
}
