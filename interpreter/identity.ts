import { digest } from '../expression/encoding.ts';
import { derivedNumber, readScheduledTime } from '../model/execution-id.ts';
import type { RunInput } from '../model/run-input.ts';
import { SCHEDULED_TIME } from './versions.ts';

/**
 * Completes the input of a run with its number, its random seed, and the time that it is for. All runs of a schedule are started with the
 * same input; these values come from the workflow id, which Temporal builds from the id of the schedule and the time of each start.
 */
export function identified(run: RunInput, workflowId: string): RunInput {
  if (run.schedule === undefined) return run;
  const seed = digest(workflowId, 'sha256');
  const at = run.interpreter < SCHEDULED_TIME ? null : readScheduledTime(workflowId);
  const scheduled = at === null ? {} : { scheduled: { at, schedule: run.schedule } };
  return { ...run, n: derivedNumber(seed), seed, ...scheduled };
}
