import type { Place } from '../../interpreter/state.ts';
import { listTemplates } from '../../language/templates/rendered.ts';
import { integerId, parseExecutionId } from '../../model/execution-id.ts';
import type { Json } from '../../model/json.ts';
import type { Opening } from '../../projection/runs/opening.ts';
import { createStatusCounts } from '../../projection/tasks/counts.ts';
import { readProgress } from '../../projection/tasks/progress.ts';
import { orderPlaces } from '../../projection/tasks/task-order.ts';
import { eventsAt, statusAt, type TaskSources, taskAt, workIn } from '../../projection/tasks/tasks.ts';
import { firstRow } from './on-screen.ts';
import type { Stop, StopChange, StopRequest, StopTask, StopTaskRow } from './protocol.ts';

/** The parts of a stop that show tasks. */
type ShownTasks = Pick<Stop, 'tasks' | 'counts' | 'selected' | 'newest' | 'taken'>;

/** Shows that no task has begun, or that none is known. */
export function showNothing({ known }: Opening): ShownTasks {
  const tasks = (known?.definition.tasks ?? []).map(({ name, with_items: items }) => {
    return [name, { visits: createStatusCounts(), items: items === undefined ? null : createStatusCounts() }] as const;
  });
  return {
    tasks: { rows: [], offset: 0, total: 0, listed: 0 },
    counts: { total: 0, statuses: createStatusCounts(), tasks: Object.fromEntries(tasks) },
    selected: null,
    newest: [],
    taken: [],
  };
}

/** Shows the tasks of a run that are on screen, and counts all; `selected` is the key of the one that is shown in full. */
export function showTasks(
  sources: TaskSources,
  { rows: wanted, selected }: Pick<StopRequest, 'rows' | 'selected'>,
  changes: readonly StopChange[],
): ShownTasks {
  const changed = new Set(changes.flatMap((change) => (change.what === 'task' ? [change.key] : [])));
  const all = orderPlaces(sources).map(({ place }) => ({ place, status: statusAt(sources, place) }));
  const offset = firstRow(wanted, all.length);
  const rows = all.slice(offset, offset + wanted.limit).map(({ place }) => showRow(sources, place, changed));
  const found = selected === null ? undefined : all.find(({ place }) => workIn(sources, place).work.key === selected);
  return {
    tasks: { rows, offset, total: all.length, listed: all.length },
    ...readProgress(sources, all),
    selected: found === undefined ? null : showTask(sources, found.place),
  };
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
  const { input: written = null, with_items: items } = definition.tasks[tasks.get(task.name)!.index]!;
  const isOfItems = items !== undefined && task.item === null;
  // A failure without an input came before there was one, as from a template of it.
  const isShown = task.input !== null || (task.failure !== null && !isOfItems);
  return { task, templates: isShown ? listTemplates(written as Json, task.input) : [], child: readChild(task) };
}

function readChild({ child }: StopTask['task']): number | null {
  const id = child === null ? undefined : parseExecutionId(child);
  return id === undefined ? null : integerId(id.n);
}
