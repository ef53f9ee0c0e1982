import type { Validation } from '../language/validate.ts';
import type { Json } from '../model/json.ts';
import type { PendingWork } from '../projection/project.ts';
import type { ExaminationRequest } from './examination.ts';
import type { HistoryCopy } from './history-copies.ts';
import type { CarriedRun, ProjectedRun } from './projected-runs.ts';
import type { SimulatedRun, SimulationRequest } from './simulation.ts';
import type { NamedSchema, UnusableSchema } from './stored-schemas.ts';

/**
 * Work on a caller's data that may take long, by name: the input and the result of each job, both JSON except for bytes
 * and the events of histories.
 */
export interface Jobs {
  /** Parses the body of a request into JSON. */
  parse: {
    input: { type: 'application/json' | 'application/yaml' | 'application/zip'; bytes: Uint8Array };
    result: Json;
  };
  examine: { input: ExaminationRequest; result: Validation };
  simulate: { input: SimulationRequest; result: SimulatedRun };
  find_unusable_schema: { input: { schemas: readonly NamedSchema[] }; result: UnusableSchema | null };
  /**
   * Begins to project the history of a workflow id, or goes on with what the thread has kept of it unless it is to begin afresh;
   * with `until` it always begins afresh, and ends at the event with this number.
   */
  open_history: { input: { workflowId: string; until: number | null; fresh: boolean }; result: KnownHistory };
  /** Takes the next events of the history that was opened, all of one run of the chain. */
  take_history: { input: HistoryCopy & { runId: string }; result: null };
  /** Shows the history that was opened; null when it ends before `until`. */
  show_history: { input: { pending: PendingWork | null }; result: ProjectedRun | null };
  /** Finds what a retry of the run begins with, from a task or from what failed; null when its state cannot be trusted. */
  carry_history: { input: { task: string | null }; result: CarriedRun | null };
}

/** How much of the history of a chain has been taken: its runs, the first one first, and events of the last of them. */
export interface KnownHistory {
  runs: string[];
  lastEventId: number;
  /** Events of all runs. */
  taken: number;
}

/** The name of a job. */
export type JobName = keyof Jobs;

/** Runs a job and returns its result. */
export type RunJob = <Name extends JobName>(name: Name, input: Jobs[Name]['input']) => Promise<Jobs[Name]['result']>;

/** Runs jobs in a few threads, so that none of them holds the event loop of the API. */
export interface Pool {
  /**
   * Runs a job for a tenant and returns its result. Throws the AppError that the job throws; `work_exceeded` when the job takes
   * more time or memory than is allowed; `busy` when too many jobs wait, or no thread becomes free in time.
   */
  run<Name extends JobName>(name: Name, tenant: string, input: Jobs[Name]['input']): Promise<Jobs[Name]['result']>;

  /**
   * Runs several jobs one after another in one thread: in the one that a key stands for, if it is free, which may find again what
   * earlier ones have left there. Together they may take as long as one of them. Throws as `run` does.
   */
  runInThread<T>(tenant: string, key: string, work: (run: RunJob) => Promise<T>): Promise<T>;
}
