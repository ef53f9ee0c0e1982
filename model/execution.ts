import type { ControlRecord } from './control.ts';
import type { Failure } from './failure.ts';
import type { Inquiry } from './inquiry.ts';
import type { Json, JsonObject } from './json.ts';
import type { RunInput, RunMemo } from './run-input.ts';
import type { RunKey } from './run-key.ts';
import type { StatementCounts, Trust } from './statement.ts';
import type { ExecutionStatus, TaskState, TaskStatus } from './status.ts';

/** One try of a task. Times are ISO 8601, UTC. */
export interface Attempt {
  attempt: number;
  /** Whether Temporal records it: for its own retry policy, Temporal keeps the last attempt, and the failure of the one before. */
  recorded: boolean;
  started: string | null;
  ended: string | null;
  error: Failure | null;
  worker: string | null;
}

/** One visit to a task, or one item of it, as it is shown. */
export interface TaskExecution {
  /** Position in the order of scheduling, from 1: the last part of its integer id; null for an item. */
  number: number | null;
  key: string;
  name: string;
  visit: number;
  /** The index of the item; null for the visit itself. */
  item: number | null;
  action: string;
  status: TaskStatus;
  state: TaskState;
  input: Json;
  output: Json;
  failure: Failure | null;
  attempts: Attempt[];
  created: string;
  /** When its first attempt started, or was scheduled if the start is not recorded; for carried work, in the run that did it. */
  started: string | null;
  ended: string | null;
  /** Temporal's id of the sub-workflow that its last try started. */
  child: string | null;
  /** The subject who skipped its wait; null: nobody did. */
  skipped: string | null;
  /** Whether an earlier run did it, of which this one is a retry; for an item, also when its task runs again for other items. */
  carried: boolean;
}

/** The place of a task execution among those of its run, in the order in which they began: milliseconds, and a rank within them. */
export interface TaskPosition {
  at: number;
  rank: number;
}

/** A sub-workflow, by Temporal's id, with the key of the task that started it; `open` until the task has ended. */
export interface ChildTask {
  key: string;
  child: string;
  open: boolean;
}

/** The tasks that an execution leaves out because it has too many to be shown at once. */
export interface MoreTasks {
  /** The number of all tasks and items. */
  total: number;
  /** The last one that is shown, in the order in which they began; null: none is. */
  after: TaskPosition | null;
  /** The name of the last task that failed; null: none did. */
  lastFailed: string | null;
  /** The work on each task, in the order in which the tasks began. */
  summaries: TaskSummary[];
}

/** The work of a run on one of its tasks: how many visits there are, and how the newest one stands. */
export interface TaskSummary {
  name: string;
  visits: number;
  status: TaskStatus;
  state: TaskState;
  /** When it ended, or started if it has not ended; null: it has not started. */
  at: string | null;
  /** The number of its items that have ended; null: none has begun. */
  items: number | null;
}

/** The detail of a wait for an attempt that does not begin because its run is paused. */
export const HELD_BACK = 'held back while the run is paused';

/** A wait of an open run. */
export interface Wait {
  kind:
    | 'action'
    | 'child'
    | 'retry'
    | 'timer'
    | 'signal'
    | 'inquiry'
    | 'pause'
    | 'turn'
    | 'drain'
    | 'worker'
    | 'engine_fault';
  task: string | null;
  since: string | null;
  until: string | null;
  detail: string | null;
}

/** An entry of a run's log: an event of the run, or a message of a `core.log` task. */
export interface LogEntry {
  /** ISO 8601, UTC. */
  timestamp: string;
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
  /** Key of the task execution. */
  task: string | null;
  attempt: number | null;
  metadata: JsonObject | null;
}

/** A signal that no task has waited for yet. */
export interface LeftoverSignal {
  name: string;
  payload: Json;
}

/** A signal whose payload is not JSON: its name, when it came (ISO 8601, UTC), and how its payload is encoded. */
export interface RefusedSignal {
  name: string;
  at: string;
  encoding: string;
}

/**
 * How far an execution can be trusted: `complete`: the replay of the interpreter matched the history; `diverged`: it did not;
 * `partial`: this build does not know the interpreter version, Temporal has no history (yet, or any more), or the replay takes too much
 * work; `foreign`: Fermata did not start the run.
 */
export type ProjectionState = 'complete' | 'diverged' | 'partial' | 'foreign';

/** The projected picture of a run: made from Temporal's history alone. Times are ISO 8601, UTC. */
export interface Execution {
  workflowId: string;
  /** The first run of the chain. */
  runId: string;
  workflowType: string;
  taskQueue: string;
  status: ExecutionStatus;
  /** The memo that the API left at the start; null for a run that Fermata did not start. */
  memo: RunMemo | null;
  run: RunInput | null;
  input: Json;
  output: Json;
  failure: Failure | null;
  /** The message with which it was stopped, where that of `failure` also names an earlier failure. */
  stopMessage?: string;
  /** Later failures of the same run. */
  also: Failure[];
  /**
   * The failure with which an open run will close once its running work has ended; null for a run that can still succeed, and for a closed
   * one.
   */
  pendingFailure: Failure | null;
  created: string;
  updated: string;
  closed: string | null;
  /** The visits and their items, or the first of them. */
  tasks: TaskExecution[];
  /** Present when some are left out. */
  moreTasks?: MoreTasks;
  /** The sub-workflows of all tasks. */
  children: ChildTask[];
  /** The variables of all branches, as they stand. */
  variables: JsonObject;
  waitingFor: Wait[];
  signals: LeftoverSignal[];
  /** The inquiries, in order. */
  inquiries: Inquiry[];
  /** The controls, in order. */
  controls: ControlRecord[];
  /** The parts that the digests of its inquiries share; null when it asks nobody, and below interpreter 9. */
  digest: { code: string; parameters: string } | null;
  /** Whether the API started it, by the warrant in its memo; null: unknown, for older runs and sub-workflows. */
  authentic: boolean | null;
  /** The hash of its start, which its warrant must name; null: it has no warrant, or its start is unknown. */
  startContent: string | null;
  /** The keys that it trusts now; null when it demands no signed statements. */
  trust: Trust | null;
  /** Counts of signed statements; null for a run that demands none. */
  statements: StatementCounts | null;
  /** The number of signals dropped because the buffer was full. */
  signalsDropped: number;
  /** The latest signals that were refused because their payloads are not JSON. */
  signalsRefused: RefusedSignal[];
  projection: ProjectionState;
  /** The first mismatch of a diverged execution. */
  divergence: string | null;
  /** For the newest run of the chain: when it started, and its last history event that was read. */
  runStarted: string;
  lastEventId: number;
  /** The number of that event within the history of the chain; absent where only a part of the history was read. */
  lastEvent?: number;
  /** The run that started it, if that is another workflow. */
  above?: RunKey;
  /**
   * Present when a workflow task is outstanding, or an earlier one left some of its events to the next, so that the run may have been sent
   * events that it has not taken yet. Events that come while a worker processes the task are not even in the history.
   */
  unsettled?: true;
  /** Present when Temporal no longer has the first runs of the chain, so that their work is missing. */
  partial?: true;
  /** Present when Temporal no longer has the history, so that this is what the index kept. */
  expired?: true;
  /** Its starters according to the index, where Temporal does not have its start. */
  starters?: readonly string[];
}
