import type { CarriedState } from '../../model/carried-state.ts';
import type { Definition } from '../../model/definition.ts';
import type { Issue } from '../../model/issue.ts';
import { canonicalJson, type Json } from '../../model/json.ts';
import type { EmbeddedWorkflow, RunInput } from '../../model/run-input.ts';
import { parseTaskKey } from '../../model/task-key.ts';

/** The part of an ended run that a retry keeps, with its sub-workflows that are run again, by the key of the work that started them. */
export interface KeptRun {
  run: RunInput;
  state: CarriedState;
  children: Record<string, KeptRun>;
}

/**
 * Finds why a retry cannot continue with a definition, which must have every task whose execution is kept, unchanged if it is done;
 * likewise for the sub-workflows that continue. `path` leads to the sub-workflow: the keys of its work and of the work above it, each
 * with a slash.
 */
export function* findLostTasks(
  { run, state, children }: KeptRun,
  definition: Definition,
  workflows: Readonly<Record<string, EmbeddedWorkflow>>,
  path = '',
): Generator<Issue> {
  const tasks = new Map(definition.tasks.map((task) => [task.name, task]));
  for (const name of new Set(state.visits.map((visit) => visit.name))) {
    if (!tasks.has(name)) yield stateKept('/version', `the new version has no task "${path}${name}"`);
  }
  for (const name of new Set(state.gatherings.map((gathering) => gathering.name))) {
    if (tasks.get(name)?.join === undefined) {
      yield stateKept('/version', `the task "${path}${name}" is not a join in the new version`);
    }
  }
  const done = new Set(state.visits.filter(({ status }) => status !== 'held').map(({ name }) => name));
  for (const name of done) {
    const before = run.definition.tasks.find((task) => task.name === name);
    if (tasks.has(name) && comparable(before) !== comparable(tasks.get(name))) {
      yield stateKept('/version', `the task "${path}${name}" has completed and differs in the new version`);
    }
  }
  for (const [key, child] of Object.entries(children)) {
    const ref = actionOf(definition, key);
    if (ref === child.run.ref) yield* findLostTasks(child, workflows[ref]!.definition, workflows, `${path}${key}/`);
  }
}

/** Returns the state of a run with the states of its sub-workflows; a sub-workflow whose task now runs another workflow starts anew. */
export function stateWithChildren(
  { state, children }: KeptRun,
  { definition, workflows = {} }: Pick<RunInput, 'definition' | 'workflows'>,
): CarriedState {
  const states = Object.entries(children).flatMap(([key, child]): [string, CarriedState][] => {
    const ref = actionOf(definition, key);
    if (ref !== child.run.ref) return [];
    return [[key, stateWithChildren(child, { definition: workflows[ref]!.definition, workflows })]];
  });
  return states.length === 0 ? state : { ...state, children: Object.fromEntries(states) };
}

/** Returns why a retry would change what it keeps; `path` points into the request. */
export function stateKept(path: string, message: string): Issue {
  return { code: 'state_kept', path, message };
}

/** Serializes a task so that equal tasks have equal texts: earlier releases stored a retry without its default delay. */
function comparable(task: Definition['tasks'][number] | undefined): string {
  const whole = task?.retry === undefined ? task : { ...task, retry: { delay: 0, ...task.retry } };
  return canonicalJson(whole as unknown as Json);
}

/** Returns the action of the task that a key of work belongs to; undefined when there is no such task. */
function actionOf({ tasks }: Definition, key: string): string | undefined {
  const { name } = parseTaskKey(key);
  return tasks.find((task) => task.name === name)?.action;
}
