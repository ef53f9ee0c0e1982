import type { Place, Visit } from '../../interpreter/state.ts';
import type { Json } from '../../model/json.ts';
import type { Opening } from '../../projection/runs/opening.ts';
import { countTasks, createStatusCounts } from '../../projection/tasks/counts.ts';
import { orderPlaces } from '../../projection/tasks/task-order.ts';
import { eventsAt, stateAt, statusAt, type TaskSources, taskAt, workIn } from '../../projection/tasks/tasks.ts';
import type { NewestVisit, Stop, StopChange, StopRequest, StopTask, StopTaskRow } from './protocol.ts';
import { listTemplates } from './rendered-input.ts';

/** The parts of a stop that show tasks. */
type ShownTasks = Pick<Stop, 'tasks' | 'counts' | 'selected' | 'newest' | 'taken'>;

/** Shows that no task has begun, or that none is known. */
export function showNothing({ known }: Opening, { rows: { offset } }: StopRequest): ShownTasks {
  const tasks = (known?.definition.tasks ?? []).map(({ name, with_items: items }) => {
    return [name, { visits: createStatusCounts(), items: items === undefined ? null : createStatusCounts() }] as const;
  });
  return {
    tasks: { rows: [], offset, total: 0, listed: 0 },
    counts: { total: 0, statuses: createStatusCounts(), tasks: Object.fromEntries(tasks) },
    selected: null,
    newest: [],
    taken: [],
  };
}

/** Shows the tasks of a run that are on screen, and counts all. */
export function showTasks(
  sources: TaskSources,
  { rows: { offset, limit }, selected }: StopRequest,
  changes: readonly StopChange[],
): ShownTasks {
  const changed = new Set(changes.flatMap((change) => (change.what === 'task' ? [change.key] : [])));
  const all = orderPlaces(sources).map(({ place }) => ({ place, status: statusAt(sources, place) }));
  const rows = all.slice(offset, offset + limit).map(({ place }) => showRow(sources, place, changed));
  const found = selected === null ? undefined : all.find(({ place }) => workIn(sources, place).work.key === selected);
  return {
    tasks: { rows, offset, total: all.length, listed: all.length },
    counts: countTasks(sources, all),
    newest: listNewest(sources),
    taken: listTaken(
      sources,
      all.flatMap(({ place: { visit, item } }) => (item === null ? [visitAt(sources, visit)] : [])),
    ),
    selected: found === undefined ? null : showTask(sources, found.place),
  };
}

/** Lists the newest visit of each task that has begun. */
function listNewest(sources: TaskSources): NewestVisit[] {
  const { visits, visitsOf } = sources.state;
  return [...visitsOf].flatMap(([name, indexes]) => {
    const visit = indexes.findLast((index) => isThere(sources, index) && visits[index]?.status !== 'held');
    if (visit === undefined) return [];
    const place = { visit, item: null };
    return [{ name, key: workIn(sources, place).work.key, state: stateAt(sources, place) }];
  });
}

/** Lists the transitions between tasks that were taken: those that led to visits, and those to joins that still wait. */
function listTaken(sources: TaskSources, visits: readonly Visit[]): Stop['taken'] {
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

function showRow(sources: TaskSources, place: Place, changed: ReadonlySet<string>): StopTaskRow {
  const { attempts, failure, key, ...task } = taskAt(sources, place);
  const { name, visit, item, action, status, state, created, started, ended, carried } = task;
  return {
    key,
    name,
    visit,
    item,
    action,
    status,
    state,
    created,
    started,
    ended,
    carried,
    attempts: attempts.length,
    error: failure && { type: failure.type, message: failure.message },
    changed: changed.has(key),
    events: eventsAt(sources, place),
  };
}

/** Shows a task execution in full, with the templates of its input. */
function showTask(sources: TaskSources, place: Place): StopTask {
  const task = taskAt(sources, place);
  const { tasks, definition } = sources.state.program;
  const written = definition.tasks[tasks.get(task.name)!.index]!.input ?? null;
  return { task, templates: task.input === null ? [] : listTemplates(written as Json, task.input) };
}
