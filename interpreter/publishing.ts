import { type Assignments, renderValue } from '../language/templates/value.ts';
import { derive } from './derive.ts';
import { createScope, type Viewpoint } from './scope.ts';
import type { RunState } from './state.ts';
import type { Published, Variables } from './variables.ts';

/**
 * Returns the variables after some assignments, each of which sees the earlier ones. Throws a RenderError, leaving the variables as they
 * were.
 */
export function publish(state: RunState, assignments: Assignments, viewpoint: Viewpoint): Variables {
  if (assignments.length === 0) return viewpoint.variables;
  const changes = new Map<string, Published>();
  const variables = viewpoint.variables.below(changes);
  for (const [name, template] of assignments) {
    const scope = createScope(state, { ...viewpoint, variables });
    const value = derive(state, 'template', () => renderValue(template, scope));
    state.published += 1;
    changes.set(name, { number: state.published, value });
  }
  return viewpoint.variables.with(changes);
}
