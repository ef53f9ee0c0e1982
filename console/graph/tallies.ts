import type { TaskTally } from '../../language/layout/drawing/states.ts';
import type { RunGraph, TaskListPage } from '../client/shapes.ts';

type Counted = TaskListPage['counts']['by_task'][string];
type TaskCounts = Omit<Counted, 'newest'>;

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

/** Returns the work of a run on each task, by name. */
export function listWork({ counts }: Pick<TaskListPage, 'counts'>, { nodes }: RunGraph): Map<string, TaskWork> {
  return new Map(
    nodes.map(({ name }) => {
      const counted = Object.hasOwn(counts.by_task, name) ? counts.by_task[name]! : null;
      return [name, counted === null ? NOT_BEGUN : describeWork(counted, counted.newest)];
    }),
  );
}

/** Returns the work of a run on a task, by its counts and its newest visit; null: there is none. */
export function describeWork(counted: TaskCounts, newest: Counted['newest']): TaskWork {
  if (newest === null) return NOT_BEGUN;
  const { visits, items } = counted;
  const { scheduled: _scheduled, running: _running, ...ended } = items ?? visits;
  const tally = { state: newest.state, visits: totalOf(visits), items: items === null ? null : totalOf(ended) };
  return { tally, key: newest.key, words: countWords(counted) };
}

/** Returns the sum of counts. */
export function totalOf(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Describes counts in words, such as `2 completed, 1 running`; empty where nothing is counted. */
export function countWords({ visits, items }: TaskCounts): string {
  const words = (counts: Record<string, number>) =>
    Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([status, count]) => `${count} ${status}`)
      .join(', ');
  const below = items === null ? '' : words(items);
  return below === '' ? words(visits) : `${words(visits)}; items: ${below}`;
}

/** Returns the names of the edges that a run has taken. */
export function nameTaken(taken: Readonly<TaskListPage['taken']>): Set<string> {
  return new Set(taken.map(({ from, to }) => edgeName(from, to)));
}

/** Names an edge by its ends. */
export function edgeName(from: string, to: string): string {
  return `${from} → ${to}`;
}
