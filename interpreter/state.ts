import type { Failure, Outcome } from '../model/failure.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { ActionSpec, Parameters } from '../model/run-input.ts';
import type { Command } from './events.ts';
import type { Program } from './program.ts';

/** How a visit stands, in the words of the template language; `held`: scheduled, and not started since the run failed. */
export type VisitStatus = 'held' | 'running' | 'succeeded' | 'failed' | 'timed_out' | 'cancelled';

/** One visit to a task. Visits are known by their index in the order of scheduling. */
export interface Visit {
  name: string;
  /** `name`, or `name#2` from the second visit on. */
  key: string;
  visit: number;
  status: VisitStatus;
  /** The visits whose transitions led here; none for an entry. */
  from: number[];
  /** The visit whose failure led here. */
  error: number | null;
  /** Part of a cleanup branch: it may start things although the run's failure is decided. */
  cleanup: boolean;
  /** Tries that the interpreter itself has made, from 1; from the second on they have the key `name~2`. */
  tries: number;
  /** Of these tries, how many were made because a worker was lost. */
  reissues: number;
  input: Json;
  output: Json;
  failure: Failure | null;
  /** The engine's own loss, not the action's failure. */
  lost: boolean;
  /** Times of the activation, in milliseconds. */
  created: number;
  ended: number | null;
  /** Position in the order in which visits ended. */
  endedAt: number | null;
}

/** Work that the shell has been told to do and has not answered yet. */
export interface Pending {
  visit: number;
  kind: 'activity' | 'timer';
  /** Position among all commands: what orders the events of one activation. */
  sequence: number;
  /** The step that issued it. */
  step: number;
}

/** Facts about a run that templates may read. */
export interface RunInfo {
  /** The integer id of the execution. */
  id: number;
  ref: string;
  version: string;
}

/** The state of a run: everything but `program` and `actions` changes, in place. */
export interface RunState {
  readonly program: Program;
  readonly actions: Readonly<Record<string, ActionSpec>>;
  readonly info: RunInfo;
  readonly input: Parameters;
  readonly outSchema: JsonObject | undefined;
  variables: Record<string, Json>;
  visits: Visit[];
  /** Indexes of the visits of each task. */
  visitsOf: Map<string, number[]>;
  pending: Map<string, Pending>;
  /** Visits that are about to start, in order. */
  starting: number[];
  /** Visits at which a branch ended, the latest of each task. */
  leaves: Map<string, number>;
  commands: Command[];
  sequence: number;
  step: number;
  endings: number;
  /** Time of the current activation, in milliseconds. */
  now: number;
  cancelling: boolean;
  /** The failure that decided the run, and whether it was the engine's own. */
  failure: Failure | null;
  lost: boolean;
  also: Failure[];
  outcome: Outcome | null;
}
