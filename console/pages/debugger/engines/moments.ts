import { type ExecutionStatus, TASK_STATUSES, type TaskStatus } from '../../../../model/status.ts';
import { parseTaskKey } from '../../../../model/task-key.ts';
import type { RunGraph, RunHistoryEvent, RunMoment, TaskLine } from '../../../client/shapes.ts';
import { firstRow, subjectOf } from '../../../debugger/on-screen.ts';
import type { Stop, StopChange, StopRequest, StopTask, StopTaskRow, StopVariable } from '../../../debugger/protocol.ts';
import { edgeName } from '../../../graph/tallies.ts';

type TaskThen = RunMoment['tasks'][number];

/** Answers of the service about an event: the event, the run as it was there, and as it was before; null: there was none. */
export interface MomentAnswers {
  history: RunHistoryEvent;
  /** The number of the event at which its Temporal run begins. */
  firstEvent: number;
  then: RunMoment;
  before: RunMoment | null;
}

/** Makes of answers of the service what the debugger shows. `graph` and `tasks` are of the whole run. */
export function createStop(
  { history, firstEvent, then, before }: MomentAnswers,
  { rows, selected: wanted }: StopRequest,
  { graph, tasks }: { graph: RunGraph; tasks: readonly TaskLine[] },
): Stop {
  const changes = listChanges(before, then);
  const changed = new Set(changes.flatMap((change) => (change.what === 'task' ? [change.key] : [])));
  const lines = new Map(tasks.map((task) => [task.key, task]));
  const offset = firstRow(rows, then.tasks.length);
  const page = then.tasks.slice(offset, offset + rows.limit);
  const shown = {
    number: history.id,
    eventId: history.id - firstEvent + 1,
    name: history.event_type,
    at: history.timestamp,
    task: tasks.find(({ events }) => events.scheduled === history.id || events.ended === history.id)?.key ?? null,
    attributes: history.attributes,
  };
  const transitions = then.transitions ?? [];
  const selected = wanted ?? subjectOf({ history: shown, changes, transitions });
  const chosen = then.tasks.find(({ key }) => key === selected);
  const visits = then.tasks.filter(({ item }) => item === null);
  return {
    event: then.event,
    history: shown,
    // The words of the service are those of the model.
    status: then.status as ExecutionStatus,
    changes,
    variables: listVariables(before, then),
    joins: then.joins,
    tasks: {
      rows: page.map((task) => rowOf(task, lines.get(task.key), changed)),
      offset,
      total: then.tasks_total,
      listed: then.tasks.length,
    },
    counts: countTasks(then, graph),
    newest: [...new Map(visits.map(({ name, key, state }) => [name, { name, key, state }])).values()],
    taken: listTaken(then, visits, lines),
    transitions,
    decidesAt: null,
    selected: chosen === undefined ? null : readTask(chosen),
    known: true,
  };
}

/** Lists the transitions that led to visits, and those to joins that still wait. */
function listTaken(
  { joins }: RunMoment,
  visits: readonly TaskThen[],
  lines: ReadonlyMap<string, TaskLine>,
): Stop['taken'] {
  const before = visits.flatMap(({ key, name: to }) =>
    (lines.get(key)?.from ?? []).map((from) => ({ from: parseTaskKey(from).name, to })),
  );
  const all = [...before, ...joins.flatMap(({ task: to, arrived }) => arrived.map((from) => ({ from, to })))];
  return [...new Map(all.map((each) => [edgeName(each.from, each.to), each])).values()];
}

/**
 * Returns the number of the event whose changes are shown at an event: of a command that of its workflow task, otherwise its own. Temporal
 * numbers the events of each run of a chain from 1; `firstEvent` is the number of the run's first event in the chain.
 */
export function commandedBy({ id, attributes }: RunHistoryEvent, firstEvent: number): number {
  const { workflowTaskCompletedEventId = 0 } = (attributes ?? {}) as { workflowTaskCompletedEventId?: unknown };
  const by = Number(workflowTaskCompletedEventId);
  return by > 0 ? by + firstEvent - 1 : id;
}

/** Lists what is different between two moments of a run; null: it had not begun. */
export function listChanges(before: RunMoment | null, then: RunMoment): StopChange[] {
  const changes: StopChange[] = [];
  if (before?.status !== then.status) {
    const [was, is] = [before?.status ?? null, then.status] as [ExecutionStatus | null, ExecutionStatus];
    changes.push({ what: 'run', before: was, after: is });
  }
  const earlier = new Map(before?.tasks.map((task) => [task.key, task]));
  for (const { key, name, state, attempts } of then.tasks) {
    const was = earlier.get(key)?.state ?? null;
    if (was !== state) changes.push({ what: 'task', key, name, before: was, after: state, attempt: attempts.length });
  }
  for (const { name, value, before: was, changed } of listVariables(before, then)) {
    if (changed) changes.push({ what: 'variable', name, after: value, ...(was === undefined ? {} : { before: was }) });
  }
  return [...changes, ...listJoinChanges(before, then)];
}

function listJoinChanges(before: RunMoment | null, then: RunMoment): StopChange[] {
  const arrived = (moment: RunMoment | null, task: string) =>
    moment?.joins.find((join) => join.task === task)?.arrived ?? null;
  const tasks = new Set([...(before?.joins ?? []), ...then.joins].map(({ task }) => task));
  return [...tasks].flatMap((task): StopChange[] => {
    const [was, is] = [arrived(before, task), arrived(then, task)];
    return String(was) === String(is) ? [] : [{ what: 'join', task, before: was, after: is }];
  });
}

function listVariables(before: RunMoment | null, then: RunMoment): StopVariable[] {
  return Object.entries(then.variables).map(([name, value]) => {
    const had = before !== null && Object.hasOwn(before.variables, name);
    const was = had ? before.variables[name] : undefined;
    const changed = !had || JSON.stringify(was) !== JSON.stringify(value);
    return { name, value, changed, ...(changed && was !== undefined ? { before: was } : {}) };
  });
}

function rowOf(task: TaskThen, line: TaskLine | undefined, changed: ReadonlySet<string>): StopTaskRow {
  const { key, name, visit, item, action_ref, status, state, created, started, ended, carried, attempts, error } = task;
  return {
    key,
    name,
    visit,
    item,
    action: action_ref,
    status: status as TaskStatus,
    state,
    created,
    started,
    ended,
    carried,
    attempts: attempts.length,
    error: readFailure(error),
    changed: changed.has(key),
    events: line?.events ?? { scheduled: null, ended: null },
  };
}

/** Reads the type and the message of a failure; null where there is none. */
function readFailure(error: unknown): { type: string; message: string } | null {
  return error === null ? null : (error as { type: string; message: string });
}

function readTask(task: TaskThen): StopTask {
  const { id, key, name, visit, item, action_ref, status, state, input, output, error, created, started, ended } = task;
  return {
    task: {
      number: id,
      key,
      name,
      visit,
      item,
      action: action_ref,
      status: status as TaskStatus,
      state,
      input,
      output,
      failure: readFailure(error) as StopTask['task']['failure'],
      attempts: [],
      created,
      started,
      ended,
      child: null,
      skipped: task.skipped_by,
      carried: task.carried,
    },
    templates: [],
    child: task.child,
  };
}

function countTasks({ tasks, tasks_total: total }: RunMoment, { nodes }: RunGraph): Stop['counts'] {
  const counts: Stop['counts'] = {
    total,
    statuses: noCounts(),
    tasks: Object.fromEntries(
      nodes.map(({ name, items }) => [name, { visits: noCounts(), items: items ? noCounts() : null }]),
    ),
  };
  for (const { name, item, status } of tasks) {
    const ofTask = counts.tasks[name];
    const counted = item === null ? ofTask?.visits : ofTask?.items;
    counts.statuses[status as TaskStatus] += 1;
    if (counted) counted[status as TaskStatus] += 1;
  }
  return counts;
}

function noCounts(): Stop['counts']['statuses'] {
  return Object.fromEntries(TASK_STATUSES.map((status) => [status, 0])) as Stop['counts']['statuses']; // it has every status
}
