import type { CarriedState } from './carried-state.ts';
import type { Definition } from './definition.ts';
import type { Cause } from './events/cause.ts';
import type { Json, JsonObject } from './json.ts';
import type { StartMode } from './run-mode.ts';
import type { SecretTexts } from './secret-texts.ts';
import type { Trust, Warrant } from './statement.ts';
import type { WorkLimits } from './work.ts';

/**
 * The version of the interpreter's behaviour; a run keeps the one that it was started with (interpreter/versions.ts has the switches).
 *
 * - 2: `next`, `publish`, `output`, `delay`, `on_cancel` and the rest; all events of one activation count before anything new starts.
 * - 3: joins, items, sub-workflows; new work waits while a run has as much under way as Temporal allows.
 * - 4: inquiries.
 * - 5: a run whose history is long continues as new.
 * - 6: secrets in inputs, and concurrency keys.
 * - 7: HTTP requests that only read are issued again when their worker was lost.
 * - 8: work is counted and bounded, and a run with much of it does it in slices; a task that a busy worker hands back is issued again.
 * - 9: the form of an inquiry belongs to its options, each approving response is kept, more people are asked after a while, a person who
 *   is asked may delegate the decision, names of people are compared in one normal form, a skip of an inquiry withdraws it, and an admin
 *   may override one; a decision is bound to a digest of the whole tree, its parameters and its run, and a retry keeps it only while the
 *   digest is the same; decisions and controls count only when Fermata has signed them for the run.
 * - 10: templates follow the second dialect and see the time that a run is for; a delegation can end; a run that continues passes on the
 *   start of its chain; a flood of forged statements fails no run; a failure has all of its fields, the number of its attempt, and the
 *   failure before it as its cause; several transitions of one visit to one task open a lineage each; defaults are filled in wherever a
 *   schema applies; JSON of other workers and clients that a value cannot represent exactly is refused; the visits that one visit leads to
 *   start together.
 * - 11: the run input may be deflated (run-payload.ts); templates follow the third dialect.
 */
export const INTERPRETER_VERSION = 11;

/** Seconds after an attempt's own timeout at which Temporal's start-to-close takes over as a backstop. */
export const BACKSTOP_SECONDS = 10;

/** Seconds that an attempt may wait for a permit of its worker before its own timeout begins. */
export const PERMIT_SECONDS = 3_600;

/** Largest value that may be sent as a payload, in bytes of JSON: below Temporal's 2 MiB with room for encryption. */
export const MAX_PAYLOAD_BYTES = 1_500_000;

/** The task queue of Fermata's own workers. */
export const OWN_TASK_QUEUE = 'fermata';

/** The activity that lets other runs work between two slices of a run; no definition can name it. */
export const YIELD_ACTION = 'core.yield';

/** Seconds that an action has unless it or its task sets another timeout. */
export const ACTION_TIMES = { timeout: 600, heartbeat_timeout: 30, queue_timeout: 86_400 };

/** The properties of an action that the interpreter needs; resolved by the API when a run starts. Times in seconds. */
export interface ActionSpec {
  /** Whether it runs inside the workflow. */
  inline?: true;
  /** The wait that the interpreter itself performs: for time, for a signal, or for people. */
  waits?: 'timer' | 'signal' | 'inquiry';
  /** Whether it is a sub-workflow, one of `workflows` in the input of the run. */
  workflow?: true;
  /** Whether it uses a connection of the run's tenant, which the shell passes to its worker. */
  connects?: true;
  /** Whether it may be issued again when a worker was lost; `by_method`: if the method of its HTTP request only reads. */
  idempotent?: true | 'by_method';
  /** Queue of other workers; absent: Fermata's own. */
  task_queue?: string;
  timeout: number;
  heartbeat_timeout: number;
  queue_timeout: number;
  /** The schema of the input; present when none of Fermata's own workers checks it. */
  param_schema?: JsonObject;
  /** The schema of the output; present when none of Fermata's own workers produces it. */
  out_schema?: JsonObject;
}

/**
 * The second argument of every workflow that Fermata starts; the first is the input (parameters) alone, so that
 * Temporal's UI shows the input first.
 */
export interface RunInput {
  /** The interpreter version that decides the run. */
  interpreter: number;
  /** The run number, see execution-id.ts. */
  n: number;
  ref: string;
  version: string;
  revision: number;
  /** SHA-256 of the revision's canonical JSON; null for a plain action's run of one task. */
  hash: string | null;
  /** The seed of `uuid()` and `random`; absent: the number of the run. */
  seed?: string;
  definition: Definition;
  /** JSON Schema of the output, checked when the run completes. */
  out_schema?: JsonObject;
  actions: Record<string, ActionSpec>;
  /** By ref: every workflow that the run can reach. */
  workflows?: Record<string, EmbeddedWorkflow>;
  /** The time that it is for (interpreter 10); absent: no schedule started it, the run that it retries, or a run above it. */
  scheduled?: ScheduledTime;
  /** The schedule that starts it; interpreter/identity.ts replaces its number and its seed then. */
  schedule?: string;
  /** The places of hidden values in its input, see service/projections/masks.ts. */
  write_only?: string[][];
  /** The number of runs above this one; 0 or absent: it is not a sub-workflow. */
  depth?: number;
  /** Seconds for the whole run, if its start allows less than the definition. */
  timeout?: number;
  /** The state of another run that this one continues, and the id of that run. */
  carried?: CarriedState;
  /** The source of the numbers of sub-workflows; absent: the seed. */
  lineage?: string;
  /** For a run with a concurrency key: the answer when it was started; absent: a signal brings the answer. */
  turn?: 'begin' | 'skip';
  /** Subjects who count as having started it, and may not approve it themselves. */
  starters?: string[];
  /**
   * The tenant that it belongs to, and 32 random hexadecimal digits that keep hidden parameters from being guessed from a digest
   * (interpreter 9).
   */
  tenant?: string;
  blind?: string;
  /** The keys whose signatures count in it (interpreter 9); absent in a run that no API started. */
  trust?: Trust;
  /** Hash of the code of the whole tree, in a sub-workflow (interpreter/digest.ts). */
  code?: string;
  /** Other limits of work than the interpreter's own; tests make slices small with them. */
  limits?: Partial<WorkLimits>;
}

/** The second argument of an activity of Fermata's own workers; the first is its input. */
export interface ActivityScope {
  /** The tenant of the run. */
  tenant?: string | undefined;
  /** The texts of the input that hold secrets. */
  secrets?: SecretTexts | undefined;
  /**
   * Seconds of an attempt, from the permit of its worker on; the run understands a `WorkerBusy` failure. Absent in runs of older
   * interpreters: start-to-close is the timeout of the attempt, less `BACKSTOP_SECONDS`, and waiting for a permit counts.
   */
  timeout?: number | undefined;
}

/** A concurrency key, and the number of runs with the same key that may run at once. */
export interface RunTurn {
  key: string;
  limit: number;
  policy: 'queue' | 'skip' | 'cancel_previous' | 'fail';
}

/** The time for which a schedule started a run (ISO 8601, UTC, with milliseconds), and the id of the schedule; null in a simulation. */
export interface ScheduledTime {
  at: string;
  schedule: string | null;
}

/** A workflow that a run may start, as it was when the run was started. */
export interface EmbeddedWorkflow {
  version: string;
  revision: number;
  /** SHA-256 of the revision's canonical JSON. */
  hash: string;
  definition_id: number;
  definition: Definition;
  param_schema?: JsonObject;
  out_schema?: JsonObject;
  actions: Record<string, ActionSpec>;
  /** The places of hidden values in its input. */
  write_only?: string[][];
}

/** The number of levels of sub-workflows below the topmost run. */
export const MAX_DEPTH_OF_RUNS = 8;

/** Largest JSON of all workflows that one run carries, in bytes. */
export const MAX_EMBEDDED_BYTES = 512 * 1024;

/** The memo that the API leaves with a run, read for lists without fetching histories. */
export interface RunMemo {
  n: number;
  tenant: string;
  ref: string;
  revision: number;
  definition_id: number | null;
  /** The caller's integer id. */
  executor: number;
  /** The caller's subject. */
  owner: string;
  enforcement: number | null;
  /** Integer id of the run that started it as a sub-workflow, and the key of the task that did. */
  parent: number | null;
  parent_task?: string;
  tags: string[];
  /** The cause of the start, if the caller or a schedule named one; see run-mode.ts. */
  mode?: StartMode;
  /** The rule that started it, or the run above it, and for which event; absent: no rule of Fermata's did. */
  cause?: Cause | undefined;
  /** Integer id of the run that it retries, why, and the hash of the plan by which that was started. */
  retry_of?: number;
  retry_reason?: string;
  plan_hash?: string;
  /** Whether some of its input is hidden. */
  hides?: true;
  turn?: RunTurn | undefined;
  /** Ref of the workflow that is started when it fails. */
  on_failure?: string | undefined;
  /** The id of the schedule that started it, or the run above it. */
  schedule?: string;
  /** Whether all of its payloads in Temporal are encrypted. */
  sealed?: true;
  /** The proof that the API started it; a sub-workflow has no warrant. */
  warrant?: Warrant | undefined;
  /** Data that the caller stored with the execution. */
  memo?: JsonObject;
  actions: string[];
}

/** Returns whether a second argument was built by Fermata. */
export function isRunInput(value: unknown): value is RunInput {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<RunInput>).interpreter === 'number' &&
    typeof (value as Partial<RunInput>).definition === 'object'
  );
}

/** Parameters of a run. */
export type Parameters = Record<string, Json>;
