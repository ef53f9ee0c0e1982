import type { Scope } from '../expression/evaluator.ts';
import { Callable, type Value } from '../expression/values.ts';
import type { Failure } from '../model/failure.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { RunState, Visit } from './state.ts';

/** The names that a template sees in the input of a visit, or, without one, when the run starts (design/language.md, Names). */
export function scopeOf(state: RunState, visit: Visit | null): Scope {
  const { input, variables, info } = state;
  const lookup = (root: string): Value | undefined => {
    switch (root) {
      case 'workflow':
        return { param: input, ref: info.ref, version: info.version };
      case 'now':
        return new Callable(() => new Date(state.now).toISOString());
      case 'execution':
        return { id: info.id };
      case 'parameters':
        return input;
      case 'variables':
      case 'vars':
        return variables;
      case 'task':
      case 'tasks':
        return visit === null ? undefined : allTasks(state, visit);
      case 'error':
        return visit?.error == null ? undefined : failureValue(state.visits[visit.error]?.failure ?? null);
      default:
        if (Object.hasOwn(variables, root)) return variables[root];
        if (Object.hasOwn(input, root)) return input[root];
        return visit === null ? undefined : taskValue(state, visit, root);
    }
  };
  const names = () => [...Object.keys(variables), ...Object.keys(input), ...(visit ? state.visitsOf.keys() : [])];
  return { lookup, names };
}

function allTasks(state: RunState, visit: Visit): JsonObject {
  const tasks: JsonObject = {};
  // Read lazily: a definition may have a thousand tasks, and a path reads one of them.
  for (const name of state.visitsOf.keys()) {
    Object.defineProperty(tasks, name, { enumerable: true, get: () => taskValue(state, visit, name) });
  }
  return tasks;
}

function taskValue(state: RunState, from: Visit, name: string): Json | undefined {
  const visit = visitSeen(state, from, name);
  if (visit === undefined) return undefined;
  return { output: visit.output, status: visit.status, error: failureValue(visit.failure) };
}

/** The visit that a task's name means: the one on the path that led here, or else the one that completed last. */
function visitSeen(state: RunState, from: Visit, name: string): Visit | undefined {
  const indexes = state.visitsOf.get(name) ?? [];
  if (indexes.length === 1) return state.visits[indexes[0]!];
  for (let index = from.from[0]; index !== undefined; index = state.visits[index]!.from[0]) {
    const visit = state.visits[index]!;
    if (visit.name === name) return visit;
  }
  let last: Visit | undefined;
  for (const index of indexes) {
    const visit = state.visits[index]!;
    if (visit.endedAt !== null && visit.endedAt > (last?.endedAt ?? -1)) last = visit;
  }
  return last;
}

/** A failure as templates and answers see it: no field is absent that it has. */
function failureValue(failure: Failure | null): Json {
  if (failure === null) return null;
  const { cause, ...rest } = failure;
  return { ...rest, ...(cause === undefined ? {} : { cause: failureValue(cause) }) };
}
