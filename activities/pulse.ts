import type { Context } from '@temporalio/activity';
import type { Json } from '../model/json.ts';

/** Milliseconds between two heartbeats. */
const INTERVAL = 2_000;

/** The heartbeats of an activity. Until its work begins they report what it waits for. */
export interface Pulse {
  /** The time at which the worker received the activity, in milliseconds since 1970. */
  readonly begun: number;
  /** Whether its work has begun. */
  readonly working: boolean;
  /** Reports a wait; the function returns the details for each heartbeat. */
  await(reason: () => Json): void;
  /** Reports that the work begins. */
  work(): void;
  /** Aborted when the heartbeats stop; nothing must begin after that. */
  readonly ended: AbortSignal;
  stop(): void;
}

/** Starts the heartbeats of an activity. */
export function startPulse(context: Context): Pulse {
  const end = new AbortController();
  let working = false;
  let reason: () => Json = () => null;
  const timer = setInterval(() => context.heartbeat(working ? null : reason()), INTERVAL);
  return {
    begun: Date.now(),
    get working() {
      return working;
    },
    await(next) {
      reason = next;
    },
    work() {
      working = true;
    },
    ended: end.signal,
    stop() {
      clearInterval(timer);
      end.abort();
    },
  };
}
