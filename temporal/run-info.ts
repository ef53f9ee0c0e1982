import type { RunInfo } from './gateway.ts';

/** Temporal's WorkflowExecutionStatus of an open run, and of one that continued as new. */
export const RUNNING = 1;
const CONTINUED_AS_NEW = 6;

/** Reports whether a run has ended for good; one that continued as new has not. */
export function isClosedRun(info: RunInfo): boolean {
  return info.status !== RUNNING && info.status !== CONTINUED_AS_NEW;
}
