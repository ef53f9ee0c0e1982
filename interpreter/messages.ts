import { CONTROL_SIGNAL } from '../model/control.ts';
import { DELEGATE_SIGNAL } from '../model/delegation.ts';
import { DECISION_SIGNAL } from '../model/inquiry.ts';
import type { Json } from '../model/json.ts';
import { TRUST_SIGNAL } from '../model/statement.ts';
import { takeControl } from './controls.ts';
import { takeDelegation } from './delegations.ts';
import { takeDecision } from './inquiries.ts';
import { takeSignal } from './signals.ts';
import type { RunState } from './state.ts';
import { demandsStatements } from './statements.ts';
import { takeTrust } from './trust.ts';
import { DELEGATION, RESERVED_SIGNALS } from './versions.ts';

/** Takes a signal that was sent to a run: one with a reserved name brings a decision, a delegation or a control; any other brings data. */
export function takeMessage(state: RunState, name: string, payload: Json): void {
  if (name === DECISION_SIGNAL && state.version >= RESERVED_SIGNALS) takeDecision(state, payload);
  else if (name === CONTROL_SIGNAL && state.version >= RESERVED_SIGNALS) takeControl(state, payload);
  else if (name === DELEGATE_SIGNAL && state.version >= DELEGATION) takeDelegation(state, payload);
  else if (name === TRUST_SIGNAL && demandsStatements(state)) takeTrust(state, payload);
  else takeSignal(state, name, payload);
}
