import type { Failure, Outcome } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import type { ActionSpec, Parameters, RunInput, RunMemo } from '../model/run-input.ts';
import type { SecretTexts } from '../model/secret-texts.ts';

/** Why an activity or a sub-workflow did not complete. The shell and the projection both derive it from the same facts. */
export type Fault =
  | { kind: 'application'; type: string; message: string; details: Json[] }
  | { kind: 'timeout'; timeout: 'start_to_close' | 'schedule_to_start' | 'schedule_to_close' | 'heartbeat' }
  | { kind: 'cancelled' }
  /** Sub-workflows only: terminated, or its id was already taken. */
  | { kind: 'terminated' }
  | { kind: 'clash' }
  | { kind: 'other'; message: string };

/** An event that the shell reports to the interpreter, or that is read from history. `key` is an activity id or the key of a timer. */
export type RunEvent =
  /** `attempt`: the attempt of Temporal's retry policy in which the activity completed, where its worker reports it. */
  | { type: 'completed'; key: string; output: Json; attempt?: number }
  | { type: 'failed'; key: string; fault: Fault }
  | { type: 'fired'; key: string }
  | { type: 'signal'; name: string; payload: Json }
  | { type: 'cancel' };

/** The fields of a sub-workflow's memo that differ from its parent's. */
export type ChildMemo = Required<
  Pick<RunMemo, 'n' | 'ref' | 'revision' | 'definition_id' | 'parent' | 'parent_task' | 'actions'>
> &
  Pick<RunMemo, 'turn' | 'on_failure'>;

/**
 * A command of the interpreter to the shell. `cancel_work` cancels everything that is running, except shielded work.
 */
export type Command =
  | {
      type: 'activity';
      key: string;
      action: string;
      spec: ActionSpec;
      input: Json;
      /** The places of secrets in the input, which the worker fills in. */
      secrets?: SecretTexts;
      retry: RetryPlan;
      timeout: number;
      shielded: boolean;
    }
  | {
      type: 'child';
      key: string;
      /** Its run number, and what it is started with. */
      n: number;
      input: Parameters;
      run: RunInput;
      memo: ChildMemo;
      shielded: boolean;
    }
  | { type: 'timer'; key: string; milliseconds: number; shielded: boolean }
  | { type: 'cancel_timer'; key: string }
  | { type: 'cancel_work' }
  /** Lets other runs work, by a shielded activity that does nothing. The run continues however it ends. */
  | { type: 'yield'; key: string }
  /** Continues as new, with the same parameters. */
  | { type: 'continue'; run: RunInput }
  | { type: 'close'; outcome: Outcome; output: Json; failure: Failure | null; also: Failure[] };

/**
 * Further attempts that Temporal's own retry policy makes: `count` after the first, `delay` seconds apart at first, each
 * time multiplied by `factor`, up to `maxDelay` seconds.
 */
export interface RetryPlan {
  count: number;
  delay: number;
  factor: number;
  maxDelay: number | null;
}

/** The key of the timer that limits the wait for cancelled work; no task can have this name. */
export const GRACE_KEY = '~grace';

/** Seconds to wait for cancelled work. */
export const GRACE_SECONDS = 30;

/** The key of the timer that ends the run. */
export const TIMEOUT_KEY = '~timeout';

/** The key of the timer that limits the drain before the run continues as new. */
export const DRAIN_KEY = '~drain';

/** The prefix of the keys of activities that let other runs work. */
const SLICE_KEY = '~slice#';

/** Returns the key of the activity that ends the n-th slice of a run. */
export function sliceKey(n: number): string {
  return `${SLICE_KEY}${n}`;
}

/** Returns whether a key belongs to the end of a slice, not to a task. */
export function isSliceKey(key: string): boolean {
  return key.startsWith(SLICE_KEY);
}

/** Seconds for each attempt of a cleanup task, unless the task sets a timeout. */
export const CLEANUP_SECONDS = 300;
