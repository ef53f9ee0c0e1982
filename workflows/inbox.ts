import { condition } from '@temporalio/workflow';
import type { RunEvent } from '../interpreter/events.ts';

/** What has happened to a run, and has not been taken. */
export interface Inbox {
  /** To be called from a microtask: a job of an activation is not to be seen before the others of the same one. */
  push(event: RunEvent): void;
  /** Takes all that is there. */
  take(): RunEvent[];
  holdsCancel(): boolean;
  /** Resolves once something is there, and everything that came with it: what counts together. */
  gathered(): Promise<void>;
}

/**
 * Makes an empty one, with a condition for the whole run that never holds. The SDK asks a condition after each job of an
 * activation, and once more when all their microtasks have run: then all its events are there. One that held would cost
 * another entry into the sandbox each time.
 */
export function createEventInbox(): Inbox {
  let events: RunEvent[] = [];
  let asked = 0;
  let since = -1;
  let resume = (): void => undefined;
  void condition(() => {
    asked += 1;
    if (events.length > 0) resume();
    return false;
  });
  return {
    push: (event) => {
      events.push(event);
      // What a command leads to at once (an input that cannot be sent) comes after the SDK has asked for the last time.
      if (asked === since) resume();
    },
    take: () => {
      const taken = events;
      events = [];
      return taken;
    },
    holdsCancel: () => events.some(({ type }) => type === 'cancel'),
    gathered: () =>
      new Promise((resolve) => {
        resume = resolve;
        since = asked;
      }),
  };
}
