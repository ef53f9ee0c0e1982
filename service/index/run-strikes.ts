import type { Logger } from '../../model/log.ts';
import { STRIKE_DETAILS, STRIKE_LIMIT, STRIKE_REASON } from '../../model/strike.ts';
import type { RunStrikeStore } from '../../store/executions/run-strikes.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import type { Bell } from '../background/bell.ts';
import { keepGoing, type RoundLoop } from '../background/loops.ts';

/** The least milliseconds between two rounds, and runs in one. */
const INTERVAL = 1_000;
const AT_ONCE = 20;

/** The dependencies of the service. */
export interface StrikeKeeperDependencies {
  temporal: Pick<Temporal, 'namespace' | 'terminateRun'>;
  store: RunStrikeStore;
  /** Rings when there are such runs. */
  bell: Bell;
  log: Logger;
  now: () => number;
}

/** Creates the loop that terminates runs that have stopped worker processes twice; they close as failed with `limit_exceeded`. */
export function createStrikeKeeper({ temporal, store, bell, log, now }: StrikeKeeperDependencies): RoundLoop {
  return {
    async tick() {
      for (const row of await store.due(temporal.namespace, STRIKE_LIMIT, AT_ONCE)) {
        const { workflowId, runId } = row;
        await temporal.terminateRun(row, STRIKE_REASON, STRIKE_DETAILS);
        await store.end(row, new Date(now()));
        log.warn({ workflow_id: workflowId, run_id: runId }, 'a run was terminated: it has stopped a worker twice');
      }
    },

    run(signal) {
      const trouble = 'runs that have stopped workers cannot be terminated';
      return keepGoing(() => this.tick(), signal, { interval: INTERVAL, bell, pause: 4 * INTERVAL, log, trouble });
    },
  };
}
