import type { temporal } from '@temporalio/proto';
import { identified } from '../interpreter/identity.ts';
import { inquiriesOf } from '../interpreter/inquiries.ts';
import type { RunState } from '../interpreter/state.ts';
import { mergedVariables } from '../interpreter/variables.ts';
import { openStatusOf, waitsOf } from '../interpreter/waits.ts';
import type { Execution, LeftoverSignal, ProjectionState, Wait } from '../model/execution.ts';
import type { ClosingDetails, Failure } from '../model/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { INTERPRETER_VERSION, isRunInput, type Parameters, type RunInput, type RunMemo } from '../model/run-input.ts';
import type { ExecutionStatus } from '../model/status.ts';
import {
  eventTime,
  type HistoryEvent,
  isoTime,
  type Replayed,
  replayHistory,
  timestampMilliseconds,
} from './history.ts';
import { decodePayload, decodePayloads, hasResult } from './payload.ts';
import { STARTED, tasksOf } from './tasks.ts';

type PendingActivity = temporal.api.workflow.v1.IPendingActivityInfo;

/** What describe knows of an open run and history does not. */
export interface PendingWork {
  activities: readonly PendingActivity[];
  /** Attempts of the current workflow task: above 1, the engine itself is in trouble. */
  workflowTaskAttempt: number;
}

/** Nothing is pending: a closed run, or one that was not described. */
export const NOTHING_PENDING: PendingWork = { activities: [], workflowTaskAttempt: 0 };

/**
 * Projects the whole history of one run, and what is pending, to an execution. Pure. Throws a TypeError on a history
 * that does not begin with the start of a workflow.
 */
export function projectExecution(
  workflowId: string,
  history: readonly HistoryEvent[],
  pending: PendingWork = NOTHING_PENDING,
): Execution {
  const [first] = history;
  const last = history.at(-1);
  const started = first?.workflowExecutionStartedEventAttributes;
  if (!first || !last || !started) throw new TypeError('the history does not begin with the start of a workflow');
  const [input = null, second] = decodePayloads(started.input);
  const run: RunInput | null = isRunInput(second) ? identified(second, workflowId) : null;
  const known = run !== null && run.interpreter <= INTERPRETER_VERSION;
  const replayed = known ? replayOrDiverge(run, isJsonObject(input) ? input : {}, history) : null;
  const closing = closeOf(last, run !== null);
  const projection: ProjectionState =
    run === null ? 'foreign' : replayed === null ? 'partial' : replayed.divergence === null ? 'complete' : 'diverged';
  const trusted = projection === 'complete' ? replayed : null;
  const marks = marksOf();
  for (const event of history) marks.take(event);
  const status = closing?.status ?? marks.status(trusted?.state ?? null);
  return {
    workflowId,
    runId: started.firstExecutionRunId || started.originalExecutionRunId || '',
    workflowType: started.workflowType?.name ?? '',
    taskQueue: started.taskQueue?.name ?? '',
    status,
    memo: memoOf(started.memo),
    run,
    input,
    output: closing?.output ?? null,
    failure: closing?.failure ?? null,
    also: closing?.also ?? [],
    created: isoTime(eventTime(first)),
    updated: isoTime(eventTime(last)),
    closed: closing === null ? null : isoTime(eventTime(last)),
    tasks: trusted?.state
      ? tasksOf({
          ...{ state: trusted.state, tries: trusted.tries, closed: closing === null ? null : eventTime(last) },
          described: new Map(pending.activities.map((activity) => [activity.activityId ?? '', activity])),
        })
      : [],
    variables: trusted?.state ? variablesOf(trusted.state) : {},
    waitingFor: closing === null ? waitsFor(trusted, pending) : [],
    signals: trusted?.state ? leftoversOf(trusted.state) : [],
    inquiries: trusted?.state ? inquiriesOf(trusted.state) : [],
    controls: trusted?.state?.controls ?? [],
    signalsDropped: trusted?.state?.signals.dropped ?? 0,
    projection,
    divergence: replayed?.divergence ?? null,
    lastEventId: Number(last.eventId),
  };
}

/** An interpreter that throws where the run went on, or stands still, is one that does not agree with history. */
function replayOrDiverge(run: RunInput, input: Parameters, history: readonly HistoryEvent[]): Replayed {
  try {
    return replayHistory(run, input, history);
  } catch (error) {
    const divergence = `the interpreter failed: ${error instanceof Error ? error.message : String(error)}`;
    return { state: null, tries: new Map(), divergence };
  }
}

/** How a run closed, read from its close event alone. */
export interface Closing {
  status: ExecutionStatus;
  output: Json;
  failure: Failure | null;
  also: Failure[];
}

/** Reads a close event; null for any other history event. `ours`: Fermata started the run. */
export function closeOf(event: HistoryEvent, ours: boolean): Closing | null {
  const closed = (status: ExecutionStatus, rest: Partial<Closing> = {}): Closing => ({
    status,
    output: null,
    failure: null,
    also: [],
    ...rest,
  });
  const completed = event.workflowExecutionCompletedEventAttributes;
  if (completed) {
    const status = ours && !hasResult(completed) ? 'skipped' : 'completed';
    return closed(status, { output: decodePayloads(completed.result)[0] ?? null });
  }
  if (event.workflowExecutionCanceledEventAttributes) {
    return closed('cancelled', { failure: { type: 'cancelled', message: 'the run was cancelled' } });
  }
  const terminated = event.workflowExecutionTerminatedEventAttributes;
  if (terminated) {
    const message = terminated.reason || 'the run was terminated';
    return closed('terminated', { failure: { type: 'terminated', message } });
  }
  if (event.workflowExecutionTimedOutEventAttributes) {
    return closed('timeout', { failure: { type: 'timeout', message: 'the run took longer than Temporal was told' } });
  }
  const failed = event.workflowExecutionFailedEventAttributes;
  if (!failed) return null;
  const info = failed.failure?.applicationFailureInfo;
  const details = closingDetails(decodePayload(info?.details?.payloads?.[0]));
  if (details !== null) {
    const { outcome, failure, also = [], output = null } = details;
    return closed(outcome === 'abandoned' || outcome === 'timeout' ? outcome : 'failed', { failure, also, output });
  }
  const failure = { type: info?.type || 'workflow_error', message: failed.failure?.message ?? '' };
  return closed('failed', { failure });
}

function closingDetails(value: Json): ClosingDetails | null {
  if (!isJsonObject(value) || typeof value.outcome !== 'string' || !isJsonObject(value.failure)) return null;
  return value as unknown as ClosingDetails; // written by workflows/index.ts
}

/** The memo that the API left, from a start event or from a list of runs. */
export function memoOf(memo: temporal.api.common.v1.IMemo | null | undefined): RunMemo | null {
  const value = decodePayload(memo?.fields?.fermata);
  return isJsonObject(value) ? (value as unknown as RunMemo) : null; // written by service/temporal.ts
}

/** What the events of an open run's history, taken one by one, say of its status. */
export function marksOf(): { take(event: HistoryEvent): void; status(state: RunState | null): ExecutionStatus } {
  let cancelRequested = false;
  let begun = false;
  let delayed = false;
  return {
    take(event) {
      if (event.workflowExecutionCancelRequestedEventAttributes) cancelRequested = true;
      if (event.workflowTaskCompletedEventAttributes) begun = true;
      delayed = event.workflowExecutionStartedEventAttributes ? hasBackoff(event) : false;
    },
    status(state) {
      if (cancelRequested) return 'canceling';
      const open = state === null ? 'running' : openStatusOf(state);
      if (open !== 'running') return open;
      if (begun) return 'running';
      return delayed ? 'scheduled' : 'requested';
    },
  };
}

function hasBackoff(first: HistoryEvent): boolean {
  const backoff = first.workflowExecutionStartedEventAttributes?.firstWorkflowTaskBackoff;
  return Number(backoff?.seconds ?? 0) > 0 || (backoff?.nanos ?? 0) > 0;
}

function waitsFor(replayed: Replayed | null, pending: PendingWork): Wait[] {
  const waits: Wait[] = [];
  const wait = (kind: Wait['kind'], task: string | null, rest: Partial<Wait> = {}): void => {
    waits.push({ kind, task, since: null, until: null, detail: null, ...rest });
  };
  const paused = replayed?.state?.paused;
  if (paused)
    wait('pause', null, {
      since: isoTime(paused.since),
      detail: `paused by ${paused.by}${paused.reason === null ? '' : `: ${paused.reason}`}`,
    });
  if (pending.workflowTaskAttempt > 1) {
    wait('engine_fault', null, { detail: `the workflow task has been tried ${pending.workflowTaskAttempt} times` });
  }
  for (const activity of pending.activities) {
    const task = activity.activityId ?? null;
    const since = activity.scheduledTime ? isoTime(timestampMilliseconds(activity.scheduledTime)) : null;
    if ((activity.state ?? 0) >= STARTED) {
      wait('action', task, {
        since: activity.lastStartedTime ? isoTime(timestampMilliseconds(activity.lastStartedTime)) : since,
      });
    } else if ((activity.attempt ?? 1) > 1) {
      const until = activity.nextAttemptScheduleTime
        ? isoTime(timestampMilliseconds(activity.nextAttemptScheduleTime))
        : null;
      wait('retry', task, { since, until, detail: activity.lastFailure?.message ?? null });
    } else wait('worker', task, { since });
  }
  for (const { kind, task, since, until, detail } of replayed?.state ? waitsOf(replayed.state) : []) {
    // Of an activity describe knows more.
    if (kind === 'action') continue;
    wait(kind, task, { since: isoTime(since), until: until === null ? null : isoTime(until), detail });
  }
  return waits;
}

function variablesOf(state: RunState): JsonObject {
  return Object.fromEntries([...mergedVariables(state)].map(([name, { value }]) => [name, value]));
}

/** The signals that nobody has waited for, by name in order of arrival. */
function leftoversOf({ signals }: RunState): LeftoverSignal[] {
  return [...signals.messages].flatMap(([name, payloads]) => payloads.map((payload) => ({ name, payload })));
}
