import type { temporal } from '@temporalio/proto';
import type { Observer } from '../interpreter/derive.ts';
import type { Command, Fault, RunEvent } from '../interpreter/events.ts';
import { begin, step } from '../interpreter/interpreter.ts';
import type { HistoryLength, RunState } from '../interpreter/state.ts';
import { payloadRefusal, refusedOutput } from '../interpreter/unreadable.ts';
import { BOUNDED_WORK } from '../interpreter/versions.ts';
import { workflowIdOf } from '../model/execution-id.ts';
import type { Json } from '../model/json.ts';
import type { Parameters, RunInput } from '../model/run-input.ts';
import { ReplayExceeded, type ReplayMeter } from '../model/work.ts';
import { createPast, type Past } from './past.ts';
import {
  arrivedIn,
  decodePayloads,
  type ProtoPayload,
  readFault,
  refusedPayload,
  timestampMilliseconds,
} from './payload.ts';
import { matchesRecorded, type RecordedCommand, recordedCommand } from './recorded-commands.ts';

/** An event of Temporal's history. */
export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** The record of one activity or sub-workflow in the history: one try of a visit, or of an item. Times in milliseconds. */
export interface TryRecord {
  /** Temporal's id of the sub-workflow; null for an activity. */
  child: string | null;
  scheduled: number;
  started: number | null;
  ended: number | null;
  /** The numbers of the events that scheduled and ended it, within the history of the chain. */
  scheduledBy: number;
  endedBy: number | null;
  attempt: number;
  worker: string | null;
  /** The failure of the attempt before the last one. */
  lastFault: Fault | null;
  result: { output: Json } | { fault: Fault } | null;
}

/** Records of tries, by key. */
export type Tries = Pick<ReadonlyMap<string, TryRecord>, 'get'>;

/** The interpreter's state rebuilt from history, with the records of tries, which only the history has. */
export interface ReplayedRun {
  state: RunState | null;
  /** The work of earlier runs of the chain. */
  past: Past;
  /** By the key of the try. */
  tries: Tries;
  /** Null while the commands of the re-run match those in history; else what did not match. */
  divergence: string | null;
}

/** Returns the time of a history event, in milliseconds since 1970. */
export function eventTime(event: HistoryEvent): number {
  return timestampMilliseconds(event.eventTime);
}

/** The last time that was converted. */
let converted = { milliseconds: Number.NaN, text: '' };

/** Converts milliseconds since 1970 to ISO 8601, UTC. */
export function isoTime(milliseconds: number): string {
  // Much of a run happens at one time, that of an activation.
  if (milliseconds !== converted.milliseconds) {
    converted = { milliseconds, text: new Date(milliseconds).toISOString() };
  }
  return converted.text;
}

/** The effect of one event of a history. */
export interface ReplayStep {
  /** Whether the interpreter has taken a step, so that anything may have changed. */
  stepped: boolean;
  /** The try of a sub-workflow that has started; null for any other event. */
  began: string | null;
}

/** A replay of a history that comes event by event. */
export interface Replay {
  /** Takes the next event; ignores it once the history and the interpreter have diverged. */
  take(event: HistoryEvent): ReplayStep;
  /** The run as it stands; `expected` has the commands that history does not show yet. */
  readonly now: ReplayedRun & { expected: readonly Command[] };
  /** Returns the run at the end of the history, which has diverged if the history lacks commands. */
  end(): ReplayedRun;
}

/** The options of a replay, in addition to the input of the run. */
export interface ReplayOptions {
  /** Temporal's id of the first run. */
  chain: string;
  /** Returns the hash of everything that the run was started with (BeginOptions). */
  content: () => string;
  /** The meter that is charged for all work of the replay. */
  meter?: ReplayMeter | undefined;
  /** Called with each command that history shows. */
  onCommand?: ((command: Command) => void) | undefined;
  /** Observes the values that the run computes. */
  observer?: Observer | undefined;
}

/**
 * Runs the interpreter again over the history of one run. The events of one activation are those between the starts of two workflow tasks
 * that completed; its time is the start of the completed one. Every command is compared with the history event that records it. When a run
 * continues as new, the history of the next run follows, which begins with the carried state.
 *
 * With a meter, taking an event throws ReplayExceeded when the meter is spent. The work of interpreters below 8 cannot be counted, so their
 * replay throws at once.
 */
export function createReplay(
  run: RunInput,
  input: Parameters,
  { chain, content, meter, onCommand, observer }: ReplayOptions,
): Replay {
  if (meter !== undefined && run.interpreter < BOUNDED_WORK) throw new ReplayExceeded();
  const tries = new Map<string, TryRecord>();
  const past = createPast();
  let keys: Keys = { work: new Map(), timer: new Map() };
  let state: RunState | null = null;
  let current = run;
  let begun = false;
  let history: HistoryLength = { length: 0, suggested: false };
  let batch: RunEvent[] = [];
  let expected: Command[] = [];
  let startedAt = 0;
  let divergence: string | null = null;
  let number = 0;
  const diverged = (what: string) => {
    divergence ??= what;
  };

  function activate(event: HistoryEvent): void {
    const left = expected.find(({ type }) => type !== 'cancel_work');
    if (left !== undefined) diverged(`history lacks the command ${left.type} before event ${event.eventId}`);
    if (state === null || !begun) {
      ({ state, commands: expected } = begin(current, input, startedAt, {
        events: batch,
        history,
        chain,
        content,
        replay: meter,
        observer,
      }));
      begun = true;
    } else if (batch.length === 0) {
      // A workflow task without an event for the interpreter, such as the start of a sub-workflow.
      expected = [];
    } else expected = step(state, batch, startedAt, history);
    batch = [];
  }

  function continueAs(next: RunInput): void {
    if (state !== null) past.keep(state, next.carried);
    current = next;
    begun = false;
    keys = { work: new Map(), timer: new Map() };
    batch = [];
  }

  function takeCommand(event: HistoryEvent, recorded: RecordedCommand): void {
    const index = expected.findIndex((candidate) => matchesRecorded(candidate, recorded));
    const found = expected[index];
    if (found === undefined) {
      diverged(`history event ${event.eventId} has no command: ${recorded.type}`);
      return;
    }
    remember({ event, number }, found, keys, tries);
    onCommand?.(found);
    // One command to cancel work leads to a history event for each activity and timer.
    if (found.type !== 'cancel_work') expected.splice(index, 1);
    if (found.type === 'continue') continueAs(found.run);
  }

  return {
    take(event) {
      number += 1;
      if (divergence !== null) return { stepped: false, began: null };
      const recorded = recordedCommand(event, keys.timer);
      if (recorded !== null) takeCommand(event, recorded);
      const happened = eventOf({ event, number }, keys, tries, current.interpreter);
      if (happened !== null) batch.push(happened);
      const child = event.childWorkflowExecutionStartedEventAttributes;
      const began = child ? (keys.work.get(Number(child.initiatedEventId)) ?? null) : null;
      const task = event.workflowTaskStartedEventAttributes;
      if (task) {
        startedAt = eventTime(event);
        history = { length: Number(event.eventId), suggested: task.suggestContinueAsNew ?? false };
      }
      const stepped = Boolean(event.workflowTaskCompletedEventAttributes);
      if (stepped) activate(event);
      return { stepped, began };
    },
    get now() {
      return { state, past, tries, divergence, expected };
    },
    end() {
      const left = expected.find(({ type }) => type !== 'cancel_work');
      // A run that is terminated or times out may end right after a workflow task.
      const missing = left === undefined ? null : `history lacks the command ${left.type} at its end`;
      return { state, past, tries, divergence: divergence ?? missing };
    },
  };
}

interface Keys {
  /** Keys of activities and sub-workflows. */
  work: Map<number, string>;
  timer: Map<number, string>;
}

/** An event with its number within the history of the chain. */
interface NumberedEvent {
  event: HistoryEvent;
  number: number;
}

function remember({ event, number }: NumberedEvent, command: Command, keys: Keys, tries: Map<string, TryRecord>): void {
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
function eventOf(
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
  if ('output' in child) {
    record.result = { output: child.output };
    return { type: 'completed', key, output: child.output };
  }
  record.result = { fault: child.fault };
  return { type: 'failed', key, fault: child.fault };
}
