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
  const activity = client.activity;
  try {
    for (let wait = FIRST_LOOK; ; wait = Math.min(LAST_LOOK, wait * 2)) {
      // A worker that ends does not wait for it.
      await sleep(wait, undefined, { ref: false });
      try {
        await activity.heartbeat(taskToken);
      } catch (error) {
        if (error instanceof ActivityNotFoundError) return await later.stop();
        if (error instanceof ActivityCancelledError) {
          await later.stop();
          return await activity.reportCancellation(taskToken);
        }
        // Temporal is away: what goes on elsewhere does so all the same.
      }
      if (Date.now() >= ending.deadline) {
        await later.stop();
        throw ending.late();
      }
      const output = await later.look();
      if (output !== undefined) return await activity.complete(taskToken, ending.output(output));
    }
  } catch (error) {
    await activity.fail(taskToken, ending.failure(error)).catch(() => undefined);
  }
}
