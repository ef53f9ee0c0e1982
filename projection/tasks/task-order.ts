import type { Place, RunState } from '../../interpreter/state.ts';
import type { TaskExecution, TaskPosition } from '../../model/execution.ts';
import { jsonSize } from '../../model/json.ts';
import { listAllPlaces, type TaskSources, taskAt, workIn } from './tasks.ts';

// Task executions in the order in which they began, to which a run only ever adds at the end.

/** Multiplies the number of a visit in a rank; more than the items that a visit may have. */
const RANKS_OF_VISIT = 2 ** 17;

/** A place of work, with its position. */
export interface OrderedPlace extends TaskPosition {
  place: Place;
}

/** The first task executions of a run or of a visit. */
export interface FirstTasks {
  tasks: TaskExecution[];
  /** The number of all, and the position of the last of `tasks`, null without any; absent when none is left out. */
  more?: { total: number; after: TaskPosition | null };
}

/** Limits of the task executions that are shown at once: their number, and the bytes of their JSON. */
export interface TaskLimits {
  entries: number;
  bytes: number;
}

/** Returns all places of the work of a run in the order in which it began, those of one time in the order of visits and items. */
export function orderPlaces(sources: TaskSources, places: readonly Place[] = listAllPlaces(sources)): OrderedPlace[] {
  const ordered = places.map((place) => ({
    place,
    at: findBeginning(sources, place),
    rank: rankOf(place),
  }));
  return ordered.sort(byPosition);
}

/** Compares positions, the earlier one first. */
export function byPosition(a: TaskPosition, b: TaskPosition): number {
  return a.at - b.at || a.rank - b.rank;
}

/** Returns the first of some ordered places that keep within limits, in the order of visits and items. */
export function takeFirstTasks(sources: TaskSources, ordered: readonly OrderedPlace[], limits: TaskLimits): FirstTasks {
  const shown: { rank: number; task: TaskExecution }[] = [];
  let left = limits.bytes;
  for (const { place, rank } of ordered.slice(0, limits.entries)) {
    const task = taskAt(sources, place);
    left -= Number.isFinite(left) ? jsonSize(task) : 0;
    if (left < 0) break;
    shown.push({ rank, task });
  }
  const last = ordered[shown.length - 1];
  shown.sort((a, b) => a.rank - b.rank);
  const tasks = shown.map(({ task }) => task);
  if (tasks.length === ordered.length) return { tasks };
  const after = last === undefined ? null : { at: last.at, rank: last.rank };
  return { tasks, more: { total: ordered.length, after } };
}

function rankOf({ visit, item }: Place): number {
  return visit * RANKS_OF_VISIT + (item === null ? 0 : item + 1);
}

/**
 * Returns when work began to be shown, in milliseconds, which never changes: with a delay when it was scheduled, otherwise when it started.
 */
function findBeginning(sources: TaskSources, place: Place): number {
  const { visit, work } = workIn(sources, place);
  const isDelayed = place.item === null && (visit.wait > 0 || hasDelay(sources.state, visit.name));
  return isDelayed ? visit.created : (work.started ?? visit.created);
}

function hasDelay({ program }: RunState, task: string): boolean {
  return program.tasks.get(task)!.delay !== null;
}
