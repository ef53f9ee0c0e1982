import { engineFailure } from '../model/failure.ts';
import type { RunInput } from '../model/run-input.ts';
import { prepareContinuation } from './continuation.ts';
import { derive, excessOf } from './derive.ts';
import { DRAIN_KEY, type RunEvent } from './events.ts';
import { armTimer, dropPending, NO_WORK } from './pending.ts';
import type { RunState } from './state.ts';
import { isFlooded } from './statements.ts';
import { BOUNDED_WORK, CONTINUATION } from './versions.ts';
import { decide } from './visits.ts';
import { exhaust, isHeavy, isTooHeavy, workDone } from './work.ts';

/** Seconds for which new work is held back so that running work can end. */
const DRAIN_SECONDS = 10;

/** Events after which a drain is tried again when running work took longer. */
const TRY_AGAIN_AFTER = 2_000;

/** Events from which new work is held back for as long as it takes: Temporal ends a run at 51,200. */
const HARD_EVENTS = 20_000;

/** Events at which a run fails that cannot continue as new. */
const LAST_EVENTS = 45_000;

/** Returns whether an event brings a decision, a delegation or a control, not data. */
function isStatement(event: RunEvent): boolean {
  return event.type === 'signal' && event.name.startsWith('__fermata_');
}

/** Returns whether new work may begin: no pause, no concurrency key and no drain holds it back. */
export function mayBegin({ paused, drain, turn }: RunState): boolean {
  return paused === null && drain === null && turn === null;
}

/** Begins a drain once the history, or the work in it, is long enough for the run to continue as new. */
export function considerDrain(state: RunState): void {
  const { version, history, drainFrom, stopping, drain } = state;
  if (version < CONTINUATION || stopping !== null) return;
  const heavy = version >= BOUNDED_WORK && isHeavy(state);
  const long = history.length >= drainFrom;
  if ((long && history.length >= HARD_EVENTS) || (heavy && isTooHeavy(state))) {
    dropPending(state, DRAIN_KEY);
    state.drain = 'hard';
  } else if (drain === null && (heavy || (long && history.suggested))) state.drain = 'soft';
}

/** Continues a draining run as new as soon as no worker has any of its work. */
export function continueAsNew(state: RunState): 'continued' | 'released' | undefined {
  const { drain, outcome, stopping, inFlight, history } = state;
  if (drain === null || outcome !== null || stopping !== null) return undefined;
  if (inFlight > 0) {
    if (drain === 'soft' && !state.pending.has(DRAIN_KEY)) {
      armTimer(state, DRAIN_KEY, { ...NO_WORK, kind: 'drain' }, DRAIN_SECONDS * 1000);
    }
    return undefined;
  }
  const { trust } = state;
  const run: RunInput = { ...state.run, carried: prepareContinuation(state), ...(trust === null ? {} : { trust }) };
  const bytes = derive(state, 'size', () => excessOf([state.input, run]));
  if (bytes === null) {
    state.commands.push({ type: 'continue', run });
    return 'continued';
  }
  // From now on statements are refused without work, so that soon none is left to pass on.
  const drains = isFlooded(state) && state.backlog.some(isStatement);
  if (drains && history.length < LAST_EVENTS) return undefined;
  endDrain(state);
  const message = `its state of ${bytes} bytes is too large to go on in another`;
  if (history.length >= LAST_EVENTS) {
    const reason = `the run has ${history.length} events, and ${message}`;
    decide(state, engineFailure('limit_exceeded', reason), false);
  } else if (state.version >= BOUNDED_WORK && isTooHeavy(state)) {
    exhaust(state, `the run has done ${Math.floor(workDone(state))} units of work, and ${message}`);
  }
  return 'released';
}

/** Ends a drain that took too long: new work begins, and the drain is tried again later. */
export function endDrain(state: RunState): void {
  clearDrain(state);
  state.drainFrom = state.history.length + TRY_AGAIN_AFTER;
  state.work.drainAt = workDone(state) + state.work.limits.run;
}

/** Lets new work begin. */
export function clearDrain(state: RunState): void {
  state.drain = null;
  dropPending(state, DRAIN_KEY);
}
