import type { Context } from 'hono';
import { createSignalScope } from '../../../model/signals.ts';
import type { ApiEnv } from '../environment.ts';
import type { StreamGate } from './gate.ts';

/** Milliseconds between two checks of the credentials of a stream. */
const LOOK_EVERY = 5_000;

/** The longest duration of a stream, in milliseconds; clients reconnect after it. */
const LONGEST = 3_600_000;

/** A stream that was admitted. */
export interface StreamVisit {
  /** Aborted when the stream must end. */
  signal: AbortSignal;
  /** Whether the stream must end because the caller is no longer allowed to follow. */
  hasLapsed: () => boolean;
  /** Must be called when the stream has ended. */
  leave: () => void;
}

/** The data of the last event of a stream whose caller is no longer allowed to follow. */
export const LAPSED = { reason: 'credential_ended' };

/**
 * Admits the stream of a request, which must end when its client has gone (`gone`), after an hour, and when the caller is no longer allowed to
 * follow. Throws `too_many_streams`.
 */
export function enterStream(gate: StreamGate, context: Context<ApiEnv>, gone = context.req.raw.signal): StreamVisit {
  const leaveGate = gate.enter(context.get('principal'));
  const lapsed = new AbortController();
  const holds = context.get('holds');
  const look = setInterval(() => void holds().then((still) => still || lapsed.abort()), LOOK_EVERY);
  look.unref();
  const scope = createSignalScope();
  return {
    signal: scope.eitherOf([gone, scope.timeLimit(LONGEST), lapsed.signal]),
    hasLapsed: () => lapsed.signal.aborted,
    leave: () => {
      clearInterval(look);
      scope.end();
      leaveGate();
    },
  };
}

/** Awaits a promise; leaves the gate if it rejects. */
export async function orLeave<T>({ leave }: StreamVisit, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    leave();
    throw error;
  }
}
