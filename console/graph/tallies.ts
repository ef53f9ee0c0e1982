import type { TaskTally } from '../../language/layout/drawing/states.ts';
import { parseTaskKey } from '../../model/task-key.ts';
import type { RunGraph, TaskLine, TaskListPage } from '../client/shapes.ts';

type Counts = TaskListPage['counts']['by_task'][string];

/** The looks of a task that say something else than the state of its work: the class that colours it, its picture, and its words. */
export interface TaskLook {
  colour: string;
  path: string;
  words: string;
}

/** The work of a run on a task of its definition. */
export interface TaskWork {
  /** Null: the run has not come to it. */
  tally: TaskTally | null;
  /** The key of its newest visit; null: there is none. */
  key: string | null;
  /** Its counts in words, such as `2 completed, 1 running`, or `not begun`. */
  words: string;
  /** Absent: it looks like its tally. */
  look?: TaskLook;
}

/** The work on a task to which a run has not come. */
export const NOT_BEGUN: TaskWork = { tally: null, key: null, words: 'not begun' };

/** Returns the work of a run on each task, by name. `tasks` are its visits in the order in which they began. */
export function listWork({ data: tasks, counts }: TaskListPage, graph: RunGraph): Map<string, TaskWork> {
  const newest = new Map(tasks.map((task) => [task.name, task]));
  return new Map(
    graph.nodes.map(({ name }) => {
      const counted = Object.hasOwn(counts.by_task, name) ? counts.by_task[name]! : null;
      const task = newest.get(name);
      const words = counted === null ? '' : countWords(counted);
      return [
        name,
        {
          tally: task === undefined ? null : tallyOf(task, counted),
          key: task?.key ?? null,
          words: words || NOT_BEGUN.words,
        },
      ];
    }),
  );
}

function tallyOf({ state, items }: TaskLine, counted: Counts | null): TaskTally {
  const visits = counted === null ? 1 : totalOf(counted.visits);
  if (items === null) return { state, visits, items: null };
  const { scheduled, running, ...ended } = items.by_status;
  return { state, visits, items: totalOf(ended) };
}

/** Returns the sum of counts. */
export function totalOf(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Describes counts in words, such as `2 completed, 1 running`; empty where nothing is counted. */
export function countWords({ visits, items }: Counts): string {
  const words = (counts: Record<string, number>) =>
    Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([status, count]) => `${count} ${status}`)
      .join(', ');
  const below = items === null ? '' : words(items);
  return below === '' ? words(visits) : `${words(visits)}; items: ${below}`;
}

/**
 * Returns the edges that a run has taken, as `from → to`. Where some visits are not in the list, edges between two tasks that have begun
 * count, too.
 */
export function listTaken(
  { data: tasks, next_cursor: more }: TaskListPage,
  { edges }: RunGraph,
  work: Map<string, TaskWork>,
): Set<string> {
  const taken = new Set(tasks.flatMap(({ name, from }) => from.map((key) => edgeName(parseTaskKey(key).name, name))));
  if (more === null) return taken;
  const hasBegun = (name: string) => work.get(name)?.words !== NOT_BEGUN.words;
  for (const { from, to } of edges) if (hasBegun(from) && hasBegun(to)) taken.add(edgeName(from, to));
  return taken;
}

/** Names an edge by its ends. */
export function edgeName(from: string, to: string): string {
  return `${from} → ${to}`;
}
