import type { Command } from '../../interpreter/events.ts';
import { workflowIdOf } from '../../model/execution-id.ts';
import { canonicalJson, type Json } from '../../model/json.ts';
import { type RunInput, YIELD_ACTION } from '../../model/run-input.ts';
import type { HistoryEvent } from '../history.ts';
import { decodeArguments, decodePayload, decodePayloads, hasResult, timestampMilliseconds } from '../payload.ts';

/** The part of a command that history records. */
export type RecordedCommand =
  | { type: 'activity'; key: string; action: string; input: Json }
  | { type: 'child'; workflowId: string; ref: string; input: Json }
  | { type: 'timer'; key: string; milliseconds: number }
  | { type: 'cancel_timer'; key: string }
  | { type: 'cancel_work' }
  | { type: 'continue'; payload: Json }
  | { type: 'close'; outcome: 'completed' | 'skipped' | 'failed' | 'cancelled'; value: Json };

/** Returns the command that a history event records; null for any other event. `timers` has the keys of timers by their history event. */
export function recordedCommand(event: HistoryEvent, timers: ReadonlyMap<number, string>): RecordedCommand | null {
  return recordedWork(event) ?? recordedTimer(event, timers) ?? recordedEnd(event);
}

function recordedWork(event: HistoryEvent): RecordedCommand | null {
  const scheduled = event.activityTaskScheduledEventAttributes;
  if (scheduled) {
    const { activityId, activityType } = scheduled;
    const [input = null] = decodePayloads(scheduled.input);
    return { type: 'activity', key: activityId ?? '', action: activityType?.name ?? '', input };
  }
  const child = event.startChildWorkflowExecutionInitiatedEventAttributes;
  if (child) {
    const [input = null] = decodePayloads(child.input);
    return { type: 'child', workflowId: child.workflowId ?? '', ref: child.workflowType?.name ?? '', input };
  }
  const cancelled =
    event.activityTaskCancelRequestedEventAttributes ??
    event.requestCancelExternalWorkflowExecutionInitiatedEventAttributes;
  return cancelled ? { type: 'cancel_work' } : null;
}

function recordedTimer(event: HistoryEvent, timers: ReadonlyMap<number, string>): RecordedCommand | null {
  const timer = event.timerStartedEventAttributes;
  if (timer) {
    const key = decodePayload(event.userMetadata?.summary);
    const milliseconds = timestampMilliseconds(timer.startToFireTimeout);
    return { type: 'timer', key: typeof key === 'string' ? key : '', milliseconds };
  }
  const canceled = event.timerCanceledEventAttributes;
  return canceled ? { type: 'cancel_timer', key: timers.get(Number(canceled.startedEventId)) ?? '' } : null;
}

function recordedEnd(event: HistoryEvent): RecordedCommand | null {
  const completed = event.workflowExecutionCompletedEventAttributes;
  if (completed) {
    const outcome = hasResult(completed) ? 'completed' : 'skipped';
    return { type: 'close', outcome, value: decodePayloads(completed.result)[0] ?? null };
  }
  const failed = event.workflowExecutionFailedEventAttributes;
  if (failed) {
    const value = decodePayloads(failed.failure?.applicationFailureInfo?.details)[0] ?? null;
    return { type: 'close', outcome: 'failed', value };
  }
  if (event.workflowExecutionCanceledEventAttributes) return { type: 'close', outcome: 'cancelled', value: null };
  const continued = event.workflowExecutionContinuedAsNewEventAttributes;
  return continued ? { type: 'continue', payload: decodeArguments(continued.input)[1] } : null;
}

/** Returns whether a command of the interpreter is the one that history has recorded. */
export function matchesRecorded(command: Command, recorded: RecordedCommand): boolean {
  switch (recorded.type) {
    case 'activity':
      return matchesActivity(command, recorded);
    case 'child':
      return (
        command.type === 'child' &&
        workflowIdOf(command.n) === recorded.workflowId &&
        command.run.ref === recorded.ref &&
        canonicalJson(command.input) === canonicalJson(recorded.input)
      );
    case 'timer':
      return command.type === 'timer' && command.key === recorded.key && command.milliseconds === recorded.milliseconds;
    case 'cancel_timer':
      return command.type === 'cancel_work' || (command.type === 'cancel_timer' && command.key === recorded.key);
    case 'cancel_work':
      return command.type === 'cancel_work';
    case 'continue':
      return command.type === 'continue' && matchesState(command.run, recorded.payload);
    case 'close':
      return command.type === 'close' && matchesClose(command, recorded);
  }
}

function matchesActivity(command: Command, recorded: Extract<RecordedCommand, { type: 'activity' }>): boolean {
  if (command.type === 'yield') return command.key === recorded.key && recorded.action === YIELD_ACTION;
  return (
    command.type === 'activity' &&
    command.key === recorded.key &&
    command.action === recorded.action &&
    canonicalJson(command.input) === canonicalJson(recorded.input)
  );
}

/** Compares the input of the next run; the same build writes its fields in the same order, so the texts are compared first. */
function matchesState(run: RunInput, payload: Json): boolean {
  const text = JSON.stringify(run);
  return text === JSON.stringify(payload) || canonicalJson(JSON.parse(text) as Json) === canonicalJson(payload);
}

function matchesClose(
  { outcome, output, failure, also }: Extract<Command, { type: 'close' }>,
  recorded: Extract<RecordedCommand, { type: 'close' }>,
): boolean {
  if (recorded.outcome === 'completed') {
    return outcome === 'completed' && canonicalJson(output) === canonicalJson(recorded.value);
  }
  if (recorded.outcome !== 'failed') return outcome === recorded.outcome;
  const details = {
    outcome,
    failure,
    ...(also.length === 0 ? {} : { also }),
    ...(output === null ? {} : { output }),
  };
  // Absent fields of a failure are left out on the way through Temporal, as JSON does.
  return canonicalJson(JSON.parse(JSON.stringify(details)) as Json) === canonicalJson(recorded.value);
}
