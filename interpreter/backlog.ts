import { isSliceKey, type RunEvent, TIMEOUT_KEY } from './events.ts';
import { forget } from './pending.ts';
import type { RunState } from './state.ts';
import { BOUNDED_WORK } from './versions.ts';

/** Takes the events that end a slice out of those of an activation; returns the others. */
export function withoutSlices(state: RunState, events: readonly RunEvent[]): RunEvent[] {
  return events.filter((event) => {
    if (!('key' in event) || !isSliceKey(event.key)) return true;
    forget(state, event.key);
    return false;
  });
}

/**
 * Notes which timers have fired, so that an event taken before them does not cancel them: a decision that comes with the end of its
 * time is in time, and so is every event that waits in the backlog.
 */
export function noteFired(state: RunState, events: readonly RunEvent[]): void {
  for (const event of events) {
    const pending = event.type === 'fired' ? state.pending.get(event.key) : undefined;
    if (pending?.kind === 'inquiry' || (pending !== undefined && state.version >= BOUNDED_WORK)) pending.fired = true;
  }
}

/** Returns the events to take: first those that an earlier slice left, then the new ones. A cancel request waits for no slice. */
export function queueEvents(state: RunState, events: readonly RunEvent[]): RunEvent[] {
  const ordered = inOrder(state, events);
  if (state.backlog.length === 0) return ordered;
  const cancels = ordered.filter(isCancel);
  return [...cancels, ...state.backlog, ...ordered.filter((event) => !isCancel(event))];
}

/** Whether an event asks the run to stop. */
export function isCancel({ type }: RunEvent): boolean {
  return type === 'cancel';
}

/** Returns the events of one activation in the order in which they count. */
function inOrder(state: RunState, events: readonly RunEvent[]): RunEvent[] {
  const rank = (event: RunEvent): number => {
    if (event.type === 'cancel') return Number.MAX_SAFE_INTEGER;
    if (event.type === 'signal') return Number.MAX_SAFE_INTEGER - 3;
    if (event.key === TIMEOUT_KEY) return Number.MAX_SAFE_INTEGER - 1;
    const pending = state.pending.get(event.key);
    return pending?.kind === 'inquiry' ? Number.MAX_SAFE_INTEGER - 2 : (pending?.sequence ?? 0);
  };
  return [...events].sort((a, b) => rank(a) - rank(b));
}
