import type { RunMemo } from './run-input.ts';
import type { ExecutionStatus } from './status.ts';

/** How an open run stands, told by the workflow to its worker; it costs nothing in history, and may be lost. */
export interface RunReport {
  workflowId: string;
  /** The first run of the chain, and this one. */
  firstRunId: string;
  runId: string;
  workflowType: string;
  memo: RunMemo | null;
  /** Start of this run, in milliseconds. */
  started: number;
  /** When it was told, in milliseconds of the worker's clock. */
  at: number;
  historyLength: number;
  status: ExecutionStatus;
  /** How often its inquiries have changed. */
  asked: number;
}

/** What the workflow tells its worker: nothing of a run that has closed. */
export type RunSinks = { fermata: { report(status: ExecutionStatus, asked: number): void } };
