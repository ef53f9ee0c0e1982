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

/** Returns the task execution at a place: a visit, or one of its items. */
export function taskAt(sources: TaskSources, { visit: index, item }: Place): TaskExecution {
  const { state, past, closed } = sources;
  const earlier = past.work({ visit: index, item });
  const visit = earlier?.visit ?? state.visits[index]!;
  const work = earlier?.work ?? workAt(state, { visit: index, item });
  const action = state.program.tasks.get(visit.name)!.action;
  const spec = state.actions[action];
  const classify = (fault: Fault) =>
    spec === undefined ? null : classifyFault(fault, spec, work.input, work.key, action).failure;
  const { records, current, live } = recordsOf(sources, work);
  const last = records.at(-1);
  const isWhole = visit.items !== null && item === null;
  const byEngine = Boolean(spec?.inline || spec?.waits) || isWhole;
  const recorded = recordedAttempts(records, current, live, classify);
  const carried = records.length === 0 && (item === null ? visit.carried : isEarlier(state, work));
  const inRun = byEngine && !carried && recorded.length === 0 && !isWhole;
  const attempts = inRun ? attemptsInRun(work) : recorded;
  const arrived = work.status === 'running' ? current?.result : undefined;
  const ended = work.ended ?? current?.ended ?? (work.status === 'running' ? closed : null);
  const begun = attempts.length > 0 ? firstScheduled(records) : byEngine || carried ? work.started : null;
  const status = taskStatus(work, arrived ?? null, live, closed !== null, current ?? null);
  return {
    number: item === null ? index + 1 : null,
    key: work.key,
    name: visit.name,
    visit: visit.visit,
    item,
    action,
    status,
    state: work.skipped !== null ? 'skipped' : isPaused(live) ? 'paused' : status,
    input: work.input,
    output: arrived && 'output' in arrived ? arrived.output : outputAtPlace(visit, work, { visit: index, item }, past),
    failure: failureNow(work, arrived, classify),
    attempts,
    created: isoTime(item === null ? visit.created : (work.started ?? visit.created)),
    started: attempts[0]?.started ?? (begun == null ? null : isoTime(begun)),
    ended: ended === null ? null : isoTime(last?.ended ?? ended),
    child: last?.child ?? null,
    skipped: work.skipped,
    carried,
  };
}

/** The records of the tries of some work; `current`: that of the current try; `live`: its pending activity. */
interface WorkRecords {
  records: TryRecord[];
  current: TryRecord | undefined;
  live: PendingActivity | undefined;
}

function recordsOf({ tries, described }: TaskSources, work: Work): WorkRecords {
  const keys = Array.from({ length: work.tries }, (_, index) => tryKey({ key: work.key, tries: index + 1 }));
  const records = keys.flatMap((key) => tries.get(key) ?? []);
  // While the next try is awaited, the last recorded one is over.
  const current = tries.get(tryKey(work));
  return { records, current, live: current === undefined ? undefined : described.get(tryKey(work)) };
}

function recordedAttempts(
  records: readonly TryRecord[],
  current: TryRecord | undefined,
  live: PendingActivity | undefined,
  classify: (fault: Fault) => Failure | null,
): Attempt[] {
  let before = 0;
  return records.flatMap((record) => {
    const made = attemptsOf(record, record === current ? live : undefined, classify, before);
    before = made.at(-1)?.attempt ?? before;
    return made;
  });
}

/** Returns when the first try that a worker did not hand back was scheduled. */
function firstScheduled(records: readonly TryRecord[]): number | undefined {
  return records.find(({ result }) => !isHandedBack(result))?.scheduled;
}

/** Returns the failure of work: of a result that the interpreter has not taken yet, or its own; null while it runs. */
function failureNow(
  work: Work,
  arrived: TryRecord['result'] | undefined,
  classify: (fault: Fault) => Failure | null,
): Failure | null {
  if (arrived && 'fault' in arrived) return classify(arrived.fault);
  return work.status === 'running' ? null : work.failure;
}

function outputAtPlace(visit: Visit, work: Work, { visit: index, item }: Place, past: Past): Json {
  return item === null ? outputOf(visit, index, past) : work.output;
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
      return closed ? 'cancelled' : openStatus(work, live, current);
  }
}

function openStatus(work: Work, live: PendingActivity | undefined, current: TryRecord | null): TaskStatus {
  // A wait, or a pause before the next try, needs no worker.
  if (current === null) return work.status === 'delayed' ? 'scheduled' : 'running';
  if (current.child !== null) return current.started === null ? 'scheduled' : 'running';
  return isStarted(live) ? 'running' : 'scheduled';
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
