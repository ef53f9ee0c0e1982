import { OWN_TASK_QUEUE } from '../model/run-input.ts';
import type { HistoryEvent } from '../projection/history.ts';
import { troubleWith } from '../projection/readiness.ts';
import type { Temporal } from './gateway.ts';

/** An open run with the history of the newest run of its chain; `trouble`: why this build could not go on with it. */
export interface OpenRun {
  workflowId: string;
  events: HistoryEvent[];
  trouble: string | null;
}

/** Every open run on Fermata's own task queue. */
export async function* openRuns(temporal: Temporal): AsyncGenerator<OpenRun> {
  for await (const page of temporal.list(`TaskQueue = "${OWN_TASK_QUEUE}" AND ExecutionStatus = "Running"`)) {
    for (const { execution } of page) {
      const { workflowId, runId } = execution ?? {};
      if (!workflowId || !runId) continue;
      const events: HistoryEvent[] = [];
      for await (const some of temporal.historyOf(workflowId, runId)) events.push(...some);
      // It may have gone since it was listed.
      if (events.length > 0) yield { workflowId, events, trouble: troubleWith(workflowId, events) };
    }
  }
}
