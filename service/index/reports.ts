import type { Logger } from '../../model/log.ts';
import type { RunReport } from '../../model/run-report.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import { keepGoing } from '../background/loops.ts';
import { reportedEntry } from './entries.ts';

/** The most reports that are kept; further ones are lost, and the reconciler makes up for them. */
const MAX_KEPT = 10_000;

/** Milliseconds between two writes. */
const INTERVAL = 100;

/** Creates the loop that writes reports of workers about open runs to the index; the latest report on a run counts. */
export function createRunReports(store: ExecutionStore, namespace: string, log: Logger) {
  const kept = new Map<string, RunReport>();

  function take(report: RunReport): void {
    if (kept.size < MAX_KEPT || kept.has(report.workflowId)) kept.set(report.workflowId, report);
  }

  return {
    /** Takes a report. Never waits, never throws. */
    take,

    /** Writes reports until the signal is aborted. */
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
