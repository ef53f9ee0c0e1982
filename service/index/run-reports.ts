import type { Logger } from '../../model/log.ts';
import type { RunReport } from '../../model/run-report.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import { keepGoing } from '../loops.ts';
import { reportedEntry } from '../projections/index-entries.ts';

/** Reports that are kept at most; what is beyond is lost, and the keeper of the index finds out. */
const MAX_KEPT = 10_000;

/** Milliseconds between two writes. */
const INTERVAL = 100;

/** Brings what workers hear of open runs into the index; of each run the latest report counts. */
export function createRunReports(store: ExecutionStore, namespace: string, log: Logger) {
  const kept = new Map<string, RunReport>();

  function take(report: RunReport): void {
    if (kept.size < MAX_KEPT || kept.has(report.workflowId)) kept.set(report.workflowId, report);
  }

  return {
    /** Takes a report; never waits, never throws. */
    take,

    /** Writes what has come until the signal is aborted. */
    run(signal: AbortSignal): Promise<void> {
      const write = async () => {
        const reports = [...kept.values()];
        kept.clear();
        try {
          if (reports.length > 0) await store.write(reports.map((report) => reportedEntry(namespace, report)));
        } catch (error) {
          for (const report of reports) if (!kept.has(report.workflowId)) take(report);
          throw error;
        }
      };
      const trouble = 'reports of open runs cannot be written to the index; trying again';
      return keepGoing(write, signal, { interval: INTERVAL, pause: INTERVAL, log, trouble });
    },
  };
}
