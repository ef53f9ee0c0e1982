import type { temporal } from '@temporalio/proto';
import { isSliceKey } from '../../interpreter/events.ts';
import { timestampMilliseconds } from '../payload.ts';

type PendingActivity = temporal.api.workflow.v1.IPendingActivityInfo;

/** Who pauses activities in Temporal for a run that is paused. */
export const HOLDER = 'fermata';

/** Seconds between the attempts of an activity that a worker has while its run is paused: the next attempt does not begin by itself. */
export const STRETCHED_SECONDS = 300_000_000;

/** States of pending activities. */
const SCHEDULED = 1;
const STARTED = 2;
const PAUSE_REQUESTED = 5;

/** A change of a pending activity: `stretch` delays its further attempts beyond any wait, `restore` gives it back its own retry policy. */
export type HoldStep = 'pause' | 'unpause' | 'stretch' | 'restore';

/** What is to be done to one activity, in order. */
export interface HoldChange {
  activityId: string;
  steps: HoldStep[];
}

/**
 * Returns what is to be changed so that no attempt of a run's pending activities begins while it is paused; else so that what
 * Fermata held back goes on. An activity that somebody else has paused stays so.
 */
export function holdChanges(paused: boolean, activities: readonly PendingActivity[]): HoldChange[] {
  return activities.flatMap((activity) => {
    const { activityId } = activity;
    if (!activityId || isSliceKey(activityId)) return [];
    const steps = paused ? toHold(activity) : toRelease(activity);
    return steps.length === 0 ? [] : [{ activityId, steps }];
  });
}

/** Reports whether the next attempt of an activity is held back because its run is, or was, paused. */
export function isHeldBack(activity: PendingActivity): boolean {
  return isPausedByUs(activity) || isStretched(activity);
}

/** Reports whether a worker has an attempt of an activity that Temporal may follow by another one. */
export function isAwaited(activity: PendingActivity): boolean {
  return activity.state === STARTED && !isLast(activity);
}

function toHold(activity: PendingActivity): HoldStep[] {
  const { state } = activity;
  if (state === SCHEDULED) return ['pause'];
  // Temporal asks a worker to give up what is paused while it runs, and an attempt that has begun goes on to its end.
  if (state === PAUSE_REQUESTED && isPausedByUs(activity))
    return isLast(activity) ? ['unpause'] : ['stretch', 'unpause'];
  return state === STARTED && !isStretched(activity) && !isLast(activity) ? ['stretch'] : [];
}

function toRelease(activity: PendingActivity): HoldStep[] {
  const steps: HoldStep[] = [];
  if (isStretched(activity)) steps.push('restore');
  if (isPausedByUs(activity)) steps.push('unpause');
  return steps;
}

/** Whether Temporal makes no attempt after the one that a worker has. */
function isLast({ attempt, activityOptions }: PendingActivity): boolean {
  const most = activityOptions?.retryPolicy?.maximumAttempts ?? 0;
  return most > 0 && (attempt ?? 1) >= most;
}

function isPausedByUs({ paused, pauseInfo }: PendingActivity): boolean {
  return paused === true && pauseInfo?.manual?.identity === HOLDER;
}

function isStretched({ activityOptions }: PendingActivity): boolean {
  return timestampMilliseconds(activityOptions?.retryPolicy?.initialInterval) === STRETCHED_SECONDS * 1000;
}
