import { digest } from '../expression/encoding.ts';
import { derivedNumber, scheduledTimeOf } from '../model/execution-id.ts';
import type { RunInput } from '../model/run-input.ts';
import { SCHEDULED_TIME } from './versions.ts';

/**
 * Completes the input of a run with its number, the seed of its chance, and the time that it is for. Runs of one schedule are all started
 * with the same input: theirs come from the workflow id, which Temporal makes of the schedule's and of the time of each start.
 */
export function identified(run: RunInput, workflowId: string): RunInput {
  if (run.schedule === undefined) return run;
  const seed = digest(workflowId, 'sha256');
  const at = run.interpreter < SCHEDULED_TIME ? null : scheduledTimeOf(workflowId);
  const scheduled = at === null ? {} : { scheduled: { at, schedule: run.schedule } };
  return { ...run, n: derivedNumber(seed), seed, ...scheduled };
}
