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
  /** Whether Temporal records it: of attempts that its own retry policy makes it keeps the last one, and the failure of the one before. */
  recorded: boolean;
  started: string | null;
  ended: string | null;
  error: Failure | null;
  worker: string | null;
}

/** One visit to a task, as it is shown. */
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
  /** When its first attempt started; when that was scheduled, where it is not recorded; of carried work, in the run that did it. */
  started: string | null;
  ended: string | null;
  /** Temporal's id of the sub-workflow that its last try has started. */
  child: string | null;
  /** Who has relieved it of what it waited for; null: nobody. */
  skipped: string | null;
  /** An earlier run did it, which this one is a retry of; of an item also where its task is done again for other items. */
  carried: boolean;
}

/** What is told of an attempt that does not begin because its run is paused. */
export const HELD_BACK = 'held back while the run is paused';

/** What an open run waits for. */
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

/** An entry of a run's log: what has happened to it, and what its `core.log` tasks said. */
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

/** A signal that came and that no task has waited for yet. */
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
 * How far the picture can be trusted: `complete`, the re-run of the interpreter matched history; `diverged`, it did
 * not; `partial`, this build does not know the interpreter version, Temporal has no history (yet, or any more), or it takes too much work;
 * `foreign`, the run is none of Fermata's.
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
  /** What the API left at the start; null for a run that was started otherwise. */
  memo: RunMemo | null;
  run: RunInput | null;
  input: Json;
  output: Json;
  failure: Failure | null;
  /** Later failures of the same run. */
  also: Failure[];
  /** What an open run will fail with once nothing of it is awaited any more; null for one that can still succeed, and once it has closed. */
  pendingFailure: Failure | null;
  created: string;
  updated: string;
  closed: string | null;
  tasks: TaskExecution[];
  /** The variables of all branches, as they stand. */
  variables: JsonObject;
  waitingFor: Wait[];
  signals: LeftoverSignal[];
  /** What people were asked, in order. */
  inquiries: Inquiry[];
  /** What was done to it while it ran, in order. */
  controls: ControlRecord[];
  /** What the digests of its questions have in common; null where it asks nobody, and below interpreter 9. */
  digest: { code: string; parameters: string } | null;
  /** Whether the API has started it, by the warrant in its memo; null: of older runs and of sub-workflows nobody can tell. */
  authentic: boolean | null;
  /** The hash of what it was started with, where that is what its warrant says; null: it has none, or its start is not known. */
  startContent: string | null;
  /** The keys that it trusts now; null where it asks for no signed statements. */
  trust: Trust | null;
  /** What has become of signed statements; null for a run that demands none. */
  statements: StatementCounts | null;
  /** The number of signals dropped because the buffer was full. */
  signalsDropped: number;
  /** Signals that no task was given, since their payloads are not JSON; the latest ones. */
  signalsRefused: RefusedSignal[];
  projection: ProjectionState;
  /** What did not match, when it diverged. */
  divergence: string | null;
  /** Of the newest run of the chain: when it has started, and its last history event that was seen. */
  runStarted: string;
  lastEventId: number;
  /** The run that has started it, where that is another workflow. */
  above?: RunKey;
  /**
   * A workflow task is outstanding, or an earlier one has left some of its events to the next: the run may have been sent what it has
   * not taken yet. What comes while a worker processes the task is not even in the history.
   */
  unsettled?: true;
  /** Temporal has the first runs of the chain no more: what they have done is missing. */
  partial?: true;
  /** Temporal has its history no more: this is what the index kept. */
  expired?: true;
}
