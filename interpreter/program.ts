import type { Definition, Task } from '../model/definition.ts';
import type { Issue } from '../model/issue.ts';
import { compileValue, type Reference, type TemplateValue } from './template-value.ts';

/** When a transition fires. */
export type TransitionOn = 'success' | 'failure' | 'complete';

/** An edge of the graph: what follows when a visit ended in a certain way. */
export interface Transition {
  on: TransitionOn;
  /** Names of tasks. */
  targets: string[];
  noop: boolean;
  fail: boolean;
}

/** A task, compiled. */
export interface ProgramTask {
  name: string;
  action: string;
  input: TemplateValue;
  transitions: Transition[];
  /** Extra attempts after the first, and seconds between them. */
  retry: { count: number; delay: number };
  /** Seconds for each attempt; undefined: the action's. */
  timeout: number | undefined;
}

/** A definition, indexed for running. The state of a run never holds a copy of what is in here. */
export interface Program {
  definition: Definition;
  /** Tasks in list order, or a graph; decides what the result of a run is. */
  order: 'list' | 'graph';
  tasks: ReadonlyMap<string, ProgramTask>;
  entries: readonly string[];
  variables: readonly (readonly [string, TemplateValue])[];
  issues: readonly Issue[];
  /** What the templates read: of each task by name, and of the variables. */
  references: { tasks: ReadonlyMap<string, readonly Reference[]>; variables: readonly (readonly Reference[])[] };
}

/**
 * Compiles a definition whose shape has been checked. Everything that can be found wrong is in `issues`, with pointers
 * below `/definition`; a program with issues must not be run.
 */
export function compileDefinition(definition: Definition): Program {
  const issues: Issue[] = [];
  const graph = isGraph(definition);
  const tasks = new Map<string, ProgramTask>();
  const references = new Map<string, Reference[]>();
  for (const [index, task] of definition.tasks.entries()) {
    const path = `/definition/tasks/${index}`;
    const read: Reference[] = [];
    const input = compileValue(task.input ?? {}, `${path}/input`, issues, read);
    const following = definition.tasks[index + 1];
    const transitions = graph
      ? transitionsOf(task)
      : following === undefined
        ? []
        : [{ on: 'success' as const, targets: [following.name], noop: false, fail: false }];
    if (tasks.has(task.name)) {
      issues.push({ code: 'duplicate_task', path: `${path}/name`, message: `another task is named "${task.name}"` });
      continue;
    }
    const retry = { count: task.retry?.count ?? 0, delay: task.retry?.delay ?? 0 };
    tasks.set(task.name, { name: task.name, action: task.action, input, transitions, retry, timeout: task.timeout });
    references.set(task.name, read);
  }
  const variableReferences: Reference[][] = [];
  const variables = Object.entries(definition.variables ?? {}).map(([name, value]) => {
    const read: Reference[] = [];
    variableReferences.push(read);
    return [name, compileValue(value, `/definition/variables/${name}`, issues, read)] as const;
  });
  const entries = entriesOf(definition, tasks, graph);
  return {
    definition,
    order: graph ? 'graph' : 'list',
    tasks,
    entries,
    variables,
    issues,
    references: { tasks: references, variables: variableReferences },
  };
}

/** A definition is a graph once a task declares a transition or `start` is given (design/language.md, Order). */
function isGraph(definition: Definition): boolean {
  if (definition.start !== undefined) return true;
  return definition.tasks.some((task) => [task.on_success, task.on_failure, task.on_complete].some(Boolean));
}

function entriesOf(definition: Definition, tasks: ReadonlyMap<string, ProgramTask>, graph: boolean): string[] {
  if (definition.start !== undefined) return definition.start;
  if (!graph) return definition.tasks.slice(0, 1).map((task) => task.name);
  const inbound = new Set<string>();
  for (const task of tasks.values()) {
    for (const transition of task.transitions) for (const target of transition.targets) inbound.add(target);
  }
  return [...tasks.keys()].filter((name) => !inbound.has(name));
}

function transitionsOf(task: Task): Transition[] {
  const transition = (on: TransitionOn, to: string | string[] | undefined): Transition[] => {
    if (to === undefined) return [];
    const words = typeof to === 'string' ? [to] : to;
    return [
      {
        on,
        targets: words.filter((word) => word !== 'noop' && word !== 'fail' && word !== 'continue'),
        noop: words.includes('noop'),
        fail: words.includes('fail'),
      },
    ];
  };
  return [
    ...transition('success', task.on_success),
    ...transition('failure', task.on_failure),
    ...transition('complete', task.on_complete),
  ];
}
