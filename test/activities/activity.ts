import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { expect } from 'vitest';
import type { Connect } from '../../activities/action.ts';
import { createActivities } from '../../activities/activities.ts';
import { ACTIONS } from '../../activities/catalog.ts';
import type { Egress } from '../../egress/egress.ts';
import type { Json } from '../../model/json.ts';
import { Permits } from '../../model/permits.ts';

/** Runs one attempt of an action as a worker does. */
export interface Activity {
  run(action: string, input: object, info?: object): Promise<Json>;
  /** Runs it and returns what it fails with: type, whether it is tried again, message, code. */
  failure(action: string, input: object, info?: object): Promise<[string, boolean, string, string | undefined]>;
}

/** Failures that a test provokes are no news. */
const logger = new DefaultLogger('ERROR');

/** Creates the surroundings of one attempt, as a worker does. */
export function createAttempt(info: object): MockActivityEnvironment {
  return new MockActivityEnvironment(info, { logger });
}

/** Prepares activities; `connection` is what every pack is connected by. */
export function createActivity(
  egress: Egress,
  connection: Awaited<ReturnType<Connect>> = null,
  trusted: Egress = egress,
): Activity {
  const options = {
    egress,
    trusted,
    connect: async () => connection,
    secretOf: async () => null,
    isAuthentic: async () => true,
  };
  const activities = createActivities(ACTIONS, options, new Permits(100));
  const run: Activity['run'] = (activityType, input, info = {}) =>
    createAttempt({ activityType, startToCloseTimeoutMs: 40_000, ...info }).run(
      ...([activities.default!, input, { tenant: 'default' }] as const),
    ) as Promise<Json>;
  return {
    run,
    async failure(action, input, info) {
      const error = await run(action, input, info).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ApplicationFailure);
      const { type, nonRetryable, message, details } = error as ApplicationFailure;
      return [type!, nonRetryable !== true, message, (details?.[1] as { code?: string } | undefined)?.code];
    },
  };
}
