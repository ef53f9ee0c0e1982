import type { temporal } from '@temporalio/proto';
import type { Fault } from '../interpreter/events.ts';
import { classifyFault } from '../interpreter/fault.ts';
import type { Place, RunState, Visit, Work } from '../interpreter/state.ts';
import { workAt } from '../interpreter/visits.ts';
import { skipOf } from '../model/control.ts';
import type { Attempt, TaskExecution } from '../model/execution.ts';
import { type Failure, WORKER_BUSY } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import type { TaskStatus } from '../model/status.ts';
import { tryKey } from '../model/task-key.ts';
import { isoTime, type Tries, type TryRecord } from './history.ts';
import { isHeldBack } from './holds.ts';
import type { Past } from './past.ts';
import { faultOf, timestampMilliseconds } from './payload.ts';

type PendingActivity = temporal.api.workflow.v1.IPendingActivityInfo;

/** What describe tells of activities under way, by activity id. */
export type DescribedActivities = ReadonlyMap<string, PendingActivity>;

/** Everything that tells of a run's tasks: `closed` is when the run ended, in milliseconds; null while it is open. */
export interface TaskSources {
  state: RunState;
  past: Past;
  tries: Tries;
  described: DescribedActivities;
  closed: number | null;
}

/** The visits of a run and their items, in order; what never began is left out. */
export function tasksOf(sources: TaskSources): TaskExecution[] {
  const { state, past } = sources;
  const earlier = [...past.all()].map(({ place }) => place);
  const own = placesOf(state);
  if (earlier.length === 0) return own.map((place) => taskAt(sources, place));
  const places = [...earlier, ...own.filter((place) => past.work(place) === undefined)];
  const item = (place: Place) => place.item ?? -1;
  places.sort((a, b) => a.visit - b.visit || item(a) - item(b));
  return places.map((place) => taskAt(sources, place));
}

/** Where there is work that has begun: each visit, then its items. */
export function placesOf({ visits }: RunState): Place[] {
  return visits.flatMap(({ status, items }, visit) => {
    if (status === 'held') return [];
    const begun = (items?.work ?? []).flatMap((work, item) => (work.status === 'held' ? [] : [{ visit, item }]));
    return [{ visit, item: null }, ...begun];
  });
}

/** One visit, or one item of it, as it is shown. */
export function taskAt(
  { state, past, tries: known, described, closed }: TaskSources,
  { visit: index, item }: Place,
): TaskExecution {
  const earlier = past.work({ visit: index, item });
  const visit = earlier?.visit ?? state.visits[index]!;
  const work = earlier?.work ?? workAt(state, { visit: index, item });
  const number = item === null ? index + 1 : null;
  const action = state.program.tasks.get(visit.name)!.action;
  const tries = Array.from({ length: work.tries }, (_, index) => tryKey({ key: work.key, tries: index + 1 }));
  const records = tries.flatMap((key) => {
    const record = known.get(key);
    return record === undefined ? [] : [{ key, record }];
  });
  // While the next try is awaited, the last one that there is a record of is over.
  const current = records.find(({ key }) => key === tries.at(-1));
  const last = records.at(-1);
  const live = current === undefined ? undefined : described.get(current.key);
  const spec = state.actions[action];
  const classify = (fault: Fault) =>
    spec === undefined ? null : classifyFault(fault, spec, work.input, work.key, action).failure;
  const byEngine = spec?.inline || spec?.waits || (visit.items !== null && item === null);
  let before = 0;
  const recorded = records.flatMap(({ key, record }) => {
    const made = attemptsOf(record, key === current?.key ? live : undefined, classify, before);
    before = made.at(-1)?.attempt ?? before;
    return made;
  });
  const carried = records.length === 0 && (item === null ? visit.carried : isEarlier(state, work));
  const inRun = byEngine && !carried && recorded.length === 0 && (item !== null || visit.items === null);
  const attempts = inRun ? attemptsInRun(work) : recorded;
  const arrived = work.status === 'running' ? current?.record.result : undefined;
  const failure =
    arrived && 'fault' in arrived ? classify(arrived.fault) : work.status === 'running' ? null : work.failure;
  const ended = work.ended ?? current?.record.ended ?? (work.status === 'running' ? closed : null);
  const first = records.find(({ record }) => !isHandedBack(record.result));
  const begun = attempts.length > 0 ? first?.record.scheduled : byEngine || carried ? work.started : null;
  const started = attempts[0]?.started ?? (begun == null ? null : isoTime(begun));
  const status = taskStatus(work, arrived ?? null, live, closed !== null, current?.record ?? null);
  return {
    number,
    key: work.key,
    name: visit.name,
    visit: visit.visit,
    item,
    action,
    status,
    state: work.skipped !== null ? 'skipped' : isPaused(live) ? 'paused' : status,
    input: work.input,
    output:
      arrived && 'output' in arrived ? arrived.output : item === null ? outputOf(visit, index, past) : work.output,
    failure,
    attempts,
    created: isoTime(item === null ? visit.created : (work.started ?? visit.created)),
    started,
    ended: ended === null ? null : isoTime(last?.record.ended ?? ended),
    child: last?.record.child ?? null,
    skipped: work.skipped,
    carried,
  };
}

/** Whether work ended before the execution began, which carries it then. */
function isEarlier({ started }: RunState, { ended }: Work): boolean {
  return ended !== null && ended < started;
}

/** What a visit gave; what its run had not kept of its items, earlier runs tell. */
function outputOf({ items, status, output }: Visit, visit: number, past: Past): Json {
  if (!items?.forgotten || status !== 'succeeded') return output;
  const outputs = Array.from(items.list, (_, item) => (items.work[item] ?? past.work({ visit, item })?.work)?.output);
  return outputs.every((each) => each !== undefined) ? outputs : output;
}

function taskStatus(
  work: Work,
  arrived: TryRecord['result'],
  live: PendingActivity | undefined,
  closed: boolean,
  current: TryRecord | null,
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
      if (closed) return 'cancelled';
      // A wait, or a pause before the next try, needs no worker.
      if (current === null) return work.status === 'delayed' ? 'scheduled' : 'running';
      if (current.child !== null) return current.started === null ? 'scheduled' : 'running';
      return isStarted(live) ? 'running' : 'scheduled';
  }
}

/** States of pending activities: started, cancel requested, pause requested. */
const WITH_WORKER: ReadonlySet<number> = new Set([2, 3, 5]);

/** Whether a worker has an activity. */
export function isStarted(activity: PendingActivity | undefined): boolean {
  return WITH_WORKER.has(activity?.state ?? 0);
}

/** Whether no attempt of an activity begins for now. */
function isPaused(activity: PendingActivity | undefined): boolean {
  return activity !== undefined && !isStarted(activity) && (activity.paused === true || isHeldBack(activity));
}

/** Whether a worker had no room for a try: it was no attempt. */
function isHandedBack(result: TryRecord['result']): boolean {
  if (result === null || !('fault' in result)) return false;
  return result.fault.kind === 'application' && result.fault.type === WORKER_BUSY;
}

/** The attempts of what runs inside the workflow; of those that an earlier run of the chain has made, it tells no more than their number. */
function attemptsInRun({ attempts, made = [], started, ended, failure }: Work): Attempt[] {
  const count = attempts ?? 0;
  return Array.from({ length: count }, (_, index) => {
    const own = made[index - count + made.length];
    const begun = own?.started ?? (index === 0 ? started : null);
    const over = own?.ended ?? (index + 1 === count ? ended : null);
    return {
      attempt: index + 1,
      recorded: begun !== null,
      worker: null,
      started: begun === null ? null : isoTime(begun),
      ended: over === null ? null : isoTime(over),
      error: own?.failure ?? (index + 1 === count && over !== null ? failure : null),
    };
  });
}

/** Whether a skip ended the wait for a try's next attempt. */
function isSkip(result: TryRecord['result']): boolean {
  return result !== null && 'output' in result && skipOf(result.output) !== null;
}

function attemptsOf(
  record: TryRecord,
  live: PendingActivity | undefined,
  classify: (fault: Fault) => Failure | null,
  earlier: number,
): Attempt[] {
  if (isHandedBack(record.result)) return [];
  const attempt = live?.attempt ?? record.attempt;
  const before = live?.lastFailure ? faultOf(live.lastFailure) : record.lastFault;
  const numbered = (fault: Fault, number: number): Failure | null => {
    const failure = classify(fault);
    return failure && { ...failure, attempt: number };
  };
  // Temporal keeps nothing of earlier attempts but the failure of the last of them.
  const attempts = Array.from({ length: attempt - 1 }, (_, index): Attempt => {
    const error = index === attempt - 2 && before !== null ? numbered(before, earlier + attempt - 1) : null;
    return { attempt: earlier + index + 1, recorded: false, started: null, ended: null, error, worker: null };
  });
  const started =
    live !== undefined && isStarted(live) && live.lastStartedTime
      ? timestampMilliseconds(live.lastStartedTime)
      : record.started;
  // One that a skip has ended was not made.
  if (started === null || isSkip(record.result)) return attempts;
  const error =
    record.result !== null && 'fault' in record.result ? numbered(record.result.fault, earlier + attempt) : null;
  const worker = live?.lastWorkerIdentity || record.worker;
  const ended = record.ended === null ? null : isoTime(record.ended);
  attempts.push({ attempt: earlier + attempt, recorded: true, started: isoTime(started), ended, error, worker });
  return attempts;
}
