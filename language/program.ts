import type { Definition, Task } from '../model/definition.ts';
import { type Issue, jsonPointer, Suggestions } from '../model/issue.ts';
import type { Json } from '../model/json.ts';
import { type TaskGraph, taskGraph } from './task-graph.ts';
import {
  type Compilation,
  compileCondition,
  compileValue,
  type Reference,
  type SecretUse,
  type TemplateValue,
} from './template-value.ts';
import {
  cleanupOnly,
  compileTransitions,
  conditionText,
  firesAfter,
  isCertain,
  listTransition,
  type Transition,
} from './transitions.ts';

/** Names and what they are set to, in order. */
export type Assignments = readonly (readonly [string, TemplateValue])[];

/** Further attempts of a task: `count` after the first; `delay` and `maxDelay` in seconds, multiplied by `factor`. */
export interface Retry {
  count: number;
  delay: number;
  factor: number;
  maxDelay: number | null;
  /** Whether a failure is tried again; with it the interpreter makes the attempts, not Temporal's retry policy. */
  when: TemplateValue | null;
}

/** A task, compiled. */
export interface ProgramTask {
  name: string;
  /** Its position in the definition. */
  index: number;
  action: string;
  input: TemplateValue;
  publish: Assignments;
  transitions: Transition[];
  retry: Retry;
  /** Seconds for each attempt; undefined: the action's. */
  timeout: number | undefined;
  /** Seconds before it starts. */
  delay: TemplateValue | null;
  /** What it waits for; null: it runs once for each arrival. */
  join: Join | null;
  /** Each visit begins a lineage of its own for what follows: several tasks lead here, outside a loop. */
  opensLineage: boolean;
  /**
   * Whether several transitions of one task, outside a loop, lead here together, so that a run opens a lineage for each: each time that
   * it succeeds, or each time that it fails; or where a condition holds as well. Null: no, as far as is known.
   */
  several: 'certain' | 'possible' | null;
  items: ItemsPlan | null;
}

/** A task that waits for several others (design/language.md, Join). */
export interface Join {
  /** How many tasks must arrive, of how many that lead here. */
  needed: number;
  inbound: readonly string[];
  /** It lies with all of them in one loop: the m-th arrival of each belongs to round m. */
  rounds: boolean;
}

/** A task that runs once for each item of a list (design/language.md, with_items). */
export interface ItemsPlan {
  list: TemplateValue;
  concurrency: TemplateValue | null;
  /** Whether all are run although one has failed. */
  finish: boolean;
}

/** From where a template is read, which decides what names it can see (design/language.md, Names). */
export type Reader =
  | { at: 'task' | 'end'; task: string; items: boolean }
  | { at: 'when' }
  | { at: 'key' }
  | { at: 'variable'; name: string }
  | { at: 'output' };

/** What the templates of one place read. */
export interface Reading {
  reader: Reader;
  references: readonly Reference[];
}

/** A definition, indexed for running. The state of a run never holds a copy of what is in here. */
export interface Program {
  definition: Definition;
  /** Tasks in list order, or a graph; decides what the result of a run is. */
  order: 'list' | 'graph';
  tasks: ReadonlyMap<string, ProgramTask>;
  entries: readonly string[];
  /** Over the parameters: false closes the run as skipped. */
  when: TemplateValue | null;
  variables: Assignments;
  /** By name, or one value; null: the result is made of the tasks' outputs. */
  output: { named: Assignments } | { whole: TemplateValue } | null;
  /** What runs after a cancel request or the run's timeout: first tasks, and whether all its tasks run in list order. */
  cleanup: { entries: readonly string[]; order: 'list' | 'graph' };
  /** Tasks that only the cleanup leads to. */
  cleanupOnly: ReadonlySet<string>;
  graph: TaskGraph;
  issues: readonly Issue[];
  readings: readonly Reading[];
}

/**
 * Compiles a definition whose shape has been checked. Everything that can be found wrong is in `issues`, with pointers
 * below `/definition`; a program with issues must not be run. `secrets`: whether it knows them. `warnings` takes those of templates when a
 * definition is written; null: it runs.
 */
export function compileDefinition(
  definition: Definition,
  secrets = true,
  suggestions = new Suggestions(),
  warnings: Issue[] | null = null,
): Program {
  const useIn = (input: boolean): SecretUse => (!secrets ? 'unknown' : input ? 'allowed' : 'refused');
  const issues: Issue[] = [];
  const readings: Reading[] = [];
  const compiler = (reader: Reader): Compiler => {
    const references: Reference[] = [];
    readings.push({ reader, references });
    const compilation = (input: boolean): Compilation => ({
      issues,
      references,
      secrets: useIn(input),
      suggestions,
      warnings,
    });
    return {
      value: (value, path, input = false) => compileValue(value, path, compilation(input)),
      condition: (text, path) => compileCondition(text, path, compilation(false)),
      assignments: (values, path) =>
        Object.entries(values ?? {}).map(([name, value]) => [
          name,
          compileValue(value, `${path}${jsonPointer([name])}`, compilation(false)),
        ]),
    };
  };
  const when =
    definition.when === undefined ? null : compiler({ at: 'when' }).condition(definition.when, '/definition/when');
  if (definition.concurrency_key !== undefined) {
    compiler({ at: 'key' }).value(definition.concurrency_key.key, '/definition/concurrency_key/key');
  }
  const variables: Assignments = Object.entries(definition.variables ?? {}).map(([name, value]) => {
    return [name, compiler({ at: 'variable', name }).value(value, `/definition/variables/${name}`)] as const;
  });
  const onCancel = cleanupEntries(definition);
  const cleanup = cleanupOnly(definition, onCancel);
  const order =
    isGraph(definition.tasks.filter(({ name }) => !cleanup.has(name))) || definition.start ? 'graph' : 'list';
  const cleanupOrder = isGraph(definition.tasks.filter(({ name }) => cleanup.has(name))) ? 'graph' : 'list';
  const inList = {
    main: order === 'list' ? definition.tasks.flatMap(({ name }) => (cleanup.has(name) ? [] : [name])) : [],
    cleanup: cleanupOrder === 'list' ? onCancel.filter((name) => cleanup.has(name)) : [],
  };
  const tasks = new Map<string, ProgramTask>();
  for (const [index, task] of definition.tasks.entries()) {
    const path = `/definition/tasks/${index}`;
    const reader = (at: 'task' | 'end', items = false) => compiler({ at, task: task.name, items });
    const withItems = task.with_items !== undefined;
    const before = reader('task');
    const after = reader('end');
    if (tasks.has(task.name)) {
      issues.push({ code: 'duplicate_task', path: `${path}/name`, message: `another task is named "${task.name}"` });
      continue;
    }
    tasks.set(task.name, {
      name: task.name,
      index,
      action: task.action,
      input: reader('task', withItems).value(task.input ?? {}, `${path}/input`, true),
      publish: after.assignments(task.publish, `${path}/publish`),
      transitions: [
        ...compileTransitions(task, path, after),
        ...listTransition(task.name, inList.main, 'success'),
        // What cleans up goes on after a step that failed.
        ...listTransition(task.name, inList.cleanup, 'complete'),
      ],
      retry: compileRetry(task, path, reader('end', withItems)),
      timeout: task.timeout,
      delay: task.delay === undefined ? null : before.value(task.delay, `${path}/delay`),
      // What leads here is known once all tasks are.
      join: null,
      opensLineage: false,
      several: null,
      items: compileItems(task, path, before),
    });
  }
  const entries = entriesOf(definition, tasks, order, cleanup);
  const graph = taskGraph(tasks.values());
  for (const task of tasks.values()) {
    addArrivals(task, definition.tasks[task.index]!.join, graph, entries);
    if (task.join !== null || graph.inLoop(task.name)) continue;
    const found = [...(graph.inbound.get(task.name) ?? [])].map((name) => leadsTwice(tasks.get(name)!, task.name));
    task.several = found.find((several) => several === 'certain') ?? found.find((several) => several !== null) ?? null;
  }
  return {
    definition,
    order,
    tasks,
    entries,
    when,
    variables,
    cleanupOnly: cleanup,
    graph,
    issues,
    readings,
    output: compileOutput(definition, compiler({ at: 'output' })),
    cleanup: { order: cleanupOrder, entries: cleanupOrder === 'list' ? inList.cleanup.slice(0, 1) : onCancel },
  };
}

/** The names that a task sets, on itself or on a transition; one may stand there more than once. */
export function publishedBy({ publish, transitions }: ProgramTask): string[] {
  return [publish, ...transitions.map((transition) => transition.publish)].flat().map(([name]) => name);
}

/** Compiles the parts of one place in a definition. */
export interface Compiler {
  /** `input`: it is that of a task. */
  value(value: Json, path: string, input?: boolean): TemplateValue;
  condition(text: string, path: string): TemplateValue;
  assignments(values: Task['publish'], path: string): Assignments;
}

/** The tasks that `on_cancel` names. */
export function cleanupEntries({ on_cancel }: Definition): readonly string[] {
  if (on_cancel === undefined) return [];
  return typeof on_cancel === 'string' ? [on_cancel] : on_cancel;
}

/** Tasks make a graph once one of them declares a transition or a join (design/language.md, Order). */
function isGraph(tasks: readonly Task[]): boolean {
  return tasks.some((task) => [task.on_success, task.on_failure, task.on_complete, task.next, task.join].some(Boolean));
}

/**
 * Whether a task leads to another one by several transitions at once. Two conditions may exclude each other, unless they are the same or
 * one of them always holds.
 */
function leadsTwice({ transitions }: ProgramTask, target: string): ProgramTask['several'] {
  const leading = transitions.filter(({ targets }) => targets.includes(target));
  const found = (['success', 'failure'] as const).map((end): ProgramTask['several'] => {
    const firing = leading.filter((transition) => firesAfter(transition, end));
    const conditions = firing.flatMap((transition) => (isCertain(transition) ? [] : [conditionText(transition)]));
    if (firing.length - conditions.length > 1) return 'certain';
    const isMet = conditions.length < firing.length && conditions.length > 0;
    return isMet || new Set(conditions).size < conditions.length ? 'possible' : null;
  });
  return found.find((several) => several === 'certain') ?? found.find((several) => several !== null) ?? null;
}

function addArrivals(task: ProgramTask, join: Task['join'], graph: TaskGraph, entries: readonly string[]): void {
  const inbound = [...(graph.inbound.get(task.name) ?? [])];
  if (join === undefined) {
    const arrivals = inbound.length + (entries.includes(task.name) ? 1 : 0);
    task.opensLineage = arrivals > 1 && !graph.inLoop(task.name);
    return;
  }
  task.join = {
    needed: join === 'all' ? inbound.length : join,
    inbound,
    rounds: inbound.every((name) => graph.sameLoop(task.name, name)),
  };
}

function compileItems(task: Task, path: string, compiler: Compiler): ItemsPlan | null {
  const { with_items: list, concurrency, on_item_failure: onFailure } = task;
  if (list === undefined) return null;
  return {
    list: compiler.value(list, `${path}/with_items`),
    concurrency: concurrency === undefined ? null : compiler.value(concurrency, `${path}/concurrency`),
    finish: onFailure === 'finish',
  };
}

function entriesOf(
  definition: Definition,
  tasks: ReadonlyMap<string, ProgramTask>,
  order: 'list' | 'graph',
  cleanup: ReadonlySet<string>,
): string[] {
  if (definition.start !== undefined) return definition.start;
  const names = [...tasks.keys()].filter((name) => !cleanup.has(name));
  if (order === 'list') return names.slice(0, 1);
  const inbound = new Set(names.flatMap((name) => tasks.get(name)!.transitions.flatMap(({ targets }) => targets)));
  return names.filter((name) => !inbound.has(name));
}

function compileRetry({ retry }: Task, path: string, compiler: Compiler): Retry {
  const exponential = retry?.backoff === 'exponential';
  return {
    count: retry?.count ?? 0,
    delay: retry?.delay ?? 0,
    factor: exponential ? (retry.factor ?? 2) : 1,
    maxDelay: retry?.max_delay ?? null,
    when: retry?.when === undefined ? null : compiler.condition(retry.when, `${path}/retry/when`),
  };
}

function compileOutput({ output }: Definition, compiler: Compiler): Program['output'] {
  if (output === undefined) return null;
  if (typeof output !== 'object' || output === null || Array.isArray(output)) {
    return { whole: compiler.value(output, '/definition/output') };
  }
  return { named: compiler.assignments(output, '/definition/output') };
}
