import type { Cause } from '../../model/events/cause.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Parameters, RunInput, ScheduledTime } from '../../model/run-input.ts';
import type { StartMode } from '../../model/run-mode.ts';
import type { Reached } from '../definitions/sub-workflows.ts';
import type { IdempotencyKey } from './idempotency.ts';

/** A request to start a run, whichever interface it came through. */
export interface StartCommand {
  /** The workflow or action to run. */
  ref: string;
  input: Parameters;
  /** The field of the request that holds the input; issues point to it. */
  inputField: string;
  version?: string | undefined;
  revision?: number | undefined;
  enforcement?: number | null | undefined;
  /** The cause of the run; never given by a caller. */
  cause?: Cause | undefined;
  tags?: string[] | undefined;
  mode?: StartMode | undefined;
  memo?: JsonObject | undefined;
  /** Seconds until the run starts. */
  delay?: number | undefined;
  /** Seconds that the answer waits for the run to close; absent: it does not wait. */
  wait?: number | undefined;
  idempotencyKey?: IdempotencyKey | undefined;
  /** The time that the run is for, if it is a retry of a run that a schedule started. */
  scheduled?: ScheduledTime | undefined;
  /** Subjects that count as starters of the run in addition to the caller. */
  starters?: readonly string[] | undefined;
}

/** The revision of a workflow, or the action as a workflow of one task, to which the ref of a start command resolves. */
export interface ResolvedStart extends Reached {
  definition: RunInput['definition'];
  paramSchema: JsonObject | null;
  outSchema: JsonObject | null;
  version: string;
  revision: number;
  /** SHA-256 of the revision; null for an action. */
  hash: string | null;
  /** The integer id of the workflow; null for an action. */
  definitionId: number | null;
}
