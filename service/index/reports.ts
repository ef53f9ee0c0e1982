import type { Logger } from '../../model/log.ts';
import type { RunReport } from '../../model/run-report.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import type { Loop } from '../background/loops.ts';
import { createWriteQueue } from '../background/write-queues.ts';
import { reportedEntry } from './entries.ts';

/** The most reports that are kept; further ones are lost, and the reconciler makes up for them. */
const MAX_KEPT = 10_000;

/** Writes reports of workers about open runs to the index; the latest report on a run counts. */
export interface RunReports extends Loop {
  /** Takes a report. Never waits, never throws. */
  take(report: RunReport): void;
}

/** The dependencies of the reports. */
export interface RunReportDependencies {
  store: Pick<ExecutionStore, 'write'>;
  namespace: string;
  log: Logger;
}

/** Creates the reports. */
export function createRunReports({ store, namespace, log }: RunReportDependencies): RunReports {
  const { put, run } = createWriteQueue<RunReport>({
    keyOf: ({ workflowId }) => workflowId,
    replaces: () => true,
    weigh: () => 1,
    capacity: MAX_KEPT,
    async write(reports) {
      await store.write(reports.map((report) => reportedEntry(namespace, report)));
    },
    log,
    trouble: 'reports of open runs cannot be written to the index; trying again',
    full: 'too many open runs have reported before that could be written to the index; the reconciler will look at them',
  });
  return { take: put, run };
}
