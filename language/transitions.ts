import type { Definition, Task } from '../model/definition.ts';
import { DO_WORDS } from '../model/words.ts';
import type { TemplateCompiler } from './templates/compiler.ts';
import type { Assignments, TemplateValue } from './templates/value.ts';

/** The end of a task after which a transition fires. */
export type TransitionOn = 'success' | 'failure' | 'complete';

/** An edge of the graph: the tasks that follow a certain end of a visit. */
export interface Transition {
  on: TransitionOn;
  /** The condition, in addition to `on`; null: there is none. */
  when: TemplateValue | null;
  publish: Assignments;
  /** Names of tasks. */
  targets: string[];
  noop: boolean;
  fail: boolean;
  /** Whether it leads to a new visit of the same task. */
  retry: boolean;
}

/** Returns the normalized text of a transition's condition; null where it has none. */
export function conditionText({ when }: Transition): string | null {
  return when?.kind === 'template' ? when.text.replaceAll(/[{}\s]/g, '') : null;
}

/** Returns whether a transition can fire after an end of its task, as far as its condition only depends on that. */
export function firesAfter(transition: Transition, end: 'success' | 'failure'): boolean {
  const { on } = transition;
  if (on !== 'complete') return on === end;
  const text = conditionText(transition);
  if (text === 'succeeded()') return end === 'success';
  return text === 'failed()' || text === 'timed_out()' ? end === 'failure' : true;
}

/** Returns whether a transition fires each time that its task has an end after which it can fire. */
export function isCertain(transition: Transition): boolean {
  if (transition.when === null) return true;
  const text = conditionText(transition);
  return transition.on === 'complete' && (text === 'succeeded()' || text === 'failed()');
}

/** Returns the fields of a task that name other tasks, with their words. */
export function namedTargets(task: Task): { field: string; on: TransitionOn; words: string[]; bare: boolean }[] {
  const field = (name: string, on: TransitionOn, value: string | string[] | undefined) =>
    value === undefined
      ? []
      : [{ field: name, on, words: typeof value === 'string' ? [value] : value, bare: typeof value === 'string' }];
  return [
    ...field('on_success', 'success', task.on_success),
    ...field('on_failure', 'failure', task.on_failure),
    ...field('on_complete', 'complete', task.on_complete),
    ...(task.next ?? []).flatMap((next, index) => field(`next/${index}/do`, 'complete', next.do)),
  ];
}

/** Compiles the transitions that a task declares, in order. */
export function compileTransitions(task: Task, path: string, compiler: TemplateCompiler): Transition[] {
  if (task.next !== undefined) {
    return task.next.map(({ when, publish, do: words = [] }, index) => ({
      ...transition('complete', typeof words === 'string' ? [words] : words),
      when: when === undefined ? null : compiler.condition(when, `${path}/next/${index}/when`),
      publish: compiler.assignments(publish, `${path}/next/${index}/publish`),
    }));
  }
  return namedTargets(task).map(({ on, words }) => transition(on, words));
}

/** Returns the transition to the next task of a list; none for the last one, and for a task that is not in the list. */
export function listTransition(name: string, list: readonly string[], on: TransitionOn): Transition[] {
  const index = list.indexOf(name);
  const following = index === -1 ? undefined : list[index + 1];
  return following === undefined ? [] : [transition(on, [following])];
}

function transition(on: TransitionOn, words: readonly string[]): Transition {
  return {
    on,
    when: null,
    publish: [],
    targets: words.filter((word) => !(DO_WORDS as readonly string[]).includes(word)),
    noop: words.includes('noop'),
    fail: words.includes('fail'),
    retry: words.includes('retry'),
  };
}

/** Returns the tasks that only the cleanup leads to: they belong neither to the list nor to the graph of normal work. */
export function cleanupOnly(definition: Definition, entries: readonly string[]): Set<string> {
  const following = new Map(
    definition.tasks.map((task) => [task.name, namedTargets(task).flatMap(({ words }) => words)]),
  );
  const cleaning = reachable(entries, following);
  const normal = [...following.keys()].filter((name) => !cleaning.has(name));
  const led = reachable([...normal, ...(definition.start ?? [])], following);
  return new Set([...cleaning].filter((name) => following.has(name) && !led.has(name)));
}

/** Returns all tasks that can be reached from some tasks, including these. */
export function reachable(from: Iterable<string>, following: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set(from);
  for (const name of reached) for (const target of following.get(name) ?? []) reached.add(target);
  return reached;
}
