import type { RunEvent } from '../interpreter/events.ts';

/** What has happened to a run, and has not been taken. */
export interface Inbox {
  push(event: RunEvent): void;
  /** Takes all that is there. */
  take(): RunEvent[];
  holdsCancel(): boolean;
  /** Resolves once something is there. A promise of its own: each condition costs Temporal's SDK another entry into the sandbox. */
  filled(): Promise<void>;
}

/** Makes an empty one. */
export function createInbox(): Inbox {
  let events: RunEvent[] = [];
  let wake = (): void => undefined;
  return {
    push: (event) => {
      events.push(event);
      wake();
    },
    take: () => {
      const taken = events;
      events = [];
      return taken;
    },
    holdsCancel: () => events.some(({ type }) => type === 'cancel'),
    filled: () =>
      events.length > 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            wake = resolve;
          }),
  };
}
