import { setTimeout as wait } from 'node:timers/promises';
import { createSignalScope } from '../../model/signals.ts';

/** Wakes a loop before its pause is over. */
export interface Bell {
  /** Wakes whoever waits; a loop that works meanwhile does not pause the next time. */
  ring(): void;
  /** Waits for the bell, at most so many milliseconds, and not beyond the signal. Never rejects. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** Creates a bell for one loop. */
export function createBell(): Bell {
  let rung = new AbortController();
  return {
    ring: () => rung.abort(),
    async wait(milliseconds, signal) {
      const scope = createSignalScope();
      await wait(milliseconds, undefined, { signal: scope.eitherOf([signal, rung.signal]) }).catch(() => undefined);
      scope.end();
      rung = new AbortController();
    },
  };
}

/**
 * Creates a bell for any number of loops that look often while something happens: each time it is rung it goes on for so many
 * milliseconds, during which nobody waits for it. `clock` returns the time in milliseconds.
 */
export function createAlarm(duration: number, clock: () => number): Bell {
  const waiting = new Set<Bell>();
  let last = Number.NEGATIVE_INFINITY;
  return {
    ring() {
      last = clock();
      for (const bell of waiting) bell.ring();
    },
    async wait(milliseconds, signal) {
      if (clock() - last < duration) return;
      const bell = createBell();
      waiting.add(bell);
      await bell.wait(milliseconds, signal);
      waiting.delete(bell);
    },
  };
}
