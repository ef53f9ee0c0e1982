import type { Visit } from '../../interpreter/state.ts';
import type { TaskState } from '../../model/status.ts';
import { type Counted, countTasks, type TaskCounts } from './counts.ts';
import { stateAt, type TaskSources, workIn } from './tasks.ts';

/** How far a run has come in its definition, whatever the number of its visits: what a picture of the definition shows. */
export interface RunProgress {
  counts: TaskCounts;
  /** The newest visit of each task that has begun. */
  newest: NewestVisit[];
  /** The transitions between tasks of the definition that the run has taken, each of them once. */
  taken: TakenTransition[];
}

/** The newest visit of a task. */
export interface NewestVisit {
  name: string;
  key: string;
  state: TaskState;
}

/** A transition from a task to one that it leads to. */
export interface TakenTransition {
  from: string;
  to: string;
}

/** Reads the progress of a run, of which all task executions are given, in the order in which they began. */
export function readProgress(sources: TaskSources, all: readonly Counted[]): RunProgress {
  const visits = all.flatMap(({ place: { visit, item } }) => (item === null ? [visitAt(sources, visit)] : []));
  return { counts: countTasks(sources, all), newest: listNewest(sources), taken: listTaken(sources, visits) };
}

function listNewest(sources: TaskSources): NewestVisit[] {
  const { visits, visitsOf } = sources.state;
  return [...visitsOf].flatMap(([name, indexes]) => {
    const visit = indexes.findLast((index) => isThere(sources, index) && visits[index]?.status !== 'held');
    if (visit === undefined) return [];
    const place = { visit, item: null };
    return [{ name, key: workIn(sources, place).work.key, state: stateAt(sources, place) }];
  });
}

/** Lists the transitions that led to visits, and those to joins that still wait. */
function listTaken(sources: TaskSources, visits: readonly Visit[]): TakenTransition[] {
  const taken = new Map<string, Set<string>>();
  const add = (from: string, to: string) => taken.set(from, (taken.get(from) ?? new Set()).add(to));
  for (const { name, from } of visits) {
    for (const index of from) if (isThere(sources, index)) add(visitAt(sources, index).name, name);
  }
  for (const { name, arrivals } of sources.state.gatherings.values()) {
    for (const from of arrivals.keys()) add(from, name);
  }
  return [...taken].flatMap(([from, targets]) => [...targets].map((to) => ({ from, to })));
}

function visitAt(sources: TaskSources, visit: number): Visit {
  return workIn(sources, { visit, item: null }).visit;
}

/** Whether a visit is known: Temporal may no longer have the run of the chain that it belongs to. */
function isThere({ state, past }: TaskSources, visit: number): boolean {
  return state.visits[visit] !== undefined || past.work({ visit, item: null }) !== undefined;
}
