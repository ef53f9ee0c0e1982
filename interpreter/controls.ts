import {
  CONTROL_SIGNAL,
  type Control,
  type ControlRecord,
  isSwitch,
  newestSwitch,
  parseControl,
} from '../model/control.ts';
import { engineFailure, type Failure } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import { takeSlotVerdict } from './concurrency-key.ts';
import { end } from './ends.ts';
import { dropPending } from './pending.ts';
import type { PendingKind, RunState } from './state.ts';
import { demandsStatements, verifyStatement } from './statements.ts';
import { ATTEMPTS_SKIPPED, WITHDRAWAL } from './versions.ts';
import { taskOf, workAt } from './visits.ts';

/** The number of controls that a run keeps a record of; later ones take effect without a record. */
const MAX_CONTROLS = 1_000;

/** Waits that a skip can end: those that no worker has a part in. */
const SKIPPABLE: ReadonlySet<PendingKind> = new Set(['inquiry', 'signal', 'delay', 'wait', 'retry']);

/** Takes the payload of a control signal; whatever it is, the run continues. */
export function takeControl(state: RunState, payload: Json): void {
  const isTaken = (id: string) => state.controls.some(({ control }) => control.id === id);
  const unsigned = parseControl(payload);
  // Fermata itself reports whether a concurrency key is free; no person asks for that, so it is not signed.
  const verified =
    demandsStatements(state) && unsigned?.what !== 'turn'
      ? verifyStatement(state, CONTROL_SIGNAL, payload, 'control', isTaken)
      : undefined;
  if (verified === null) return;
  const control = verified === undefined ? unsigned : parseControl(verified.payload);
  if (control === null || isTaken(control.id)) return;
  const asked = verified?.proof.statement.at as string | undefined;
  const refused = isOvertaken(state, control, asked) ? 'overtaken' : apply(state, control);
  // Reports about the concurrency key are not signed: those that change nothing must not fill the list.
  if (verified === undefined && refused !== null && demandsStatements(state)) return;
  if (state.controls.length >= MAX_CONTROLS) return;
  const taken = new Date(state.now).toISOString();
  state.controls.push({ control, refused, taken, ...(asked === undefined ? {} : { asked }) });
}

/** Returns whether a pause arrives after a resume that was asked for later, or the reverse, because its caller gave up waiting for it. */
function isOvertaken(state: RunState, control: Control, asked: string | undefined): boolean {
  return asked !== undefined && isSwitch(control) && Date.parse(asked) < newestSwitch(state.controls);
}

function apply(state: RunState, control: Control): ControlRecord['refused'] {
  const { by, reason } = control;
  if (control.what === 'pause') {
    if (state.paused !== null) return 'already_paused';
    state.paused = { since: state.now, by, reason };
    return null;
  }
  if (control.what === 'resume') {
    if (state.paused === null) return 'not_paused';
    state.paused = null;
    return null;
  }
  if (control.what === 'turn') return takeSlotVerdict(state, control.verdict) ? null : 'not_waiting';
  return skip(state, control) ? null : 'not_waiting';
}

/**
 * Ends the wait of a visit or an item, which then succeeds with an output; an inquiry is withdrawn instead. Returns false when the task
 * waits for nothing that a skip can end.
 */
function skip(state: RunState, { id, key, output, by, reason }: Extract<Control, { what: 'skip' }>): boolean {
  for (const [wait, pending] of state.pending) {
    if (pending.visit < 0) continue;
    const work = workAt(state, pending);
    if (work.key !== key) continue;
    if (pending.kind === 'activity' && state.version >= ATTEMPTS_SKIPPED && work.skipping === undefined) {
      // Only Temporal knows whether a worker has the activity. The sender of the skip makes sure that none has, and then ends the activity.
      work.skipping = { id, by, output };
      return true;
    }
    if (!SKIPPABLE.has(pending.kind)) continue;
    dropPending(state, wait);
    const { action } = taskOf(state, state.visits[pending.visit]!);
    if (state.version >= WITHDRAWAL && state.actions[action]?.waits === 'inquiry') {
      end(state, pending, { failure: withdrawn(by, reason) });
      return true;
    }
    work.skipped = by;
    end(state, pending, { output });
    return true;
  }
  return false;
}

function withdrawn(by: string, reason: string | null): Failure {
  const why = reason === null || reason === '' ? '' : `: ${reason}`;
  return engineFailure('withdrawn', `withdrawn by ${by}${why}`, { details: { by, reason } });
}
