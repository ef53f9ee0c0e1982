import type { Fault } from '../../interpreter/events.ts';
import { classifyFault } from '../../interpreter/fault.ts';
import type { Place, RunState, Visit, Work } from '../../interpreter/state.ts';
import { workAt } from '../../interpreter/visits.ts';
import type { Attempt, ChildTask, TaskExecution } from '../../model/execution.ts';
import type { Failure } from '../../model/failure.ts';
import type { Json } from '../../model/json.ts';
import type { TaskState, TaskStatus } from '../../model/status.ts';
import { tryKey } from '../../model/task-key.ts';
import { isoTime, type Tries, type TryRecord } from '../history.ts';
import type { Past } from '../replay/past.ts';
import {
  attemptsInRun,
  firstScheduled,
  isPaused,
  isStarted,
  type PendingActivity,
  recordedAttempts,
  type WorkRecords,
} from './attempts.ts';

/** The activities under way, as Temporal's describe reports them, by activity id. */
export type DescribedActivities = ReadonlyMap<string, PendingActivity>;

/** Everything that a run's tasks are read from: `closed` is when the run ended, in milliseconds; null while it is open. */
export interface TaskSources {
  state: RunState;
  past: Past;
  tries: Tries;
  described: DescribedActivities;
  closed: number | null;
  /** The keys of the places that a pause of the run holds back (`findHeld`). */
  held: ReadonlySet<string>;
}

/**
 * Returns the keys of the places at which a pause of a run keeps the interpreter from starting work or its next attempt; `closed` is when
 * the run ended, null while it is open.
 */
export function findHeld({ paused, pending, starting }: RunState, closed: number | null): ReadonlySet<string> {
  if (paused === null || closed !== null) return NOTHING_HELD;
  const delayed = [...pending.values()].filter(({ kind }) => kind === 'retry' || kind === 'delay');
  return new Set([...starting, ...delayed].map(placeKey));
}

const NOTHING_HELD: ReadonlySet<string> = new Set();

/** Whether a pause holds back the work at a place. A visit with items is not held back as a whole. */
function isHeld({ held }: TaskSources, { items }: Visit, place: Place): boolean {
  return held.size > 0 && (items === null || place.item !== null) && held.has(placeKey(place));
}

function placeKey({ visit, item }: Place): string {
  return `${visit}/${item}`;
}

/** Returns the places of the visits of a run and of their items, in order, without those that never began. */
export function listAllPlaces({ state, past }: TaskSources): Place[] {
  const earlier = [...past.all()].map(({ place }) => place);
  const own = listPlaces(state);
  if (earlier.length === 0) return own;
  const places = [...earlier, ...own.filter((place) => past.work(place) === undefined)];
  const item = (place: Place) => place.item ?? -1;
  return places.sort((a, b) => a.visit - b.visit || item(a) - item(b));
}

/** Returns the places of work that has begun: each visit, then its items. */
function listPlaces({ visits }: RunState): Place[] {
  return visits.flatMap(({ status, items }, visit) => {
    if (status === 'held') return [];
    const begun = (items?.work ?? []).flatMap((work, item) => (work.status === 'held' ? [] : [{ visit, item }]));
    return [{ visit, item: null }, ...begun];
  });
}

/** How the work at a place stands, with what that is read from. */
interface StandingWork {
  visit: Visit;
  work: Work;
  standing: Pick<TaskExecution, 'status' | 'state' | 'started' | 'ended'>;
  records: WorkRecords;
  /** A result that the interpreter has not taken yet; null without one. */
  arrived: TryRecord['result'];
  attempts: Attempt[];
  carried: boolean;
  classify: (fault: Fault) => Failure | null;
}

function readWork(sources: TaskSources, place: Place): StandingWork {
  const { visit, work } = workIn(sources, place);
  const { action } = sources.state.program.tasks.get(visit.name)!;
  const spec = sources.state.actions[action];
  const classify = (fault: Fault) =>
    spec === undefined ? null : classifyFault(fault, spec, work.input, work.key, action).failure;
  const records = recordsOf(sources, work);
  const { current, live } = records;
  const arrived = work.status === 'running' ? (current?.result ?? null) : null;
  const carried = records.records.length === 0 && isCarried(sources, place, visit, work);
  const inWorkflow = Boolean(spec?.inline || spec?.waits);
  const isWhole = visit.items !== null && place.item === null;
  const recorded = recordedAttempts(records, classify);
  const attempts = inWorkflow && !isWhole && !carried && recorded.length === 0 ? attemptsInRun(work) : recorded;
  const begun = inWorkflow || isWhole || carried ? work.started : null;
  const status = taskStatus(work, arrived, records, sources.closed !== null);
  const standing = {
    status,
    state: stateOf(work, status, isPaused(live) || isHeld(sources, visit, place)),
    started: startedAt(attempts, records, begun),
    ended: endedAt(work, records, sources.closed),
  };
  return { visit, work, standing, records, arrived, attempts, carried, classify };
}

/** Returns how the task execution at a place stands, without what it has made: the output of many items is put together for each who asks. */
export function standingAt(sources: TaskSources, place: Place): StandingWork['standing'] {
  return readWork(sources, place).standing;
}

/** Returns the task execution at a place: a visit, or one of its items. */
export function taskAt(sources: TaskSources, place: Place): TaskExecution {
  const { visit, work, standing, records, arrived, attempts, carried, classify } = readWork(sources, place);
  const { item } = place;
  return {
    number: item === null ? place.visit + 1 : null,
    key: work.key,
    name: visit.name,
    visit: visit.visit,
    item,
    action: sources.state.program.tasks.get(visit.name)!.action,
    status: standing.status,
    state: standing.state,
    input: work.input,
    output: arrived !== null && 'output' in arrived ? arrived.output : outputAt(visit, work, place, sources.past),
    failure: failureOf(work, arrived, classify),
    attempts,
    created: isoTime(item === null ? visit.created : (work.started ?? visit.created)),
    started: standing.started,
    ended: standing.ended,
    child: records.records.at(-1)?.child ?? null,
    skipped: work.skipped,
    carried,
  };
}

/** Returns the status of the task execution at a place. */
export function statusAt(sources: TaskSources, place: Place): TaskStatus {
  const { work } = workIn(sources, place);
  // Records say only how work stands that has not ended.
  const records = isOver(work) ? NO_RECORDS : recordsOf(sources, work);
  const arrived = work.status === 'running' ? (records.current?.result ?? null) : null;
  return taskStatus(work, arrived, records, sources.closed !== null);
}

/** Returns the state of the task execution at a place. */
export function stateAt(sources: TaskSources, place: Place): TaskState {
  const { visit, work } = workIn(sources, place);
  const { live } = isOver(work) ? NO_RECORDS : recordsOf(sources, work);
  return stateOf(work, statusAt(sources, place), isPaused(live) || isHeld(sources, visit, place));
}

/** Returns the failure of the task execution at a place; null without one, and while it is tried again. */
export function failureAt(sources: TaskSources, place: Place): Failure | null {
  const { work } = workIn(sources, place);
  // Only of work that runs may there be a result that the interpreter has not taken.
  return work.status === 'running' ? taskAt(sources, place).failure : work.failure;
}

/**
 * Returns the events of the work at a place, by their numbers within the history of the chain: the one that scheduled its first try,
 * and the one that ended its last. Null where history has no event for that, as for a delay, or not yet.
 */
export function eventsAt(sources: TaskSources, place: Place): { scheduled: number | null; ended: number | null } {
  const { work } = workIn(sources, place);
  const { records } = recordsOf(sources, work);
  return { scheduled: records[0]?.scheduledBy ?? null, ended: (isOver(work) && records.at(-1)?.endedBy) || null };
}

/** Reports whether the task execution at a place has ended. */
export function hasEnded(sources: TaskSources, place: Place): boolean {
  const { work } = workIn(sources, place);
  return work.ended !== null || endedAt(work, recordsOf(sources, work), sources.closed) !== null;
}

/**
 * Returns the number of attempts that have begun of the work at a place, on a worker or as a sub-workflow. Of work that an earlier
 * execution did, it is that execution's number.
 */
export function countAttempts(sources: TaskSources, place: Place): number {
  const { visit, work } = workIn(sources, place);
  const records = recordsOf(sources, work);
  if (records.records.length > 0) return recordedAttempts(records, () => null).at(-1)?.attempt ?? 0;
  return isCarried(sources, place, visit, work) ? (work.attempts ?? 1) : 0;
}

const NO_RECORDS: WorkRecords = { records: [], current: undefined, live: undefined };

/** Reports whether work has ended, whatever its outcome. */
export function isOver({ status }: Work): boolean {
  return status !== 'held' && status !== 'delayed' && status !== 'running';
}

/** Returns the sub-workflows that the tasks of a run have started, in the order of visits and items. */
export function listChildTasks(sources: TaskSources): ChildTask[] {
  const { program, actions } = sources.state;
  if (![...program.tasks.values()].some(({ action }) => actions[action]?.workflow)) return [];
  return listAllPlaces(sources).flatMap((place) => {
    const { work } = workIn(sources, place);
    const records = recordsOf(sources, work);
    const child = records.records.at(-1)?.child ?? null;
    if (child === null) return [];
    return [{ key: work.key, child, open: endedAt(work, records, sources.closed) === null }];
  });
}

/** Returns the work at a place, with its visit: as an earlier run of the chain left it, or of this run. */
export function workIn({ state, past }: TaskSources, { visit, item }: Place): { visit: Visit; work: Work } {
  const earlier = past.work({ visit, item });
  return {
    visit: earlier?.visit ?? state.visits[visit]!,
    work: earlier?.work ?? workAt(state, { visit, item }),
  };
}

function recordsOf({ tries, described }: TaskSources, work: Work): WorkRecords {
  const current = tries.get(tryKey(work));
  const earlier = Array.from({ length: work.tries - 1 }, (_, index) => tryKey({ key: work.key, tries: index + 1 }));
  const records = earlier.flatMap((key) => tries.get(key) ?? []);
  if (current !== undefined) records.push(current);
  return { records, current, live: current === undefined ? undefined : described.get(tryKey(work)) };
}

/** Returns when work started; `begun` is when it did without an attempt, in milliseconds. */
function startedAt(attempts: readonly Attempt[], { records }: WorkRecords, begun: number | null): string | null {
  const [first] = attempts;
  if (first !== undefined && first.started !== null) return first.started;
  const at = first === undefined ? begun : (firstScheduled(records) ?? null);
  return at === null ? null : isoTime(at);
}

/** Returns when work ended; work that runs when its run closes ends with it. */
function endedAt(work: Work, { records, current }: WorkRecords, closed: number | null): string | null {
  const ended = work.ended ?? current?.ended ?? (work.status === 'running' ? closed : null);
  return ended === null ? null : isoTime(records.at(-1)?.ended ?? ended);
}

/** Returns the failure of work: of a result that the interpreter has not taken yet, or its own; null while it runs. */
function failureOf(
  work: Work,
  arrived: TryRecord['result'],
  classify: (fault: Fault) => Failure | null,
): Failure | null {
  if (arrived !== null && 'fault' in arrived) return classify(arrived.fault);
  return work.status === 'running' ? null : work.failure;
}

function outputAt(visit: Visit, work: Work, { visit: index, item }: Place, past: Past): Json {
  return item === null ? outputOf(visit, index, past) : work.output;
}

/** Whether an earlier execution did work of which this one has no record. */
function isCarried({ state }: TaskSources, { item }: Place, visit: Visit, work: Work): boolean {
  return item === null ? visit.carried : isEarlier(state, work);
}

/** Whether work ended before its execution began, which then carries it from another one. */
function isEarlier({ started }: RunState, { ended }: Work): boolean {
  return ended !== null && ended < started;
}

/** Returns the output of a visit; outputs of items that its run did not keep come from earlier runs. */
function outputOf({ items, status, output }: Visit, visit: number, past: Past): Json {
  if (!items?.forgotten || status !== 'succeeded') return output;
  const outputs: Json[] = [];
  for (let item = 0; item < items.list.length; item += 1) {
    const work = items.work[item] ?? past.work({ visit, item })?.work;
    if (work === undefined) return output;
    outputs.push(work.output);
  }
  return outputs;
}

function taskStatus(
  work: Work,
  arrived: TryRecord['result'],
  { current, live }: WorkRecords,
  closed: boolean,
): TaskStatus {
  switch (work.status) {
    case 'succeeded':
      return 'completed';
    case 'failed':
      return work.lost ? 'abandoned' : 'failed';
    case 'timed_out':
      return 'timeout';
    case 'cancelled':
      return 'cancelled';
    default:
      if (arrived !== null) return 'output' in arrived ? 'completed' : 'failed';
      return closed ? 'cancelled' : openStatus(work, live, current);
  }
}

function openStatus(work: Work, live: PendingActivity | undefined, current: TryRecord | undefined): TaskStatus {
  // A wait, or a pause before the next try, needs no worker.
  if (current === undefined) return work.status === 'delayed' ? 'scheduled' : 'running';
  return current.started !== null || isStarted(live) ? 'running' : 'scheduled';
}

function stateOf({ skipped }: Work, status: TaskStatus, isHeld: boolean): TaskState {
  if (skipped !== null) return 'skipped';
  return isHeld ? 'paused' : status;
}
