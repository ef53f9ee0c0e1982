import type { CarriedState } from './carried-state.ts';
import type { Definition } from './definition.ts';
import type { Json, JsonObject } from './json.ts';
import type { StartMode } from './run-mode.ts';
import type { SecretTexts } from './secret-texts.ts';
import type { Trust, Warrant } from './statement.ts';
import type { WorkLimits } from './work.ts';

/**
 * The version of the interpreter's behaviour; a run keeps the one that it was started with. 2: `next`, `publish`,
 * `output`, `delay`, `on_cancel` and the rest; all events of one activation count before anything new starts. 3: joins,
 * items, sub-workflows; what starts waits while a run has as much under way as Temporal allows. 4: inquiries. 5: a run whose
 * history is long goes on as another one. 6: secrets in inputs, and turns of runs with a concurrency key. 7: HTTP requests that
 * only read are issued again when their worker was lost. 8: work is counted and bounded, and a run with much of it does it in
 * slices; a task that a busy worker hands back is issued again. 9: the form of an inquiry belongs to its options, each approving
 * response is kept, more people are asked after a while, somebody who is asked may delegate their decision, names of people are
 * compared in one normal form, a skip of a question withdraws it, and an admin may override one; a decision is bound to a digest of
 * the whole tree, its parameters and its run, and a retry keeps it only where that is the same; what people want of a run counts only
 * where Fermata has signed it for that run. 10: templates follow the second dialect, a delegation can end, templates see the time that
 * a run is for, a run that continues passes on what its chain was started with, and a flood of forged statements fails no run; a failure
 * has all of its fields, the number of its attempt, and what it followed as its cause; several transitions of one visit to one task open
 * a lineage each; defaults are filled in wherever a schema applies; JSON of other workers and clients that a value would not say is
 * refused; what one visit leads to starts together.
 */
export const INTERPRETER_VERSION = 10;

/** Seconds after an attempt's own timeout at which Temporal's start-to-close takes over as a backstop. */
export const BACKSTOP_SECONDS = 10;

/** Seconds that an attempt may wait for a permit of its worker before its own timeout begins. */
export const PERMIT_SECONDS = 3_600;

/** Largest value that may be sent as a payload, in bytes of JSON: below Temporal's 2 MiB with room for encryption. */
export const MAX_PAYLOAD_BYTES = 1_500_000;

/** The task queue of Fermata's own workers. */
export const OWN_TASK_QUEUE = 'fermata';

/** The activity that gives other runs their turn between two slices of a run; no definition can name it. */
export const YIELD_ACTION = 'core.yield';

/** Seconds that an action has unless it or its task says otherwise. */
export const ACTION_TIMES = { timeout: 600, heartbeat_timeout: 30, queue_timeout: 86_400 };

/** What the interpreter must know of an action; resolved by the API when a run starts. Times in seconds. */
export interface ActionSpec {
  /** Runs inside the workflow. */
  inline?: true;
  /** Is a wait that the engine itself makes: for time, for a signal, or for people. */
  waits?: 'timer' | 'signal' | 'inquiry';
  /** Is another workflow, one of `workflows` in the run's input: a child. */
  workflow?: true;
  /** Speaks to a system by a connection of the run's tenant, whom the shell tells its worker. */
  connects?: true;
  /** May be issued again when a worker was lost; `by_method`: where the method of its HTTP request only reads. */
  idempotent?: true | 'by_method';
  /** Queue of other workers; absent: Fermata's own. */
  task_queue?: string;
  timeout: number;
  heartbeat_timeout: number;
  queue_timeout: number;
  /** Present where no worker of ours checks the input. */
  param_schema?: JsonObject;
  /** What an output must match, where no worker of ours makes it. */
  out_schema?: JsonObject;
}

/**
 * The second argument of every workflow that Fermata starts; the first is the input (parameters) alone, so that
 * Temporal's UI shows what was asked before how it is done.
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
  /** What `uuid()` and `random` draw from; the run's number where there is none. */
  seed?: string;
  definition: Definition;
  /** JSON Schema of the output, checked when the run completes. */
  out_schema?: JsonObject;
  actions: Record<string, ActionSpec>;
  /** By ref: every workflow that the run can reach. */
  workflows?: Record<string, EmbeddedWorkflow>;
  /** The time that it is for (interpreter 10); absent: no schedule has started it, the run that it is a retry of, or one above it. */
  scheduled?: ScheduledTime;
  /** The schedule that starts it: its number and its seed are not these, see interpreter/identity.ts. */
  schedule?: string;
  /** Where its input has what is not shown, see service/projections/masks.ts. */
  write_only?: string[][];
  /** Runs above this one; 0 or absent: nobody started it as a sub-workflow. */
  depth?: number;
  /** Seconds for the whole run, where whoever started it allows less than the definition. */
  timeout?: number;
  /** The state of another run from which this one goes on, and which run that was. */
  carried?: CarriedState;
  /** What numbers of sub-workflows come from; the seed unless it is given. */
  lineage?: string;
  /** Of a run with a concurrency key: what was found out when it was started; absent: it is told when it is its turn. */
  turn?: 'begin' | 'skip';
  /** Subjects that count as who started it: they do not approve it themselves. */
  starters?: string[];
  /** The tenant that it belongs to, and 32 random hex digits that keep hidden parameters from being guessed by a digest (interpreter 9). */
  tenant?: string;
  blind?: string;
  /** The keys whose signatures count in it (interpreter 9); absent in a run that no API has started. */
  trust?: Trust;
  /** Hash of the code of the whole tree, in a sub-workflow (interpreter/digest.ts). */
  code?: string;
  /** Limits of work other than the interpreter's own: a test makes slices small with it. */
  limits?: Partial<WorkLimits>;
}

/** The second argument of an activity of Fermata's own workers; the first is its input. */
export interface ActivityScope {
  /** The tenant of the run. */
  tenant?: string | undefined;
  /** The texts of the input that hold secrets. */
  secrets?: SecretTexts | undefined;
  /**
   * Seconds of an attempt, from the permit of its worker on: the run takes a `WorkerBusy` failure for what it is. Absent in runs of
   * older interpreters: start-to-close is the timeout of the attempt, less `BACKSTOP_SECONDS`, and waiting for a permit counts.
   */
  timeout?: number | undefined;
}

/** What a run shares with others of its workflow: so many of those with the same key may go on at once. */
export interface RunTurn {
  key: string;
  limit: number;
  policy: 'queue' | 'skip' | 'cancel_previous' | 'fail';
}

/** The time for which a schedule has started a run (ISO 8601, UTC, with milliseconds), and the id of the schedule; null: a simulation names none. */
export interface ScheduledTime {
  at: string;
  schedule: string | null;
}

/** A workflow that a run may start, as it was when the run itself was started. */
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
  /** Where its input has what is not shown. */
  write_only?: string[][];
}

/** Levels of sub-workflows below a run that was started by itself. */
export const MAX_DEPTH_OF_RUNS = 8;

/** Largest JSON of all workflows that one run carries, in bytes. */
export const MAX_EMBEDDED_BYTES = 512 * 1024;

/** What the API leaves in the memo of a run: read for lists, where no history is fetched. */
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
  /** Integer id of the run that started it as a sub-workflow, and the key of its task there. */
  parent: number | null;
  parent_task?: string;
  tags: string[];
  /** What has led to the start, where the caller or a schedule said so; see run-mode.ts. */
  mode?: StartMode;
  /** Integer id of the run that it is a retry of. */
  retry_of?: number;
  /** The run hides some of its input. */
  hides?: true;
  turn?: RunTurn | undefined;
  /** Ref of the workflow that is started when it fails. */
  on_failure?: string | undefined;
  /** The id of the schedule that started it, or the run above it. */
  schedule?: string;
  /** Everything that Temporal keeps of it is sealed. */
  sealed?: true;
  /** What shows that the API has started it; a sub-workflow has none of its own. */
  warrant?: Warrant | undefined;
  /** Data that the caller stored with the execution. */
  memo?: JsonObject;
  actions: string[];
}

/** True for a second argument that Fermata made. */
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
