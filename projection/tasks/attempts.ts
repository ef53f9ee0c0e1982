import type { temporal } from '@temporalio/proto';
import type { Fault } from '../../interpreter/events.ts';
import type { Work } from '../../interpreter/state.ts';
import { readSkip } from '../../model/control.ts';
import type { Attempt } from '../../model/execution.ts';
import { type Failure, WORKER_BUSY } from '../../model/failure.ts';
import { isoTime, type TryRecord } from '../history.ts';
import { readFault, timestampMilliseconds } from '../payload.ts';
import { isHeldBack } from './holds.ts';

/** An activity under way, as Temporal's describe reports it. */
export type PendingActivity = temporal.api.workflow.v1.IPendingActivityInfo;

/** The records of the tries of some work. */
export interface WorkRecords {
  records: TryRecord[];
  /** The record of the current try; undefined while the next try is awaited. */
  current: TryRecord | undefined;
  /** The pending activity of the current try. */
  live: PendingActivity | undefined;
}

/** Returns the attempts that Temporal has made of some work, numbered across its tries. */
export function recordedAttempts(
  { records, current, live }: WorkRecords,
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
export function firstScheduled(records: readonly TryRecord[]): number | undefined {
  return records.find(({ result }) => !isHandedBack(result))?.scheduled;
}

/** States of pending activities: started, cancel requested, pause requested. */
const WITH_WORKER: ReadonlySet<number> = new Set([2, 3, 5]);

/** Whether a worker has an activity. */
export function isStarted(activity: PendingActivity | undefined): boolean {
  return WITH_WORKER.has(activity?.state ?? 0);
}

/** Whether no attempt of an activity may begin. */
export function isPaused(activity: PendingActivity | undefined): boolean {
  return activity !== undefined && !isStarted(activity) && (activity.paused === true || isHeldBack(activity));
}

/** Whether a worker had no room for a try, which then does not count as an attempt. */
function isHandedBack(result: TryRecord['result']): boolean {
  if (result === null || !('fault' in result)) return false;
  return result.fault.kind === 'application' && result.fault.type === WORKER_BUSY;
}

/** Returns the attempts of work that runs inside the workflow; those of an earlier run of the chain have a number and nothing else. */
export function attemptsInRun({ attempts, made = [], started, ended, failure }: Work): Attempt[] {
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
  return result !== null && 'output' in result && readSkip(result.output) !== null;
}

function attemptsOf(
  record: TryRecord,
  live: PendingActivity | undefined,
  classify: (fault: Fault) => Failure | null,
  earlier: number,
): Attempt[] {
  if (isHandedBack(record.result)) return [];
  const attempt = live?.attempt ?? record.attempt;
  const before = live?.lastFailure ? readFault(live.lastFailure) : record.lastFault;
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
  // The attempt that a skip prevented was not made.
  if (started === null || isSkip(record.result)) return attempts;
  const error =
    record.result !== null && 'fault' in record.result ? numbered(record.result.fault, earlier + attempt) : null;
  const worker = live?.lastWorkerIdentity || record.worker;
  const ended = record.ended === null ? null : isoTime(record.ended);
  attempts.push({ attempt: earlier + attempt, recorded: true, started: isoTime(started), ended, error, worker });
  return attempts;
}
