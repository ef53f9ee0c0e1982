import { OWN_TASK_QUEUE } from '../model/run-input.ts';
import type { HistoryEvent } from '../projection/history.ts';
import { troubleWith } from '../projection/readiness.ts';
import type { Temporal } from './gateway.ts';

/** An open run. */
export interface OpenRun {
  workflowId: string;
  /** The history of the newest run of its chain. */
  events: HistoryEvent[];
  /** Why this build cannot continue it; null when it can. */
  trouble: string | null;
}

/** Lists every open run on Fermata's own task queue. */
export async function* openRuns(temporal: Pick<Temporal, 'list' | 'historyOf'>): AsyncGenerator<OpenRun> {
  for await (const page of temporal.list(`TaskQueue = "${OWN_TASK_QUEUE}" AND ExecutionStatus = "Running"`)) {
    for (const { execution } of page) {
      const { workflowId, runId } = execution ?? {};
      if (!workflowId || !runId) continue;
      const events: HistoryEvent[] = [];
      for await (const some of temporal.historyOf(workflowId, runId)) events.push(...some);
      // The run may have been deleted since it was listed.
      if (events.length > 0) yield { workflowId, events, trouble: troubleWith(workflowId, events) };
    }
  }
}
