import type { Pending, Place, RunState } from './state.ts';
import { IN_FLIGHT_LIMIT } from './versions.ts';

/** The number of activities and sub-workflows that may be under way at once: Temporal refuses more than 2,000 of each in one run. */
const MAX_IN_FLIGHT = 1_500;

/** Returns whether one more activity or sub-workflow may be under way. */
export function hasRoom(state: RunState): boolean {
  return state.version < IN_FLIGHT_LIMIT || state.inFlight < MAX_IN_FLIGHT;
}

/** Records that an event is awaited under a key. */
export function awaitEvent(state: RunState, key: string, pending: Omit<Pending, 'sequence' | 'step'>): void {
  state.sequence += 1;
  state.pending.set(key, { ...pending, sequence: state.sequence, step: state.step });
  if (inFlight(pending)) state.inFlight += 1;
}

/** Stops waiting for a key. */
export function forget(state: RunState, key: string): void {
  const pending = state.pending.get(key);
  if (pending !== undefined && inFlight(pending)) state.inFlight -= 1;
  state.pending.delete(key);
}

/** Returns whether pending work is with a worker or another run, so that it must be awaited. */
export function inFlight({ kind }: Pick<Pending, 'kind'>): boolean {
  return kind === 'activity' || kind === 'child' || kind === 'slice';
}

/** Commands a timer, under the key that its event will have. */
export function armTimer(
  state: RunState,
  key: string,
  pending: Omit<Pending, 'sequence' | 'step' | 'due'>,
  milliseconds: number,
): void {
  const rounded = Math.ceil(milliseconds);
  const shielded = state.visits[pending.visit]?.shielded ?? true;
  state.commands.push({ type: 'timer', key, milliseconds: rounded, shielded });
  awaitEvent(state, key, { ...pending, due: state.now + rounded });
}

/** Stops waiting for a key, and commands the cancel of its timer if that has reached Temporal. */
export function dropPending(state: RunState, key: string): void {
  const pending = state.pending.get(key);
  forget(state, key);
  if (pending?.due == null || pending.fired) return;
  if (pending.step !== state.step) state.commands.push({ type: 'cancel_timer', key });
}

/** The place of pending events that belong to no task. */
export const NO_WORK: Place = { visit: -1, item: null };
