import { condition } from '@temporalio/workflow';
import type { RunEvent } from '../interpreter/events.ts';

/** The events of a run that are not taken yet. */
export interface Inbox {
  /** Adds an event. Call it from a microtask, so that one job of an activation is not seen before the others of the same activation. */
  push(event: RunEvent): void;
  /** Takes all events. */
  take(): RunEvent[];
  holdsCancel(): boolean;
  /** Resolves once there is an event, together with all others of the same activation. */
  gathered(): Promise<void>;
}

/**
 * Creates an empty inbox, with a condition for the whole run that never holds. The SDK evaluates conditions after each job of an
 * activation, and once more when all of their microtasks have run: then all events of the activation are there. A condition that held
 * would cost another entry into the sandbox each time.
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
      // The event of a command that ends at once (an input that cannot be sent) comes after the SDK's last evaluation.
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
