import type { Logger } from '../../model/log.ts';
import type { BacklogStore, EventPlace } from '../../store/events/backlogs.ts';
import type { RuleKeyStore } from '../../store/rules/rule-keys.ts';
import { keepGoing, type RoundLoop } from '../background/loops.ts';

/** Milliseconds between two rounds, and after an error; and the most rows of one statement. */
const INTERVAL = 3_600_000;
const PAUSE = 300_000;
const AT_ONCE = 1_000;

const DAY = 24 * 3_600_000;

/** Milliseconds for which a key is kept though its window is over: an event that was received within it may be planned later. */
const LATE = DAY;

/** The dependencies of the loop. */
export interface RetentionDependencies {
  store: Pick<BacklogStore, 'forget'>;
  keys: Pick<RuleKeyStore, 'forget'>;
  /** Days for which events are kept. */
  days: number;
  /** Returns the time in milliseconds. */
  clock: () => number;
  log: Logger;
}

/** Creates the loop that deletes old events with their enforcements, and keys that no rule needs any more. Any number of processes may run it. */
export function createEventRetention({ store, keys, days, clock, log }: RetentionDependencies): RoundLoop {
  return {
    async tick() {
      const before = new Date(clock() - days * DAY);
      let last: EventPlace | null = null;
      do last = await store.forget(before, AT_ONCE, last);
      while (last !== null);
      while ((await keys.forget(new Date(clock() - LATE), AT_ONCE)) === AT_ONCE);
    },

    run(signal) {
      const trouble = 'old events cannot be deleted';
      return keepGoing(() => this.tick(), signal, { interval: INTERVAL, pause: PAUSE, log, trouble });
    },
  };
}
