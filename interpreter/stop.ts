import { engineFailure } from '../model/failure.ts';
import { mergedVariables } from './branches.ts';
import { clearDrain } from './drain.ts';
import { end, endItems } from './ends.ts';
import { DRAIN_KEY, GRACE_KEY, GRACE_SECONDS, TIMEOUT_KEY } from './events.ts';
import { armTimer, dropPending, forget, inFlight, NO_WORK } from './pending.ts';
import type { Pending, RunState } from './state.ts';
import { mayStart, schedule, workAt } from './visits.ts';
import { beginEvent, hasTime, spend } from './work.ts';

/** The number of pending entries that are examined for one unit of work. */
const PENDING_PER_UNIT = 32;

/**
 * Stops a run: drops waits, and cancels and awaits running work. A second stop changes
 * nothing.
 */
export function stop(state: RunState, why: 'cancelled' | 'timeout'): void {
  if (state.stopping !== null) return;
  // A run whose last task has just ended closes by itself.
  if (!hasWork(state) && state.starting.length === 0) return;
  state.stopping = why;
  // A stop ends a pause.
  state.paused = null;
  state.turn = null;
  for (const place of state.starting.splice(0)) {
    const visit = state.visits[place.visit]!;
    if (place.item === null && visit.items !== null) {
      visit.items.queued = false;
      endItems(state, place.visit);
    } else if (visit.status === 'running') end(state, place, cancelled());
    else visit.status = 'held';
  }
  if (why === 'timeout') {
    const seconds = state.info.timeout;
    if (state.failure !== null) state.also.unshift(state.failure);
    state.failure = engineFailure('timeout', `the run took longer than ${seconds} seconds`);
    state.lost = false;
  }
  const waited = [...state.pending].some(([key, { due }]) => due !== null && key !== TIMEOUT_KEY && key !== DRAIN_KEY);
  dropPending(state, TIMEOUT_KEY);
  clearDrain(state);
  // Work that this step issued has not reached Temporal, and a timer ends with the cancel: neither leaves an event.
  dropWork(state, (pending) => !inFlight(pending) || pending.step === state.step);
  if (!hasWork(state)) {
    if (waited && state.program.cleanup.entries.length > 0) state.commands.push({ type: 'cancel_work' });
    return;
  }
  state.commands.push({ type: 'cancel_work' });
  armTimer(state, GRACE_KEY, { ...NO_WORK, kind: 'grace' }, GRACE_SECONDS * 1000);
}

/** Returns whether work is under way, or an event is not taken yet. */
export function hasWork(state: RunState): boolean {
  if (state.backlog.length > 0) return true;
  return state.pending.size > [GRACE_KEY, TIMEOUT_KEY, DRAIN_KEY].filter((key) => state.pending.has(key)).length;
}

/** Ends cancelled work that is still awaited, except sub-workflows, which have their own grace period. */
export function endGrace(state: RunState): void {
  dropWork(state, ({ kind }) => kind !== 'child');
}

function dropWork(state: RunState, dropped: (pending: Pending) => boolean): void {
  for (const [key, pending] of [...state.pending]) {
    if (pending.visit < 0 || !dropped(pending)) continue;
    // The command that cancels all work ends this timer too.
    forget(state, key);
    end(state, pending, cancelled());
  }
}

const cancelled = () => ({ failure: engineFailure('cancelled', 'the task was cancelled') });

/** Begins the cleanup after a stop, once. Returns false when there is nothing to begin. */
export function beginCleanup(state: RunState): boolean {
  const { entries } = state.program.cleanup;
  if (state.stopping === null || state.cleaning || entries.length === 0) return false;
  state.cleaning = true;
  if (state.pending.has(GRACE_KEY)) dropPending(state, GRACE_KEY);
  const variables = mergedVariables(state);
  for (const name of entries) schedule(state, name, { from: [], variables, shielded: true });
  return true;
}

/**
 * Withdraws further attempts and delayed starts once the run has failed; those that the slice has no time for are withdrawn in
 * the next one.
 */
export function withdraw(state: RunState): void {
  if (state.failure === null || state.stopping !== null) return;
  spend(state, state.pending.size / PENDING_PER_UNIT);
  for (const [key, pending] of [...state.pending]) {
    const { visit: index, kind } = pending;
    const visit = state.visits[index];
    if (visit === undefined || mayStart(state, visit) || (kind !== 'retry' && kind !== 'delay')) continue;
    if (!hasTime(state)) return;
    beginEvent(state);
    dropPending(state, key);
    const { failure, lost } = workAt(state, pending);
    if (kind === 'delay') visit.status = 'held';
    else if (failure !== null) end(state, pending, { failure, lost });
  }
}
