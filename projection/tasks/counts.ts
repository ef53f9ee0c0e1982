import { TASK_STATUSES, type TaskStatus } from '../../model/status.ts';
import type { OrderedPlace } from './task-order.ts';
import { type TaskSources, workIn } from './tasks.ts';

/** The number of task executions of each status; every status is present. */
export type StatusCounts = Record<TaskStatus, number>;

/** Counts of all task executions of a run. */
export interface TaskCounts {
  total: number;
  statuses: StatusCounts;
  /** By the name of the task, in the order of the definition; `items` is null for a task without `with_items`. */
  tasks: Record<string, { visits: StatusCounts; items: StatusCounts | null }>;
}

/** A task execution that is counted. */
export type Counted = Pick<OrderedPlace, 'place'> & { status: TaskStatus };

/** Returns counts of nothing. */
export function createStatusCounts(): StatusCounts {
  return Object.fromEntries(TASK_STATUSES.map((status) => [status, 0])) as StatusCounts; // it has every status
}

/** Counts the task executions of a run, of which all are given. */
export function countTasks(sources: TaskSources, all: readonly Counted[]): TaskCounts {
  const tasks: TaskCounts['tasks'] = {};
  for (const [name, { items }] of sources.state.program.tasks) {
    tasks[name] = { visits: createStatusCounts(), items: items === null ? null : createStatusCounts() };
  }
  const statuses = createStatusCounts();
  for (const { place, status } of all) {
    statuses[status] += 1;
    const counts = tasks[workIn(sources, place).visit.name]!;
    const counted = place.item === null ? counts.visits : counts.items;
    if (counted !== null) counted[status] += 1;
  }
  return { total: all.length, statuses, tasks };
}
