import type { temporal } from '@temporalio/proto';
import { isSliceKey } from '../interpreter/events.ts';
import type { RunState } from '../interpreter/state.ts';
import { listWaits } from '../interpreter/waits.ts';
import { HELD_BACK, type Wait } from '../model/execution.ts';
import { INFRASTRUCTURE_UNAVAILABLE } from '../model/failure.ts';
import { isJsonObject } from '../model/json.ts';
import { isoTime, type Tries } from './history.ts';
import { decodePayloads, timestampMilliseconds } from './payload.ts';
import { isStarted } from './tasks/attempts.ts';
import { isHeldBack } from './tasks/holds.ts';

type PendingActivity = temporal.api.workflow.v1.IPendingActivityInfo;

/** The work of an open run that Temporal's describe reports and its history lacks. */
export interface PendingWork {
  activities: readonly PendingActivity[];
  /** Attempts of the current workflow task: 0 without one; above 1, the workflow task keeps failing. */
  workflowTaskAttempt: number;
}

/** Nothing is pending: a closed run, or one that was not described. */
export const NOTHING_PENDING: PendingWork = { activities: [], workflowTaskAttempt: 0 };

/** The records of a run that the interpreter does not know. */
export const NO_TRIES: Tries = new Map();

/** Returns the pending activities without those that ended after the run was described, and before its history was read. */
export function listPending({ activities }: PendingWork, tries: Tries): PendingActivity[] {
  return activities.filter(({ activityId }) => (tries.get(activityId ?? '')?.endedBy ?? null) === null);
}

/** Returns everything that an open run waits for; `state` is null for a run that the interpreter does not know. */
export function waitsFor(state: RunState | null, pending: PendingWork, tries: Tries): Wait[] {
  return [
    ...(state === null ? [] : waitsOfRun(state)),
    ...faultOfEngine(pending),
    ...listPending(pending, tries).flatMap((activity) =>
      isSliceKey(activity.activityId ?? '') ? [] : [waitOfActivity(activity)],
    ),
    ...(state === null ? [] : waitsOfTasks(state, tries)),
  ];
}

/** Waits of the run as a whole: a pause, the concurrency key, and the drain before it continues as new. */
function waitsOfRun({ paused, turn, drain }: RunState): Wait[] {
  const waits: Wait[] = [];
  if (paused !== null) {
    const reason = paused.reason === null ? '' : `: ${paused.reason}`;
    waits.push(waitOf('pause', null, { since: isoTime(paused.since), detail: `paused by ${paused.by}${reason}` }));
  }
  if (turn !== null) {
    waits.push(waitOf('turn', null, { since: isoTime(turn), detail: 'other runs hold its concurrency key' }));
  }
  if (drain !== null) {
    waits.push(waitOf('drain', null, { detail: 'it continues as a new run once running work has ended' }));
  }
  return waits;
}

function faultOfEngine({ workflowTaskAttempt: attempt }: PendingWork): Wait[] {
  return attempt > 1
    ? [waitOf('engine_fault', null, { detail: `the workflow task has been tried ${attempt} times` })]
    : [];
}

function waitOfActivity(activity: PendingActivity): Wait {
  const task = activity.activityId ?? null;
  const since = instantOf(activity.scheduledTime);
  if (isStarted(activity)) {
    const ahead = waitInWorker(activity);
    return ahead === null
      ? waitOf('action', task, { since: instantOf(activity.lastStartedTime) ?? since })
      : waitOf('worker', task, { since, detail: ahead });
  }
  if (isHeldBack(activity)) {
    const stopped = activity.pauseInfo?.pauseTime ?? activity.lastAttemptCompleteTime;
    return waitOf('pause', task, { since: instantOf(stopped), detail: HELD_BACK });
  }
  if (activity.paused) {
    return waitOf('pause', task, { since: instantOf(activity.pauseInfo?.pauseTime), detail: 'paused in Temporal' });
  }
  const next = instantOf(activity.nextAttemptScheduleTime);
  if (next === null) return waitOf('worker', task, { since });
  return waitOf('retry', task, {
    since: instantOf(activity.lastAttemptCompleteTime),
    until: next,
    detail: activity.lastFailure?.message ?? null,
  });
}

/** Waits of tasks that the interpreter knows: timers, signals, inquiries, and sub-workflows that history has not seen end. */
function waitsOfTasks(state: RunState, tries: Tries): Wait[] {
  return listWaits(state).flatMap(({ kind, task, key, since, until, detail }) => {
    // Describe knows more about activities.
    if (kind === 'action' || (kind === 'child' && (tries.get(key)?.endedBy ?? null) !== null)) return [];
    return [waitOf(kind, task, { since: isoTime(since), until: until === null ? null : isoTime(until), detail })];
  });
}

function waitOf(kind: Wait['kind'], task: string | null, rest: Partial<Wait>): Wait {
  return { kind, task, since: null, until: null, detail: null, ...rest };
}

function instantOf(time: Parameters<typeof timestampMilliseconds>[0]): string | null {
  return time ? isoTime(timestampMilliseconds(time)) : null;
}

/** Returns what a started activity waits for in its worker before its work begins; null when it does not wait. */
function waitInWorker({ heartbeatDetails }: PendingActivity): string | null {
  const [details] = decodePayloads(heartbeatDetails);
  if (!isJsonObject(details)) return null;
  const { waiting_for_permit: waiting, waiting_for_infrastructure: reason } = details;
  if (typeof reason === 'string') return `${INFRASTRUCTURE_UNAVAILABLE}: ${reason}`;
  if (!isJsonObject(waiting)) return null;
  const { taken, total, own } = waiting;
  return `worker_busy: ${taken} of ${total} permits are in use, ${own} of them by this tenant`;
}
