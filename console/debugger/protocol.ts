import type { Layout } from '../../language/layout/layout.ts';
import type { RenderedTemplate } from '../../language/templates/rendered.ts';
import type { TaskExecution, Wait } from '../../model/execution.ts';
import type { Failure } from '../../model/failure.ts';
import type { Json } from '../../model/json.ts';
import type { ExecutionStatus, TaskState } from '../../model/status.ts';
import type { TransitionTrace } from '../../model/transition-trace.ts';
import type { WaitingJoin } from '../../projection/runs/joins.ts';
import type { RunProgress } from '../../projection/tasks/progress.ts';

// The contract between a page and the module worker that debugs a run. Events have the numbers that they have everywhere: from 1, through
// all Temporal runs of the chain. The worker sends nothing anywhere: the page reads histories and gives their text to it.

/** The requests of a page to the worker, one after the other, and their results. */
export interface DebuggerCalls {
  /** Loads everything that any history may need, so that nothing is loaded later. Fails where that cannot be loaded. */
  prepare: { input: null; result: null };
  /** Forgets the run, and begins another one. */
  begin: { input: null; result: null };
  /**
   * Reads the text of a file: an export of Fermata, all of it or one run of the chain after the runs before it; or the history of one
   * Temporal run, as `temporal workflow show --output json` and the Temporal UI write it. Refused with a sentence: see RefusedHistory.
   */
  read: { input: { text: string }; result: null };
  /** Ends the reading, and describes the run. Refused when nothing was read. */
  open: { input: null; result: OpenedRun };
  /** Goes to an event; numbers outside of the history count as the nearest one. */
  stop: { input: StopRequest; result: Stop };
  /** Finds the nearest event after or before another one that changes something; null: there is none. */
  find: { input: ChangeSearch; result: number | null };
}

/** The name of a request. */
export type DebuggerCall = keyof DebuggerCalls;

/** A request as it is posted to the worker. */
export type DebuggerRequest = {
  [Name in DebuggerCall]: { id: number; call: Name; input: DebuggerCalls[Name]['input'] };
}[DebuggerCall];

/** An answer as the worker posts it: the result, or a sentence that says why there is none. */
export type DebuggerAnswer = { id: number } & ({ result: unknown } | { refused: string } | { failed: string });

/** A run whose history was read. */
export interface OpenedRun {
  /** The integer id; null where the history does not say it. */
  id: number | null;
  /** Temporal's workflow id; empty where the history does not say it. */
  workflowId: string;
  /** The ref of the workflow or action, and its version. */
  ref: string;
  version: string;
  interpreter: number;
  /** Whether values are hidden in the history. */
  masked: boolean;
  /** The numbers of the first and the last event; the first one is above 1 where earlier runs of the chain are missing. */
  firstEvent: number;
  lastEvent: number;
  /** When its first event was, ISO 8601, UTC. */
  startedAt: string;
  /** The kinds of its events, one letter each: see EventMark. */
  marks: string;
  /** The Temporal runs that were read, the first one first. */
  runs: { index: number; runId: string; firstEvent: number; lastEvent: number }[];
  /** The tasks of the definition, in its order. */
  tasks: string[];
  /** The graph of the definition, with places. */
  graph: Layout;
  verification: Verification;
}

/** The result of comparing the recomputed run with its history. */
export interface Verification {
  /** `pending`: history does not have the commands of its last workflow task yet, as may be in an open run. */
  state: 'verified' | 'differs' | 'pending';
  /** The numbers of events that agree, and of all that were read. */
  agree: number;
  events: number;
  /** The event at which they differ, and how; null unless they do. */
  event: number | null;
  difference: string | null;
  /** The sentence that says so, such as `Verified: recomputed from history, 65 of 65 events agree`. */
  sentence: string;
}

/** Where to stop, and which parts of the run to show there. */
export interface StopRequest {
  event: number;
  /** The rows of the task table that are on screen; those from null on are the last ones. */
  rows: { offset: number | null; limit: number };
  /** The key of the selected task execution; null: the one that the event is about. */
  selected: string | null;
}

/** The kinds of changes at which to stop: of any task, of visits and items of one task of the definition, of variables, of joins. */
export type ChangeKind = { kind: 'tasks' | 'variables' | 'joins' } | { kind: 'task'; name: string };

/** A search for the nearest event that changes something, from an event on. */
export interface ChangeSearch {
  from: number;
  direction: 'next' | 'previous';
  of: ChangeKind;
}

/** A run at an event of its history: as it was once the commands of the event's workflow task were in the history. */
export interface Stop extends RunProgress {
  event: number;
  /** The event itself, with decoded payloads. */
  history: ShownHistoryEvent;
  status: ExecutionStatus;
  /** Absent where it is not known, as are `failure` and `output`. */
  waits?: Wait[];
  /** The failure with which the run closed, or will close. */
  failure?: Failure | null;
  /** Null unless the run has completed. */
  output?: Json;
  /** The changes that the event has made, together with the commands of its workflow task. */
  changes: StopChange[];
  variables: StopVariable[];
  joins: WaitingJoin[];
  tasks: StopTasks;
  /** The transitions that the run has decided upon at the event. */
  transitions: TransitionTrace[];
  /** The number of the workflow task at which the run decides what follows the event; null: it is at one itself, or none is known. */
  decidesAt: number | null;
  /** The selected task execution; null: it has not begun, or the event is about none. */
  selected: StopTask | null;
  /** False where the state of the run is unknown: after an event at which the recomputed run and the history differ. */
  known: boolean;
}

/** A history event, for people. */
export interface ShownHistoryEvent {
  number: number;
  /** Its id within its Temporal run. */
  eventId: number;
  /** Such as `ActivityTaskCompleted`. */
  name: string;
  /** ISO 8601, UTC. */
  at: string;
  /** The key of the task execution that it is about; null: none. */
  task: string | null;
  attributes: Json;
}

/**
 * Something that an event has changed. The state of a task is null before it begins, and after it was withdrawn; a variable that was not
 * there before has no `before`; a join that waits for nothing has arrived tasks no more: null.
 */
export type StopChange =
  | { what: 'run'; before: ExecutionStatus | null; after: ExecutionStatus }
  | {
      what: 'task';
      key: string;
      name: string;
      before: TaskState | null;
      after: TaskState | null;
      attempt: number | null;
    }
  | { what: 'variable'; name: string; before?: Json; after: Json }
  | { what: 'join'; task: string; before: string[] | null; after: string[] | null };

/** A variable; `before` is its value before the event, and absent where it had none. */
export interface StopVariable {
  name: string;
  value: Json;
  before?: Json;
  changed: boolean;
}

/** A part of the visits and items of a run, in the order in which they began. */
export interface StopTasks {
  rows: StopTaskRow[];
  offset: number;
  total: number;
  /** How many of them are known, from the first one on: counts and changes are about those alone. */
  listed: number;
}

/** A visit, or an item of one, in the table of tasks. */
export interface StopTaskRow
  extends Pick<
    TaskExecution,
    'key' | 'name' | 'visit' | 'item' | 'action' | 'status' | 'state' | 'created' | 'started' | 'ended' | 'carried'
  > {
  /** The number of attempts. */
  attempts: number;
  /** The type and message of its failure; null: it has not failed. */
  error: { type: string; message: string } | null;
  /** Whether the event has changed it. */
  changed: boolean;
  /** The numbers of the events that scheduled and ended it; null where there is none, or not yet in the history. */
  events: { scheduled: number | null; ended: number | null };
}

/**
 * The kind of an event, in a picture of all: `f` something failed, timed out or was stopped, `i` something came from outside, `c` something
 * succeeded, `t` a time has come, `s` something began, `w` a worker decided, `o` all else.
 */
export type EventMark = 'f' | 'i' | 'c' | 't' | 's' | 'w' | 'o';

/** A task execution in full. */
export interface StopTask {
  task: TaskExecution;
  /** The templates of its input, each with the value that it gave: null where the task failed before it had an input. */
  templates: RenderedTemplate[];
  /** The id of the sub-workflow that it started; null: it has started none. */
  child: number | null;
}

/** Why a history cannot be debugged, as a sentence for people: `not a history`, `made by interpreter 13, this console knows 11`. */
export class RefusedHistory extends Error {
  override readonly name = 'RefusedHistory';
}
