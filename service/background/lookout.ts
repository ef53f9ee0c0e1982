import type { Logger } from '../../model/log.ts';
import type { DueWork, DueWorkStore } from '../../store/due-work.ts';
import type { Bell } from './bell.ts';
import { keepGoing, type RoundLoop } from './loops.ts';

/** Milliseconds between two looks while something happens, and while nothing does; and after an error. */
const INTERVAL = 250;
const LONGEST = 1_000;
const PAUSE = 1_000;

/** The bells of the loops, by what each of them works on. */
export type WorkBells = Record<DueWork, Bell>;

/** The dependencies of the lookout. */
export interface LookoutDependencies {
  store: DueWorkStore;
  namespace: string;
  bells: WorkBells;
  /** Rings while something happens. */
  alarm: Bell;
  /** Returns the time in milliseconds. */
  clock: () => number;
  log: Logger;
}

/**
 * Creates the loop that looks for work, whoever has written it, and wakes the loops that do it: those need not look themselves, and one
 * statement a second is all that an idle process asks. Work is found within a second, and within a quarter of one while something happens.
 * While it cannot look, the loops do so themselves, once a second.
 */
export function createLookout({ store, namespace, bells, alarm, clock, log }: LookoutDependencies): RoundLoop {
  return {
    async tick() {
      const found = await store.find(namespace, new Date(clock())).catch((error: unknown) => {
        // The loops look for themselves: what this cannot read may not concern them.
        for (const bell of Object.values(bells)) bell.ring();
        throw error;
      });
      for (const work of found) bells[work].ring();
      // Work is often followed by more.
      if (found.length > 0) alarm.ring();
    },

    run(signal) {
      const trouble = 'it cannot be found out what there is to do';
      const options = { interval: INTERVAL, bell: alarm, longest: LONGEST, pause: PAUSE, log, trouble };
      return keepGoing(() => this.tick(), signal, options);
    },
  };
}
