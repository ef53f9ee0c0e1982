import type { Definition } from './definition.ts';
import type { Json, JsonObject } from './json.ts';

/**
 * The version of the interpreter's behaviour; a run keeps the one that it was started with. 2: `next`, `publish`,
 * `output`, `delay`, `on_cancel` and the rest; all events of one activation count before anything new starts.
 */
export const INTERPRETER_VERSION = 2;

/** Seconds after an attempt's own timeout at which Temporal's start-to-close takes over as a backstop. */
export const BACKSTOP_SECONDS = 10;

/** Largest value that may be sent as a payload, in bytes of JSON: below Temporal's 2 MiB with room for encryption. */
export const MAX_PAYLOAD_BYTES = 1_500_000;

/** The task queue of Fermata's own workers. */
export const OWN_TASK_QUEUE = 'fermata';

/** What the interpreter must know of an action; resolved by the API when a run starts. Times in seconds. */
export interface ActionSpec {
  /** Runs inside the workflow. */
  inline?: true;
  /** Is a wait that the engine itself makes: for time, or for a signal. */
  waits?: 'timer' | 'signal';
  /** May be issued again when a worker was lost. */
  idempotent?: true;
  /** Queue of other workers; absent: Fermata's own. */
  task_queue?: string;
  timeout: number;
  heartbeat_timeout: number;
  queue_timeout: number;
  /** Present where no worker of ours checks the input. */
  param_schema?: JsonObject;
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
}

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
  parent: number | null;
  tags: string[];
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
