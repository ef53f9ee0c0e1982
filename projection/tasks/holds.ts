import type { temporal } from '@temporalio/proto';
import { isSliceKey } from '../../interpreter/events.ts';
import { timestampMilliseconds } from '../payload.ts';

type PendingActivity = temporal.api.workflow.v1.IPendingActivityInfo;

/** Who pauses activities in Temporal for a run that is paused. */
export const HOLDER = 'fermata';

/** Seconds between the attempts of an activity that a worker has while its run is paused, so that no next attempt begins. */
export const STRETCHED_SECONDS = 300_000_000;

/** States of pending activities. */
const SCHEDULED = 1;
const STARTED = 2;
const PAUSE_REQUESTED = 5;

/** A change of a pending activity: `stretch` delays its further attempts beyond any wait, `restore` restores its own retry policy. */
export type HoldStep = 'pause' | 'unpause' | 'stretch' | 'restore';

/** The changes of one activity, in order. */
export interface HoldChange {
  activityId: string;
  steps: HoldStep[];
}

/**
 * Returns the changes that keep attempts of a run's pending activities from beginning while the run is paused, or that release the
 * activities that Fermata held back when it is not. An activity that somebody else has paused stays paused.
 */
export function holdChanges(paused: boolean, activities: readonly PendingActivity[]): HoldChange[] {
  return activities.flatMap((activity) => {
    const { activityId } = activity;
    if (!activityId || isSliceKey(activityId)) return [];
    const steps = paused ? toHold(activity) : toRelease(activity);
    return steps.length === 0 ? [] : [{ activityId, steps }];
  });
}

/** Returns whether the next attempt of an activity is held back because its run is, or was, paused. */
export function isHeldBack(activity: PendingActivity): boolean {
  return isPausedByUs(activity) || isStretched(activity);
}

/** Returns whether a worker has an attempt of an activity after which Temporal may make another one. */
export function isAwaited(activity: PendingActivity): boolean {
  return activity.state === STARTED && !isLast(activity);
}

function toHold(activity: PendingActivity): HoldStep[] {
  const { state } = activity;
  if (state === SCHEDULED) return ['pause'];
  // Temporal asks the worker to give up an activity that is paused while it runs; here, an attempt that has begun continues to its end.
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
