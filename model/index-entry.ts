import type { RunTurn } from './run-input.ts';
import type { StartMode } from './run-mode.ts';
import type { ExecutionStatus, Holdup } from './status.ts';

/** The order of everything that is written about one run: later facts win, whoever writes them. */
export interface IndexVersion {
  /** Start of the run in milliseconds, from Temporal; 0 before Temporal has the run. */
  start: number;
  run: string;
  closed: boolean;
  /** The last history event that was read. */
  event: number;
}

/** The entry of a run in the index. Fields that a writer cannot know are null, and keep the stored value. */
export interface IndexEntry {
  namespace: string;
  workflowId: string;
  n: number;
  runId: string | null;
  tenant: string | null;
  ref: string;
  revision: number | null;
  definition: number | null;
  pack: string;
  actions: string[];
  status: ExecutionStatus;
  /** The first thing that holds it up while it is paused or waiting, if that is known. */
  waiting: Holdup | null;
  parent: number | null;
  enforcement: number | null;
  executor: number | null;
  owner: string | null;
  /** The subjects on whose behalf it exists; null where the writer cannot know them. */
  starters: string[] | null;
  tags: string[];
  mode: StartMode | null;
  /** Integer id of the run that it is a retry of. */
  retryOf: number | null;
  input: string | null;
  result: string | null;
  error: string | null;
  errorCode: string | null;
  /** The task of the error, and what it has in common with others of its kind. */
  errorTask: string | null;
  fingerprint: string | null;
  created: Date;
  updated: Date;
  closed: Date | null;
  version: IndexVersion;
  /** How often its inquiries have changed, if the writer knows. */
  asked?: number;
  /** The concurrency key that it shares with other runs. */
  turn?: RunTurn;
  /** The workflow that is started when it fails. */
  onFailure?: string;
  /** The type of its failure, if it has one; `errorCode` may be a code of the failure's own. */
  errorType?: string;
}

/** Characters of an input or a result that the index holds for search. */
export const INDEXED_TEXT = 65_536;

/**
 * Reports whether an entry is not older than another one of the same workflow id. A run that was gone from Temporal counts as older than
 * anything: a restored server has it again.
 */
export function isNotOlder({ version: a }: IndexEntry, { version: b, errorCode }: IndexEntry): boolean {
  if (errorCode === 'GONE') return true;
  if (a.run !== b.run) return a.start > b.start || (a.start === b.start && a.run > b.run);
  return a.closed === b.closed ? a.event >= b.event : a.closed;
}
