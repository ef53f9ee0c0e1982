import { AppError } from '../../model/app-error.ts';
import { CONTROL_SIGNAL, type Control, type ControlAction, newestSwitch } from '../../model/control.ts';
import type { Execution } from '../../model/execution.ts';
import { type Json, jsonSize } from '../../model/json.ts';
import { MAX_PAYLOAD_BYTES } from '../../model/run-input.ts';
import type { StatementSigner } from '../statements/statements.ts';

/** The most controls that a run records. */
export const MAX_CONTROLS = 1_000;

/** The signal that carries a control; signals with the same request id are one. */
export interface ControlSignal {
  name: string;
  payload: Json;
  identity: string;
  requestId: string;
}

/** Signs a control that was requested at `now`, in milliseconds. Throws `body_too_large`, `signing_key_missing`. */
export function controlSignal(
  signer: Pick<StatementSigner, 'sealControl'>,
  execution: Execution,
  control: Control & ControlAction,
  now: number,
): ControlSignal {
  // A request is newer than all that this process has seen, whatever the clocks of other processes say.
  const asked = Math.max(now, newestSwitch(execution.controls) + 1);
  const payload = signer.sealControl(execution, control, asked);
  if (jsonSize(payload) > MAX_PAYLOAD_BYTES) {
    throw new AppError('body_too_large', `"output" must not have more than ${MAX_PAYLOAD_BYTES} bytes`);
  }
  return { name: CONTROL_SIGNAL, payload, identity: control.by, requestId: control.id };
}

/** Reports whether a run has recorded as many controls as it can: it carries out further ones without a record. */
export function isFull({ controls }: Execution): boolean {
  return controls.length >= MAX_CONTROLS;
}
