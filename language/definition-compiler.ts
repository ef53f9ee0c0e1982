import type { Definition, Task } from '../model/definition.ts';
import { type Issue, Suggestions } from '../model/issue.ts';
import { cleanupEntries, type ItemsPlan, type Program, type ProgramTask, type Retry } from './program.ts';
import { type TaskGraph, taskGraph } from './task-graph.ts';
import { type TemplateCompiler, TemplateCompilers } from './templates/compiler.ts';
import type { Assignments } from './templates/value.ts';
import {
  cleanupOnly,
  compileTransitions,
  conditionText,
  firesAfter,
  isCertain,
  listTransition,
} from './transitions.ts';

/**
 * Compiles a definition whose shape has been checked. Errors are collected in `issues`, with pointers below `/definition`; a program with
 * issues must not be run. `secrets`: whether templates may read secrets, which depends on the interpreter version. `warnings` collects the
 * warnings about templates while a definition is written; null: it is compiled to run.
 */
export function compileDefinition(
  definition: Definition,
  secrets = true,
  suggestions = new Suggestions(),
  warnings: Issue[] | null = null,
): Program {
  const compilers = new TemplateCompilers(secrets, suggestions, warnings);
  const when =
    definition.when === undefined ? null : compilers.for({ at: 'when' }).condition(definition.when, '/definition/when');
  if (definition.concurrency_key !== undefined) {
    compilers.for({ at: 'key' }).value(definition.concurrency_key.key, '/definition/concurrency_key/key');
  }
  const variables: Assignments = Object.entries(definition.variables ?? {}).map(([name, value]) => {
    return [name, compilers.for({ at: 'variable', name }).value(value, `/definition/variables/${name}`)] as const;
  });
  const layout = layoutOf(definition);
  const tasks = compileTasks(definition, layout, compilers);
  const entries = entriesOf(definition, tasks, layout);
  const graph = taskGraph(tasks.values());
  for (const task of tasks.values()) {
    addArrivals(task, definition.tasks[task.index]!.join, graph, entries);
    if (task.join === null && !graph.inLoop(task.name)) task.several = severalOf(task, tasks, graph);
  }
  const { order, cleanup } = layout;
  return {
    definition,
    order,
    tasks,
    entries,
    when,
    variables,
    cleanupOnly: cleanup.tasks,
    graph,
    issues: compilers.issues,
    readings: compilers.readings,
    output: compileOutput(definition, compilers.for({ at: 'output' })),
    cleanup: {
      entries: cleanup.order === 'list' ? cleanup.list.slice(0, 1) : cleanupEntries(definition),
      order: cleanup.order,
    },
  };
}

/** How the tasks of a definition are ordered: its normal work and its cleanup are each a list or a graph. */
interface Layout {
  order: Program['order'];
  /** The normal tasks in list order; empty for a graph. */
  list: readonly string[];
  cleanup: { tasks: ReadonlySet<string>; order: Program['order']; list: readonly string[] };
}

function layoutOf(definition: Definition): Layout {
  const entries = cleanupEntries(definition);
  const cleanup = cleanupOnly(definition, entries);
  const normal = definition.tasks.filter(({ name }) => !cleanup.has(name));
  const order = isGraph(normal) || definition.start ? 'graph' : 'list';
  const cleanupOrder = isGraph(definition.tasks.filter(({ name }) => cleanup.has(name))) ? 'graph' : 'list';
  return {
    order,
    list: order === 'list' ? normal.map(({ name }) => name) : [],
    cleanup: {
      tasks: cleanup,
      order: cleanupOrder,
      list: cleanupOrder === 'list' ? entries.filter((name) => cleanup.has(name)) : [],
    },
  };
}

/** Returns whether tasks form a graph: whether one of them declares a transition or a join. */
function isGraph(tasks: readonly Task[]): boolean {
  return tasks.some((task) => [task.on_success, task.on_failure, task.on_complete, task.next, task.join].some(Boolean));
}

function compileTasks(definition: Definition, layout: Layout, compilers: TemplateCompilers): Map<string, ProgramTask> {
  const tasks = new Map<string, ProgramTask>();
  for (const [index, task] of definition.tasks.entries()) {
    const path = `/definition/tasks/${index}`;
    const reader = (at: 'task' | 'end', items = false) => compilers.for({ at, task: task.name, items });
    const withItems = task.with_items !== undefined;
    const before = reader('task');
    const after = reader('end');
    if (tasks.has(task.name)) {
      const message = `another task is named "${task.name}"`;
      compilers.issues.push({ code: 'duplicate_task', path: `${path}/name`, message });
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
        ...listTransition(task.name, layout.list, 'success'),
        // The cleanup continues after a step that failed.
        ...listTransition(task.name, layout.cleanup.list, 'complete'),
      ],
      retry: compileRetry(task, path, reader('end', withItems)),
      timeout: task.timeout,
      delay: task.delay === undefined ? null : before.value(task.delay, `${path}/delay`),
      // The arrivals are known once all tasks are.
      join: null,
      opensLineage: false,
      several: null,
      items: compileItems(task, path, before),
    });
  }
  return tasks;
}

function entriesOf({ start }: Definition, tasks: ReadonlyMap<string, ProgramTask>, layout: Layout): string[] {
  if (start !== undefined) return start;
  const names = [...tasks.keys()].filter((name) => !layout.cleanup.tasks.has(name));
  if (layout.order === 'list') return names.slice(0, 1);
  const inbound = new Set(names.flatMap((name) => tasks.get(name)!.transitions.flatMap(({ targets }) => targets)));
  return names.filter((name) => !inbound.has(name));
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

function severalOf(
  task: ProgramTask,
  tasks: ReadonlyMap<string, ProgramTask>,
  graph: TaskGraph,
): ProgramTask['several'] {
  return strongest([...(graph.inbound.get(task.name) ?? [])].map((name) => leadsTwice(tasks.get(name)!, task.name)));
}

/**
 * Returns whether a task leads to another one by several transitions at once. Two conditions may exclude each other, unless they are the
 * same or one of them always holds.
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
  return strongest(found);
}

function strongest(found: readonly ProgramTask['several'][]): ProgramTask['several'] {
  return found.find((several) => several === 'certain') ?? found.find((several) => several !== null) ?? null;
}

function compileItems(task: Task, path: string, compiler: TemplateCompiler): ItemsPlan | null {
  const { with_items: list, concurrency, on_item_failure: onFailure } = task;
  if (list === undefined) return null;
  return {
    list: compiler.value(list, `${path}/with_items`),
    concurrency: concurrency === undefined ? null : compiler.value(concurrency, `${path}/concurrency`),
    finish: onFailure === 'finish',
  };
}

function compileRetry({ retry }: Task, path: string, compiler: TemplateCompiler): Retry {
  const exponential = retry?.backoff === 'exponential';
  return {
    count: retry?.count ?? 0,
    delay: retry?.delay ?? 0,
    factor: exponential ? (retry.factor ?? 2) : 1,
    maxDelay: retry?.max_delay ?? null,
    when: retry?.when === undefined ? null : compiler.condition(retry.when, `${path}/retry/when`),
  };
}

function compileOutput({ output }: Definition, compiler: TemplateCompiler): Program['output'] {
  if (output === undefined) return null;
  if (typeof output !== 'object' || output === null || Array.isArray(output)) {
    return { whole: compiler.value(output, '/definition/output') };
  }
  return { named: compiler.assignments(output, '/definition/output') };
}
