import { type ClosingDetails, type Failure, INFRASTRUCTURE_UNAVAILABLE, WORKER_BUSY } from '../model/failure.ts';
import { isJsonObject, type Json } from '../model/json.ts';
import type { ActionSpec } from '../model/run-input.ts';
import type { Fault } from './events.ts';

/** A failure, and whether the engine lost the task (its worker died, or none took it) rather than the action failing. */
export interface Classified {
  failure: Failure;
  lost: boolean;
  /** Whether to reissue the task without counting a retry: an idempotent action was interrupted, or an id was taken. */
  again: boolean;
  /** Whether a worker handed the task back without beginning it. */
  busy?: true;
}

/** Turns what Temporal reports about an activity or a sub-workflow into a failure. */
export function classifyFault(fault: Fault, spec: ActionSpec, input: Json, task: string, action: string): Classified {
  const failed = (type: string, message: string, rest: Partial<Failure> = {}): Classified => ({
    failure: { type, message, task, action, ...rest },
    lost: false,
    again: false,
  });
  const lost = (message: string, interrupted: boolean): Classified => ({
    ...failed('abandoned', message),
    lost: true,
    again: interrupted && mayRepeat(spec, input),
  });
  if (spec.workflow) return classifyChild(fault, action, failed);
  const own = spec.task_queue === undefined;
  switch (fault.kind) {
    case 'cancelled':
    case 'terminated':
      return failed('cancelled', 'the task was cancelled');
    case 'clash':
    case 'other':
      return failed('action_error', 'message' in fault ? fault.message : 'the task has been started before');
    case 'timeout':
      if (fault.timeout === 'heartbeat') return lost('the worker that ran the task was lost', true);
      if (fault.timeout === 'schedule_to_start') return lost('no worker took the task in time', false);
      if (own) return lost('the worker that ran the task did not answer in time', true);
      return failed('timeout', `the attempt took longer than ${spec.timeout} seconds`);
    case 'application':
      if (own && fault.type === WORKER_BUSY) return { ...lost(reasonOf(fault.message), false), busy: true };
      if (fault.type === 'WorkerShutdown') return lost('the worker that ran the task was shut down', true);
      if (fault.type === 'PayloadsTooLarge') return failed('too_large', 'the output of the task is too large');
      return failed(failureType(fault.type), fault.message, detailsOf(fault.details));
  }
}

/** Returns the failure type for the type of an application failure: a plain error has none. */
function failureType(type: string): string {
  return type === '' || type === 'Error' ? 'action_error' : type;
}

function detailsOf([details, note]: readonly Json[]): Partial<Failure> {
  return { ...noteOf(note), ...(details === undefined || details === null ? {} : { details }) };
}

/** Returns why a worker handed a task back. */
function reasonOf(message: string): string {
  return message.startsWith(`${INFRASTRUCTURE_UNAVAILABLE}:`)
    ? message
    : 'worker_busy: no worker had room for the task';
}

/** HTTP methods that only read (RFC 9110, 9.2.1); a request without a method uses the first. */
const READING = ['GET', 'HEAD', 'OPTIONS'];

/** Reports whether an action declares that it may be repeated with an input without harm. */
export function mayRepeat({ idempotent }: ActionSpec, input: Json): boolean {
  if (idempotent !== 'by_method') return idempotent === true;
  const { method = 'GET' } = isJsonObject(input) ? input : {};
  return READING.some((reading) => reading === method);
}

/** Turns the end of a sub-workflow into a failure, with the failure of the sub-workflow as its cause. */
function classifyChild(
  fault: Fault,
  ref: string,
  failed: (type: string, message: string, rest?: Partial<Failure>) => Classified,
): Classified {
  switch (fault.kind) {
    case 'cancelled':
      return failed('cancelled', `the workflow "${ref}" was cancelled`);
    case 'terminated':
      return failed('cancelled', `the workflow "${ref}" was terminated`);
    case 'timeout':
      return failed('timeout', `the workflow "${ref}" took longer than Temporal was told`);
    case 'clash':
      return { ...failed('action_error', `another run has the id of this one of "${ref}"`), again: true };
    case 'other':
      return failed('action_error', fault.message);
    case 'application': {
      const [details] = fault.details;
      if (!isJsonObject(details) || !isJsonObject(details.failure))
        return failed(fault.type || 'action_error', fault.message);
      const { outcome, failure: cause } = details as unknown as ClosingDetails; // written by workflows/index.ts
      const { code } = cause;
      const rest = { ...(code === undefined ? {} : { code }), cause };
      return {
        ...failed(cause.type, `the workflow "${ref}" failed: ${cause.message}`, rest),
        lost: outcome === 'abandoned',
      };
    }
  }
}

function noteOf(note: Json | undefined): Pick<Failure, 'attempt' | 'code'> {
  if (!isJsonObject(note)) return {};
  return {
    ...(typeof note.attempt === 'number' ? { attempt: note.attempt } : {}),
    ...(typeof note.code === 'string' ? { code: note.code } : {}),
  };
}
