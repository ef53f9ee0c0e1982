import type { Context } from '@temporalio/activity';
import type { Json } from '../model/json.ts';

/** Milliseconds between two heartbeats. */
const INTERVAL = 2_000;

/** The heartbeats that every activity sends by itself. Until its work begins they say what it waits for. */
export interface Pulse {
  /** When the worker took the activity, in milliseconds since 1970. */
  readonly begun: number;
  /** Whether its work has begun. */
  readonly working: boolean;
  /** It waits, for what the function says at each heartbeat. */
  await(reason: () => Json): void;
  /** Its work begins. */
  work(): void;
  /** Is aborted when they stop: what has not begun by then is not to begin. */
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
