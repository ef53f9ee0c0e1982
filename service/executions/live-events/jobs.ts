import type { HistoryCopy } from '../../projections/history-copies.ts';
import type { EntryBatch } from './replay.ts';

/** Jobs that make the entries of large runs. */
export interface StreamJobs {
  /**
   * Takes the next events of a run, after the first `taken` ones of its chain; false: the thread has not taken those, and takes none.
   */
  take_stream: { input: HistoryCopy & { workflowId: string; runId: string; taken: number }; result: boolean };
  /** Returns the next entries that have been made; `more` says whether there are others. */
  read_stream: { input: { workflowId: string }; result: EntryBatch & { more: boolean } };
}
