import { digest } from '../expression/encoding.ts';
import { derivedNumber } from '../model/execution-id.ts';
import type { RunInput } from '../model/run-input.ts';

/**
 * The input of a run with its number and the seed of its chance. Runs of one schedule are all started with the same
 * input: theirs come from Temporal's workflow id, which Temporal makes a new one for each (design/index.md, Ids).
 */
export function identified(run: RunInput, workflowId: string): RunInput {
  if (run.schedule === undefined) return run;
  const seed = digest(workflowId, 'sha256');
  return { ...run, n: derivedNumber(seed), seed };
}
