import type { ClosingDetails } from './failure.ts';

/** The number of strikes after which a run is terminated. */
export const STRIKE_LIMIT = 2;

const MESSAGE = 'a step of this run has stopped a worker twice';

/** The reason with which such a run is terminated. */
export const STRIKE_REASON = `limit_exceeded: ${MESSAGE}`;

/** The details of that termination: the failure that the run closes with. */
export const STRIKE_DETAILS: ClosingDetails = {
  outcome: 'failed',
  failure: { type: 'limit_exceeded', message: MESSAGE },
};
