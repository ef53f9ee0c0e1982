import type { Failure, Outcome } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import type { ActionSpec, Parameters, RunInput, RunMemo } from '../model/run-input.ts';
import type { SecretTexts } from '../model/secret-texts.ts';

/** What Temporal says of an activity or a sub-workflow that did not complete; the shell and the projection both make it, from the same facts. */
export type Fault =
  | { kind: 'application'; type: string; message: string; details: Json[] }
  | { kind: 'timeout'; timeout: 'start_to_close' | 'schedule_to_start' | 'schedule_to_close' | 'heartbeat' }
  | { kind: 'cancelled' }
  /** Of a sub-workflow alone: somebody ended it at once, or there is a run with its id already. */
  | { kind: 'terminated' }
  | { kind: 'clash' }
  | { kind: 'other'; message: string };

/** What has happened, from the shell or from history to the interpreter. `key` is an activity id or a timer's key. */
export type RunEvent =
  /** `attempt`: in which attempt of Temporal's retry policy an activity has completed, where its worker tells. */
  | { type: 'completed'; key: string; output: Json; attempt?: number }
  | { type: 'failed'; key: string; fault: Fault }
  | { type: 'fired'; key: string }
  | { type: 'signal'; name: string; payload: Json }
  | { type: 'cancel' };

/** What the memo of a sub-workflow has of its own; the rest is that of the run above it. */
export type ChildMemo = Required<
  Pick<RunMemo, 'n' | 'ref' | 'revision' | 'definition_id' | 'parent' | 'parent_task' | 'actions'>
> &
  Pick<RunMemo, 'turn' | 'on_failure'>;

/**
 * What is to be done, from the interpreter to the shell. What is shielded is not touched by `cancel_work`, which cancels
 * everything else that is under way.
 */
export type Command =
  | {
      type: 'activity';
      key: string;
      action: string;
      spec: ActionSpec;
      input: Json;
      /** Where the input has secrets, for the worker to put in. */
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
  /** Gives other runs their turn, by a shielded activity that does nothing. However it ends, the run goes on. */
  | { type: 'yield'; key: string }
  /** Goes on as another run of the chain, with the same parameters. */
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

/** The key of the timer that bounds how long cancelled work is awaited; no task can have this name. */
export const GRACE_KEY = '~grace';

/** Seconds for which cancelled work is awaited. */
export const GRACE_SECONDS = 30;

/** The key of the timer that ends the run. */
export const TIMEOUT_KEY = '~timeout';

/** The key of the timer that bounds how long new work is held back before the run goes on as another. */
export const DRAIN_KEY = '~drain';

/** How the keys of the activities begin that give other runs their turn. */
const SLICE_KEY = '~slice#';

/** The key under which the n-th slice of a run ends. */
export function sliceKey(n: number): string {
  return `${SLICE_KEY}${n}`;
}

/** Whether a key is that of the end of a slice, and not of a task. */
export function isSliceKey(key: string): boolean {
  return key.startsWith(SLICE_KEY);
}

/** Seconds for each attempt of a task that cleans up, unless the task says otherwise. */
export const CLEANUP_SECONDS = 300;
