import type { Json } from '../../model/json.ts';
import type { MomentOf } from '../../projection/moment.ts';
import type { PendingWork } from '../../projection/waits.ts';
import type { HistoryCopy } from './history-copies.ts';
import type { CarriedRun, MomentaryRun, ProjectedRun, RetryPoint } from './projected-runs.ts';
import type { OutlineRequest, RetryOutline } from './retry-outlines.ts';
import type { FoundTask, LogPage, LogQuery, TaskName, TaskPage, TaskQuery } from './task-lists.ts';

/** Jobs that project histories. */
export interface ProjectionJobs extends PageJobs {
  /**
   * Begins to project the history of a workflow id, or continues with what the thread has kept of it unless `fresh` is set;
   * with `until` it always begins anew and ends at this event.
   */
  open_history: { input: { workflowId: string; until: MomentOf | null; fresh: boolean }; result: KnownHistory };
  /** Takes the next events of the history that was opened, all of one run of the chain. */
  take_history: { input: HistoryCopy & { runId: string }; result: null };
  /** Returns the execution of the history that was opened; null when the history ends before `until`. */
  show_history: { input: { pending: PendingWork }; result: ProjectedRun | null };
  /** Returns the run as it was at the event `until` of the history that was opened; null when that ends before. */
  show_moment: { input: null; result: MomentaryRun | null };
  /** Returns what a retry of the run begins with, in a history that ends with the event of the point; null when its state cannot be trusted. */
  carry_history: { input: { point: RetryPoint }; result: CarriedRun | null };
  /** Outlines a retry; null when the state of the run cannot be trusted. */
  outline_retry: {
    input: { request: OutlineRequest; pending: PendingWork };
    result: { outline: RetryOutline; last: LastEvent } | null;
  };
}

/** Jobs that read a part of the history that was opened; `pending` is null for a run without pending work. */
interface PageJobs {
  /** Lists tasks; null when the state of the run cannot be trusted. */
  list_tasks: {
    input: { query: TaskQuery; pending: PendingWork | null; hidden: Json[] };
    result: (TaskPage & { last: LastEvent }) | null;
  };
  /** Finds a task with its first items; null when there is none. */
  find_task: { input: { name: TaskName; pending: PendingWork | null; hidden: Json[] }; result: FoundTask | null };
  /** Reads a part of the log. */
  read_log: { input: { query: LogQuery; pending: PendingWork | null; hidden: Json[] }; result: LogPage | null };
}

/** The last event of a history: its run, its id there, and its number within the chain. */
export interface LastEvent {
  runId: string;
  eventId: number;
  number: number;
}

/** How much of the history of a chain has been taken: its runs, the first one first, and events of the last of them. */
export interface KnownHistory {
  runs: string[];
  lastEventId: number;
  /** Events of all runs. */
  taken: number;
}
