import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from '../model/log.ts';
import type { RunReport } from '../model/run-report.ts';
import type { ExecutionStore } from '../store/executions.ts';
import { reportedEntry } from './index-entries.ts';

/** Reports that are kept at most; what is beyond is lost, and the keeper of the index finds out. */
const MAX_KEPT = 10_000;

/** Milliseconds between two writes. */
const INTERVAL = 100;

/** Brings what workers hear of open runs into the index; of each run the latest report counts. */
export function createRunReports(store: ExecutionStore, namespace: string, log: Logger) {
  const kept = new Map<string, RunReport>();

  return {
    /** Takes a report; never waits, never throws. */
    take(report: RunReport): void {
      if (kept.size < MAX_KEPT || kept.has(report.workflowId)) kept.set(report.workflowId, report);
    },

    /** Writes what has come until the signal is aborted. */
    async run(signal: AbortSignal): Promise<void> {
      let failing = false;
      while (!signal.aborted) {
        const reports = [...kept.values()];
        kept.clear();
        try {
          if (reports.length > 0) await store.write(reports.map((report) => reportedEntry(namespace, report)));
          failing = false;
        } catch (error) {
          if (!failing) log.warn({ err: error }, 'reports of open runs are lost: the index cannot be written');
          failing = true;
        }
        await wait(INTERVAL, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}
