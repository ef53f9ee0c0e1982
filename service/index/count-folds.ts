import type { Logger } from '../../model/log.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import { keepGoing } from '../background/loops.ts';

/** Milliseconds between two folds, and after an error. */
const INTERVAL = 1_000;
const PAUSE = 5_000;

/** Creates the loop that adds changes to the kept numbers of runs, so that few are left to add up for each list. */
export function createCountFolds(store: Pick<ExecutionStore, 'foldCounts'>, log: Logger) {
  return {
    /** Folds until the signal is aborted. Any number of processes may do so at once. */
    run(signal: AbortSignal): Promise<void> {
      const fold = async () => {
        await store.foldCounts();
      };
      const trouble = 'the kept numbers of runs cannot be updated; lists add up what has changed';
      return keepGoing(fold, signal, { interval: INTERVAL, pause: PAUSE, log, trouble });
    },
  };
}
