import type { Logger } from '../../model/log.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import type { Bell } from '../background/bell.ts';
import { keepGoing, type Loop } from '../background/loops.ts';

/** The least milliseconds between two folds, and after an error. */
const INTERVAL = 1_000;
const PAUSE = 5_000;

/** The dependencies of the service. */
export interface CountFoldDependencies {
  store: Pick<ExecutionStore, 'foldCounts'>;
  /** Rings when there are changes. */
  bell: Bell;
  log: Logger;
}

/**
 * Creates the loop that adds changes to the kept numbers of runs, so that few are left to add up for each list. Any number of processes may
 * fold at once.
 */
export function createCountFolds({ store, bell, log }: CountFoldDependencies): Loop {
  return {
    run(signal) {
      const fold = async () => {
        await store.foldCounts();
      };
      const trouble = 'the kept numbers of runs cannot be updated; lists add up what has changed';
      return keepGoing(fold, signal, { interval: INTERVAL, bell, pause: PAUSE, log, trouble });
    },
  };
}
