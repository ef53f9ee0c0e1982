import type { Command, Fault, RunEvent } from '../../interpreter/events.ts';
import { payloadRefusal, refusedOutput } from '../../interpreter/unreadable.ts';
import { workflowIdOf } from '../../model/execution-id.ts';
import type { Json } from '../../model/json.ts';
import { eventTime, type HistoryEvent, type TryRecord } from '../history.ts';
import { arrivedIn, decodePayloads, type ProtoPayload, readFault, refusedPayload } from '../payload.ts';

/** The keys of the work and the timers of one run, by the ids of the events that scheduled or started them, until they end. */
export interface Keys {
  /** Keys of activities and sub-workflows. */
  work: Map<number, string>;
  timer: Map<number, string>;
}

/** An event with its number within the history of the chain. */
export interface NumberedEvent {
  event: HistoryEvent;
  number: number;
}

/** Records the try of a command, and the key of its event. */
export function remember(
  { event, number }: NumberedEvent,
  command: Command,
  keys: Keys,
  tries: Map<string, TryRecord>,
): void {
  const id = Number(event.eventId);
  if (command.type === 'timer') keys.timer.set(id, command.key);
  if (command.type !== 'activity' && command.type !== 'child' && command.type !== 'yield') return;
  keys.work.set(id, command.key);
  tries.set(command.key, {
    child: command.type === 'child' ? workflowIdOf(command.n) : null,
    scheduled: eventTime(event),
    started: null,
    ended: null,
    scheduledBy: number,
    endedBy: null,
    attempt: 1,
    worker: null,
    lastFault: null,
    result: null,
  });
}

/** Returns the interpreter's event for a history event, after recording it with its try; null for any other history event. */
export function takeEvent(
  numbered: NumberedEvent,
  keys: Keys,
  tries: Map<string, TryRecord>,
  interpreter: number,
): RunEvent | null {
  const { event } = numbered;
  if (event.workflowExecutionCancelRequestedEventAttributes) return { type: 'cancel' };
  const signaled = event.workflowExecutionSignaledEventAttributes;
  if (signaled) {
    // The shell does not deliver a refused payload either.
    if (refusedPayload(signaled.input?.payloads?.[0], interpreter) !== null) return null;
    return { type: 'signal', name: signaled.signalName ?? '', payload: decodePayloads(signaled.input)[0] ?? null };
  }
  const fired = event.timerFiredEventAttributes;
  if (fired) {
    const key = keys.timer.get(Number(fired.startedEventId));
    keys.timer.delete(Number(fired.startedEventId));
    return key === undefined ? null : { type: 'fired', key };
  }
  const child = childEventOf(event, interpreter);
  return child === null ? takeActivity(numbered, keys, tries, interpreter) : takeChild(numbered, child, keys, tries);
}

function takeActivity(
  { event, number }: NumberedEvent,
  keys: Keys,
  tries: Map<string, TryRecord>,
  interpreter: number,
): RunEvent | null {
  const started = event.activityTaskStartedEventAttributes;
  const completed = event.activityTaskCompletedEventAttributes;
  const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
  const canceled = event.activityTaskCanceledEventAttributes;
  const scheduledId = (started ?? completed ?? failed ?? canceled)?.scheduledEventId;
  const key = scheduledId === undefined ? undefined : keys.work.get(Number(scheduledId));
  const record = key === undefined ? undefined : tries.get(key);
  if (key === undefined || record === undefined) return null;
  if (started) {
    record.started = eventTime(event);
    record.attempt = started.attempt ?? 1;
    record.worker = started.identity || null;
    record.lastFault = started.lastFailure ? readFault(started.lastFailure) : null;
    return null;
  }
  record.ended = eventTime(event);
  record.endedBy = number;
  keys.work.delete(Number(scheduledId));
  if (completed) {
    const given = resultOf(completed.result?.payloads?.[0], interpreter);
    record.result = given;
    return 'fault' in given ? { type: 'failed', key, fault: given.fault } : { type: 'completed', key, ...given };
  }
  const fault: Fault = canceled ? { kind: 'cancelled' } : readFault(failed?.failure);
  record.result = { fault };
  return { type: 'failed', key, fault };
}

/** Returns the output in a payload, or the fault that the shell reports for one that is not JSON. */
function resultOf(
  payload: ProtoPayload | null | undefined,
  interpreter: number,
): { output: Json; attempt?: number } | { fault: Fault } {
  const arrived = arrivedIn(payload);
  const refused = payloadRefusal(arrived, interpreter);
  if (refused !== null) return { fault: refusedOutput(refused) };
  const { value = null, attempt } = arrived;
  return { output: value, ...(attempt === undefined ? {} : { attempt }) };
}

/** The start or the end of a sub-workflow. */
type ChildEvent = { initiated: number } & ({ started: true } | { output: Json } | { fault: Fault });

function childEventOf(event: HistoryEvent, interpreter: number): ChildEvent | null {
  const started = event.childWorkflowExecutionStartedEventAttributes;
  if (started) return { initiated: Number(started.initiatedEventId), started: true };
  const completed = event.childWorkflowExecutionCompletedEventAttributes;
  if (completed) {
    const given = resultOf(completed.result?.payloads?.[0], interpreter);
    return { initiated: Number(completed.initiatedEventId), ...given };
  }
  const failed = event.childWorkflowExecutionFailedEventAttributes;
  if (failed) return { initiated: Number(failed.initiatedEventId), fault: readFault(failed.failure) };
  const canceled = event.childWorkflowExecutionCanceledEventAttributes;
  if (canceled) return { initiated: Number(canceled.initiatedEventId), fault: { kind: 'cancelled' } };
  const terminated = event.childWorkflowExecutionTerminatedEventAttributes;
  if (terminated) return { initiated: Number(terminated.initiatedEventId), fault: { kind: 'terminated' } };
  const timedOut = event.childWorkflowExecutionTimedOutEventAttributes;
  if (timedOut) {
    return { initiated: Number(timedOut.initiatedEventId), fault: { kind: 'timeout', timeout: 'start_to_close' } };
  }
  const refused = event.startChildWorkflowExecutionFailedEventAttributes;
  return refused ? { initiated: Number(refused.initiatedEventId), fault: { kind: 'clash' } } : null;
}

function takeChild(
  { event, number }: NumberedEvent,
  child: ChildEvent,
  keys: Keys,
  tries: Map<string, TryRecord>,
): RunEvent | null {
  const key = keys.work.get(child.initiated);
  const record = key === undefined ? undefined : tries.get(key);
  if (key === undefined || record === undefined) return null;
  if ('started' in child) {
    record.started = eventTime(event);
    return null;
  }
  record.ended = eventTime(event);
  record.endedBy = number;
  keys.work.delete(child.initiated);
  if ('output' in child) {
    record.result = { output: child.output };
    return { type: 'completed', key, output: child.output };
  }
  record.result = { fault: child.fault };
  return { type: 'failed', key, fault: child.fault };
}
