import type { Definition } from '../model/definition.ts';
import type { Issue } from '../model/issue.ts';
import type { TaskGraph } from './task-graph.ts';
import type { Reading } from './templates/compiler.ts';
import type { Assignments, TemplateValue } from './templates/value.ts';
import type { Transition } from './transitions.ts';

/** Retries of a task: up to `count` after the first attempt. `delay` and `maxDelay` are in seconds; the delay grows by `factor`. */
export interface Retry {
  count: number;
  delay: number;
  factor: number;
  maxDelay: number | null;
  /** Whether a failure is retried; where set, the interpreter retries, not Temporal's retry policy. */
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
  /** The tasks that it waits for; null: it runs once for each arrival. */
  join: Join | null;
  /** Whether each visit opens a separate lineage for the tasks that follow, since several tasks lead here, outside a loop. */
  opensLineage: boolean;
  /**
   * Whether several transitions of one task, outside a loop, fire together and lead here, so that a run opens a lineage for each:
   * `certain` when that happens on every success or on every failure, `possible` when it depends on a condition. Null: as far as is known,
   * they do not.
   */
  several: 'certain' | 'possible' | null;
  items: ItemsPlan | null;
}

/** A task that waits for several others. */
export interface Join {
  /** How many of the inbound tasks must arrive. */
  needed: number;
  inbound: readonly string[];
  /** Whether the join and all of its inbound tasks are in one loop, so that the m-th arrival of each task belongs to round m. */
  rounds: boolean;
}

/** A task that runs once for each item of a list. */
export interface ItemsPlan {
  list: TemplateValue;
  concurrency: TemplateValue | null;
  /** Whether the remaining items run after one has failed. */
  finish: boolean;
}

/** A definition, indexed for running. The state of a run never copies anything from it. */
export interface Program {
  definition: Definition;
  /** Whether the tasks are a list or a graph; decides the result of a run. */
  order: 'list' | 'graph';
  tasks: ReadonlyMap<string, ProgramTask>;
  entries: readonly string[];
  /** A condition on the parameters: false closes the run as skipped. */
  when: TemplateValue | null;
  variables: Assignments;
  /** Named values or one value; null: the result consists of the tasks' outputs. */
  output: { named: Assignments } | { whole: TemplateValue } | null;
  /** The tasks that a cancel request or the run's timeout starts, and whether the cleanup is a list or a graph. */
  cleanup: { entries: readonly string[]; order: 'list' | 'graph' };
  /** Tasks that only the cleanup can reach. */
  cleanupOnly: ReadonlySet<string>;
  graph: TaskGraph;
  issues: readonly Issue[];
  readings: readonly Reading[];
}

/** Returns the names that a task publishes, itself or on a transition; a name may occur more than once. */
export function publishedBy({ publish, transitions }: ProgramTask): string[] {
  return [publish, ...transitions.map((transition) => transition.publish)].flat().map(([name]) => name);
}

/** Returns the tasks that `on_cancel` names. */
export function cleanupEntries({ on_cancel }: Definition): readonly string[] {
  if (on_cancel === undefined) return [];
  return typeof on_cancel === 'string' ? [on_cancel] : on_cancel;
}
