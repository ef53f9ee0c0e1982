import { skipMarker } from '../../model/control.ts';
import { executionKey } from '../../model/task-key.ts';
import type { Temporal } from '../../temporal/gateway.ts';

/** The state of a pending activity that is paused and that no worker has. */
const PAUSED = 4;

/** Ends the wait for attempts that Temporal makes. */
export interface AttemptSkips {
  /**
   * Keeps Temporal from making the next attempt of a task, by the key of the task. Returns the id of its activity; null when its first
   * attempt was not made yet or a worker has one; undefined when it has no activity.
   */
  hold(workflowId: string, key: string): Promise<string | null | undefined>;
  /** Ends a held activity because of the skip with an id, which the run has processed. */
  end(workflowId: string, activityId: string, skip: string): Promise<void>;
}

/** Creates the skips. */
export function createAttemptSkips(
  temporal: Pick<Temporal, 'describe' | 'changeActivity' | 'completeActivity'>,
): AttemptSkips {
  async function find(workflowId: string, key: string) {
    const activities = (await temporal.describe(workflowId))?.pending.activities ?? [];
    return activities.find(({ activityId }) => activityId && executionKey(activityId) === key);
  }

  return {
    async hold(workflowId, key) {
      const found = await find(workflowId, key);
      const id = found?.activityId;
      if (!found || !id) return undefined;
      if ((found.attempt ?? 1) < 2) return null;
      await temporal.changeActivity(workflowId, id, 'pause');
      return (await find(workflowId, key))?.state === PAUSED ? id : null;
    },

    end: (workflowId, activityId, skip) => temporal.completeActivity(workflowId, activityId, skipMarker(skip)),
  };
}
