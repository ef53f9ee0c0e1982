import { Worker, type WorkflowBundle } from '@temporalio/worker';
import type { HistoryEvent } from '../projection/history.ts';

/** A run as Temporal has it. */
export interface RecordedRun {
  workflowId: string;
  events: HistoryEvent[];
}

/**
 * Replays the histories of runs through the present workflow, without sending anything. Yields why the workflow would not do the same,
 * null when it would. A workflow task that fails at the very end is not noticed here, but by `troubleWith`.
 */
export async function* replayRuns(
  bundle: WorkflowBundle,
  runs: AsyncIterable<RecordedRun>,
): AsyncGenerator<{ workflowId: string; trouble: string | null }> {
  const nothing = { fn: () => undefined, callDuringReplay: false };
  const options = { workflowBundle: bundle, sinks: { fermata: { report: nothing } } };
  const histories = (async function* () {
    for await (const { workflowId, events } of runs) yield { workflowId, history: { events } };
  })();
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories)) {
    yield { workflowId, trouble: error === undefined ? null : (error.message.split('\n')[0] ?? '') };
  }
}
