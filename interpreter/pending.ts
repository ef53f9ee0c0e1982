import type { Pending, RunState } from './state.ts';

/** Notes that an event is owed under a key. */
export function awaitEvent(state: RunState, key: string, pending: Omit<Pending, 'sequence' | 'step'>): void {
  state.sequence += 1;
  state.pending.set(key, { ...pending, sequence: state.sequence, step: state.step });
}

/** Tells the shell to run a timer, under the key that its event will have. */
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

/** Waits for a key no more; tells the shell so when it has a timer that has reached Temporal. */
export function dropPending(state: RunState, key: string): void {
  const pending = state.pending.get(key);
  state.pending.delete(key);
  if (pending?.due == null) return;
  if (pending.step !== state.step) state.commands.push({ type: 'cancel_timer', key });
}
