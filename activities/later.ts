import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '@temporalio/activity';
import { ActivityCancelledError, ActivityNotFoundError } from '@temporalio/client';
import type { Json } from '../model/json.ts';
import type { Later } from './action.ts';

/** Milliseconds between two looks: at first, and at most. Each is a heartbeat as well. */
const FIRST_LOOK = 500;
const LAST_LOOK = 5_000;

/** What has come of something that goes on elsewhere. */
export interface Ending {
  /** Milliseconds since 1970 at which it has taken too long. */
  deadline: number;
  late(): Error;
  output(value: Json): Json;
  failure(error: unknown): Error;
}

/**
 * Looks at something until it is over, and then ends its activity, which has left the slot of its worker long ago. When this
 * process dies the heartbeats end, and the activity is issued again as that of any lost worker.
 */
export async function follow({ info, client }: Context, later: Later, ending: Ending): Promise<void> {
  const { taskToken } = info;
  const { activity } = client;
  let end: () => Promise<void>;
  try {
    const seen = await lookOn(() => activity.heartbeat(taskToken), later, ending.deadline);
    // Somebody else has it by now, or nobody wants it.
    if (seen === 'gone') return;
    if (seen === 'late') throw ending.late();
    const output = seen === 'cancelled' ? null : ending.output(seen.output);
    end = () => (seen === 'cancelled' ? activity.reportCancellation(taskToken) : activity.complete(taskToken, output));
  } catch (error) {
    end = () => activity.fail(taskToken, ending.failure(error));
  }
  // Where Temporal cannot be told it is issued again, and finds what has come of this.
  await end().catch(() => undefined);
}

/** Looks until it is over, nobody wants it any more, or it has taken too long: then it is stopped. */
async function lookOn(
  heartbeat: () => Promise<void>,
  later: Later,
  deadline: number,
): Promise<{ output: Json } | 'cancelled' | 'late' | 'gone'> {
  for (let wait = FIRST_LOOK; ; wait = Math.min(LAST_LOOK, wait * 2)) {
    // A worker that ends does not wait for it.
    await sleep(wait, undefined, { ref: false });
    let stopped: 'cancelled' | 'late' | null = Date.now() >= deadline ? 'late' : null;
    try {
      await heartbeat();
    } catch (error) {
      if (error instanceof ActivityNotFoundError) return 'gone';
      // When Temporal is away, what goes on elsewhere does so all the same.
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
