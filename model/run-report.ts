import type { RunMemo } from './run-input.ts';
import type { ExecutionStatus, Holdup } from './status.ts';

/** The state of an open run, as the workflow reports it to its worker; reports add nothing to the history, and may be lost. */
export interface RunReport {
  workflowId: string;
  /** The first run of the chain, and this one. */
  firstRunId: string;
  runId: string;
  workflowType: string;
  memo: RunMemo | null;
  /** Start of this run, in milliseconds. */
  started: number;
  /** When it was reported, in milliseconds of the worker's clock. */
  at: number;
  historyLength: number;
  status: ExecutionStatus;
  /** The first thing that holds it up; null: it is running. */
  waiting: Holdup | null;
  /** How often its inquiries have changed. */
  asked: number;
}

/** The fields that the workflow reports to its worker, which are those of open runs only. */
export type RunSinks = { fermata: { report(status: ExecutionStatus, asked: number, waiting: Holdup | null): void } };
