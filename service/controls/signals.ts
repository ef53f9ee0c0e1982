import { AppError } from '../../model/app-error.ts';
import { CONTROL_SIGNAL, type Control, type ControlAction, newestSwitch } from '../../model/control.ts';
import type { Execution } from '../../model/execution.ts';
import { type Json, jsonSize } from '../../model/json.ts';
import { MAX_PAYLOAD_BYTES } from '../../model/run-input.ts';
import type { StatementSigner } from '../statements/statements.ts';

/** Controls that a run keeps in all. */
export const MAX_CONTROLS = 1_000;

/** A control as it is sent to a run; those with one request id are one. */
export interface ControlSignal {
  name: string;
  payload: Json;
  identity: string;
  requestId: string;
}

/** Signs a control for a run, as asked for at `now` in milliseconds. Throws `body_too_large`, `signing_key_missing`. */
export function controlSignal(
  signer: Pick<StatementSigner, 'sealControl'>,
  execution: Execution,
  control: Control & ControlAction,
  now: number,
): ControlSignal {
  // What is asked for after what this process has seen is newer, whatever the clocks of other processes say.
  const asked = Math.max(now, newestSwitch(execution.controls) + 1);
  const payload = signer.sealControl(execution, control, asked);
  if (jsonSize(payload) > MAX_PAYLOAD_BYTES) {
    throw new AppError('body_too_large', `"output" must not have more than ${MAX_PAYLOAD_BYTES} bytes`);
  }
  return { name: CONTROL_SIGNAL, payload, identity: control.by, requestId: control.id };
}

/** Reports whether a run has as many controls as it keeps: further ones are done, and forgotten. */
export function isFull({ controls }: Execution): boolean {
  return controls.length >= MAX_CONTROLS;
}
