import type { Execution, LogEntry, TaskExecution, TaskPosition } from '../../model/execution.ts';
import type { Json } from '../../model/json.ts';
import { listSkippable } from '../../model/skips.ts';
import type { TaskStatus } from '../../model/status.ts';
import { executionKey } from '../../model/task-key.ts';
import { buildLog } from '../../projection/logs.ts';
import type { Projection } from '../../projection/project.ts';
import { type Counted, createStatusCounts, type StatusCounts } from '../../projection/tasks/counts.ts';
import { type RunProgress, readProgress } from '../../projection/tasks/progress.ts';
import { byPosition, type OrderedPlace, orderPlaces, takeFirstTasks } from '../../projection/tasks/task-order.ts';
import { statusAt, type TaskSources, taskAt, workIn } from '../../projection/tasks/tasks.ts';
import { NOTHING_PENDING, type PendingWork, waitsFor } from '../../projection/waits.ts';
import { createMask, hiddenIn, maskExecution, maskTask } from './masks.ts';
import { findHiddenInTasks, SHOWN_TASKS } from './projected-runs.ts';
import { buildTaskRow, type TaskRow } from './task-rows.ts';

// Parts of a projected run that may be too large to be shown as a whole.

/** The task executions of a run that a page shows. */
export interface TaskQuery {
  limit: number;
  /** By when they began. */
  order: 'asc' | 'desc';
  /** Where the page before ended; null: from the beginning. */
  after: TaskPosition | null;
  /** Null: every status, and every task. */
  statuses: TaskStatus[] | null;
  name: string | null;
  /** The key of the visit whose items are shown; null: visits only; `*`: visits and items. */
  parent: string | null;
  /** A text that the result must contain, whatever the case; null: any result. */
  contains: string | null;
}

/** A page of task executions. */
export interface TaskPage {
  rows: TaskRow[];
  /** Null on the last page. */
  next: TaskPosition | null;
  /** The number that match the query. */
  total: number;
  /** How far the run has come, whatever the query. */
  progress: RunProgress;
}

/** A task execution, masked, with the first of its items. */
export interface FoundTask {
  task: TaskExecution;
  items: TaskExecution[];
  /** Present when some items are left out. */
  more?: { total: number; after: TaskPosition | null };
}

/** A task execution by its key, or a visit by its number. */
export type TaskName = { key: string } | { number: number };

/** The entries of a log that are read: `limit` after the first `after` ones, or the last ones with a negative `after`. */
export interface LogQuery {
  after: number;
  limit: number;
  /** The key of the task execution that they are about; null: all entries. */
  task: string | null;
}

/** Entries of a log after some earlier ones, with the number of all that are meant. */
export interface LogPage {
  entries: LogEntry[];
  total: number;
}

/**
 * Lists task executions of a projected run. `others` are values to hide that the run itself does not name. Null when the state of the run
 * is unknown or cannot be trusted.
 */
export function listTasks(
  projection: Projection,
  pending: PendingWork | null,
  query: TaskQuery,
  others: readonly Json[],
): TaskPage | null {
  const sources = projection.sources(pending ?? NOTHING_PENDING);
  if (sources === null) return null;
  const hide = createTaskMask(projection, others);
  const shown = ({ place }: OrderedPlace) => hide(taskAt(sources, place));
  const all = orderPlaces(sources).map(({ place, at, rank }) => ({
    place,
    at,
    rank,
    status: statusAt(sources, place),
  }));
  const found = all.filter((each) => isMeant(sources, query, each) && hasText(query.contains, () => shown(each)));
  const { page, next } = cutPage(found, query);
  const waits = sources.closed === null ? waitsFor(sources.state, pending ?? NOTHING_PENDING, sources.tries) : [];
  const kinds = new Map(waits.map(({ task, kind }) => [executionKey(task ?? ''), kind]));
  const skippable = listSkippable(waits);
  const items = countItems(all);
  return {
    rows: page.map((each) => {
      const task = shown(each);
      return buildTaskRow(sources, each, task, {
        waiting: kinds.get(task.key) ?? null,
        canSkip: skippable.has(task.key),
        counts: items.get(each.place.visit),
      });
    }),
    next,
    total: found.length,
    progress: readProgress(sources, all),
  };
}

/** Returns a function that hides in tasks of a run what the run, its tasks and `others` hide. */
function createTaskMask(projection: Projection, others: readonly Json[]): (task: TaskExecution) => TaskExecution {
  const { run = null, input = null } = projection.opening ?? {};
  const own = hiddenIn(input, run?.write_only ?? []);
  const mask = createMask([...others, ...own, ...findHiddenInTasks(projection, run)]);
  return (task) => maskTask(task, run, mask);
}

/**
 * Finds a task execution of a projected run; null without one. `others` are values to hide that the run itself does not name, as in
 * `listTasks`.
 */
export function findTask(
  projection: Projection,
  pending: PendingWork | null,
  name: TaskName,
  others: readonly Json[],
): FoundTask | null {
  const sources = projection.sources(pending ?? NOTHING_PENDING);
  if (sources === null) return null;
  const ordered = orderPlaces(sources);
  const found = ordered.find(({ place }) =>
    'key' in name
      ? workIn(sources, place).work.key === name.key
      : place.item === null && place.visit + 1 === name.number,
  );
  if (found === undefined) return null;
  const hide = createTaskMask(projection, others);
  const task = hide(taskAt(sources, found.place));
  if (task.item !== null) return { task, items: [] };
  const items = ordered.filter(({ place }) => isItemOf(place, found.place));
  const { tasks, more } = takeFirstTasks(sources, items, SHOWN_TASKS);
  return { task, items: tasks.map(hide), ...(more === undefined ? {} : { more }) };
}

/** Returns a part of the log of a projected run, masked. `others` are values to hide that the run itself does not name. */
export function readLog(
  projection: Projection,
  pending: PendingWork | null,
  query: LogQuery,
  others: readonly Json[],
): LogPage {
  const sources = projection.sources(pending ?? NOTHING_PENDING);
  const whole = projection.execution(pending ?? undefined, { entries: 0, bytes: 0 });
  const { execution, mask } = maskExecution(whole, [...others, ...findHiddenInTasks(projection, whole.run)]);
  // The log cuts texts and puts them into others: values are hidden before that.
  const shown = (task: TaskExecution) => maskTask(loggedOf(task), execution.run, mask);
  return cutLog(execution, query, sources === null ? [] : tasksIn(sources, query.task, shown));
}

/** Returns a part of the log of a masked run, as `readLog` does. `tasks` are all that are meant, where the execution does not have all. */
export function cutLog(
  execution: Execution,
  { after, limit, task }: LogQuery,
  tasks: Iterable<TaskExecution> = execution.tasks.filter(({ key }) => task === null || key === task),
): LogPage {
  // A log keeps so many entries: those of other tasks must not take the place of the ones that are asked for.
  const entries = buildLog(execution, tasks).filter((entry) => task === null || entry.task === task);
  const begin = after < 0 ? Math.max(0, entries.length - limit) : after;
  return { entries: entries.slice(begin, begin + limit), total: entries.length };
}

function* tasksIn(
  sources: TaskSources,
  key: string | null,
  shown: (task: TaskExecution) => TaskExecution,
): Generator<TaskExecution> {
  for (const { place } of orderPlaces(sources)) {
    if (key === null || workIn(sources, place).work.key === key) yield shown(taskAt(sources, place));
  }
}

/** Returns a task without the values that a log never has, which need not be searched. */
function loggedOf(task: TaskExecution): TaskExecution {
  return { ...task, input: task.action === 'core.log' ? task.input : null, output: null };
}

function isMeant(sources: TaskSources, { statuses, name, parent }: TaskQuery, { place, status }: Counted): boolean {
  const { visit } = workIn(sources, place);
  return (
    (statuses === null || statuses.includes(status)) &&
    (name === null || name === visit.name) &&
    (parent === '*' || (parent === null ? place.item === null : place.item !== null && parent === visit.key))
  );
}

function hasText(text: string | null, task: () => TaskExecution): boolean {
  if (text === null) return true;
  const { failure, output } = task();
  return JSON.stringify(failure ?? output)
    .toLowerCase()
    .includes(text.toLowerCase());
}

function cutPage<T extends TaskPosition>(found: readonly T[], { order, after, limit }: TaskQuery) {
  const sign = order === 'asc' ? 1 : -1;
  const ordered = order === 'asc' ? found : [...found].reverse();
  const rest = after === null ? ordered : ordered.filter((each) => byPosition(each, after) * sign > 0);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return { page, next: last === undefined || rest.length <= limit ? null : { at: last.at, rank: last.rank } };
}

/** Returns the counts of the items of each visit, by its index. */
function countItems(all: readonly Counted[]): Map<number, StatusCounts> {
  const counts = new Map<number, StatusCounts>();
  for (const { place, status } of all) {
    if (place.item === null) continue;
    const known = counts.get(place.visit) ?? createStatusCounts();
    known[status] += 1;
    counts.set(place.visit, known);
  }
  return counts;
}

function isItemOf(place: OrderedPlace['place'], visit: OrderedPlace['place']): boolean {
  return place.item !== null && place.visit === visit.visit;
}
