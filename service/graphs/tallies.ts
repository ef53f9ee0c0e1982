import type { TaskTally } from '../../language/layout/drawing/states.ts';
import type { Execution, TaskExecution } from '../../model/execution.ts';

/** Counts all task executions of a run by task. */
export function tallyRun({ tasks, moreTasks }: Pick<Execution, 'tasks' | 'moreTasks'>): Map<string, TaskTally> {
  if (moreTasks === undefined) return tallyTasks(tasks);
  return new Map(moreTasks.summaries.map(({ name, state, visits, items }) => [name, { state, visits, items }]));
}

/** Counts task executions by task. */
function tallyTasks(tasks: readonly TaskExecution[]): Map<string, TaskTally> {
  const tallies = new Map<string, TaskTally>();
  for (const { name, item, state } of tasks) {
    // Items come after the visit to which they belong.
    if (item === null) tallies.set(name, { state, visits: (tallies.get(name)?.visits ?? 0) + 1, items: null });
  }
  for (const { name, visit, item, ended } of tasks) {
    const tally = tallies.get(name);
    if (item === null || tally === undefined || visit !== tally.visits) continue;
    tally.items = (tally.items ?? 0) + (ended === null ? 0 : 1);
  }
  return tallies;
}
