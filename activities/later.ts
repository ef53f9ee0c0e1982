import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '@temporalio/activity';
import { ActivityCancelledError, ActivityNotFoundError } from '@temporalio/client';
import type { Json } from '../model/json.ts';
import type { Later } from './action.ts';

/** Milliseconds between two polls: at first, and at most. Each poll is a heartbeat as well. */
const FIRST_LOOK = 500;
const LAST_LOOK = 5_000;

/** The settings for following work in another system. */
export interface FollowSettings {
  /** The deadline, in milliseconds since 1970. */
  deadline: number;
  late(): Error;
  output(value: Json): Json;
  failure(error: unknown): Error;
}

/**
 * Polls work until it ends, and then completes its activity, which no longer holds a slot of its worker. If this
 * process dies, the heartbeats stop and the activity is retried like that of any lost worker.
 */
export async function follow({ info, client }: Context, later: Later, ending: FollowSettings): Promise<void> {
  const { taskToken } = info;
  const { activity } = client;
  let end: () => Promise<void>;
  try {
    const seen = await lookOn(() => activity.heartbeat(taskToken), later, ending.deadline);
    // The activity has been cancelled, or another worker has it.
    if (seen === 'gone') return;
    if (seen === 'late') throw ending.late();
    const output = seen === 'cancelled' ? null : ending.output(seen.output);
    end = () => (seen === 'cancelled' ? activity.reportCancellation(taskToken) : activity.complete(taskToken, output));
  } catch (error) {
    end = () => activity.fail(taskToken, ending.failure(error));
  }
  // If Temporal cannot be reached, the activity is retried and finds the result.
  await end().catch(() => undefined);
}

/**
 * Polls until the work has ended, the activity is cancelled, or the deadline has passed; in the last two cases the work
 * is stopped.
 */
async function lookOn(
  heartbeat: () => Promise<void>,
  later: Later,
  deadline: number,
): Promise<{ output: Json } | 'cancelled' | 'late' | 'gone'> {
  for (let wait = FIRST_LOOK; ; wait = Math.min(LAST_LOOK, wait * 2)) {
    // The timer does not keep the worker running.
    await sleep(wait, undefined, { ref: false });
    let stopped: 'cancelled' | 'late' | null = Date.now() >= deadline ? 'late' : null;
    try {
      await heartbeat();
    } catch (error) {
      if (error instanceof ActivityNotFoundError) return 'gone';
      // The work continues even if Temporal is unavailable.
      if (error instanceof ActivityCancelledError) stopped = 'cancelled';
    }
    if (stopped !== null) {
      await later.stop().catch(() => undefined);
      return stopped;
    }
    const output = await later.look();
    if (output !== undefined) return { output };
  }
}
