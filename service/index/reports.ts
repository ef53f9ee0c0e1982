import type { Logger } from '../../model/log.ts';
import type { RunReport } from '../../model/run-report.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import { keepGoing, type Loop } from '../background/loops.ts';
import { reportedEntry } from './entries.ts';

/** The most reports that are kept; further ones are lost, and the reconciler makes up for them. */
const MAX_KEPT = 10_000;

/** Milliseconds between two writes. */
const INTERVAL = 100;

/** Writes reports of workers about open runs to the index; the latest report on a run counts. */
export interface RunReports extends Loop {
  /** Takes a report. Never waits, never throws. */
  take(report: RunReport): void;
}

/** The dependencies of the reports. */
export interface RunReportDependencies {
  store: ExecutionStore;
  namespace: string;
  log: Logger;
}

/** Creates the reports. */
export function createRunReports({ store, namespace, log }: RunReportDependencies): RunReports {
  const kept = new Map<string, RunReport>();

  function take(report: RunReport): void {
    if (kept.size < MAX_KEPT || kept.has(report.workflowId)) kept.set(report.workflowId, report);
  }

  return {
    take,

    run(signal) {
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
