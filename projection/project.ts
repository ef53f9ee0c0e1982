import type { temporal } from '@temporalio/proto';
import type { Fault } from '../interpreter/events.ts';
import { classifyFault } from '../interpreter/fault.ts';
import type { RunState, Visit, Work } from '../interpreter/state.ts';
import { mergedVariables } from '../interpreter/variables.ts';
import { waitsOf } from '../interpreter/waits.ts';
import type { Attempt, Execution, LeftoverSignal, ProjectionState, TaskExecution, Wait } from '../model/execution.ts';
import type { ClosingDetails, Failure } from '../model/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { INTERPRETER_VERSION, isRunInput, type Parameters, type RunInput, type RunMemo } from '../model/run-input.ts';
import type { ExecutionStatus, TaskStatus } from '../model/status.ts';
import {
  eventTime,
  type HistoryEvent,
  type Replayed,
  replayHistory,
  type TryRecord,
  timestampMilliseconds,
} from './history.ts';
import { decodePayload, decodePayloads, faultOf, hasResult } from './payload.ts';

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
  const run: RunInput | null = isRunInput(second) ? second : null;
  const known = run !== null && run.interpreter <= INTERPRETER_VERSION;
  const replayed = known ? replayOrDiverge(run, isJsonObject(input) ? input : {}, history) : null;
  const closing = closeOf(last, run !== null);
  const projection: ProjectionState =
    run === null ? 'foreign' : replayed === null ? 'partial' : replayed.divergence === null ? 'complete' : 'diverged';
  const trusted = projection === 'complete' ? replayed : null;
  const status = closing?.status ?? openStatus(history, trusted?.state ?? null);
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
    created: iso(eventTime(first)),
    updated: iso(eventTime(last)),
    closed: closing === null ? null : iso(eventTime(last)),
    tasks: trusted?.state ? tasksOf(trusted.state, trusted, pending, closing === null ? null : eventTime(last)) : [],
    variables: trusted?.state ? variablesOf(trusted.state) : {},
    waitingFor: closing === null ? waitsFor(trusted, pending) : [],
    signals: trusted?.state ? leftoversOf(trusted.state) : [],
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

function openStatus(history: readonly HistoryEvent[], state: RunState | null): ExecutionStatus {
  if (history.some((event) => event.workflowExecutionCancelRequestedEventAttributes)) return 'canceling';
  if (state !== null && [...state.pending.values()].some(({ kind }) => kind === 'signal')) return 'waiting';
  if (history.some((event) => event.workflowTaskCompletedEventAttributes)) return 'running';
  return history.length === 1 && hasBackoff(history[0]!) ? 'scheduled' : 'requested';
}

function hasBackoff(first: HistoryEvent): boolean {
  const backoff = first.workflowExecutionStartedEventAttributes?.firstWorkflowTaskBackoff;
  return Number(backoff?.seconds ?? 0) > 0 || (backoff?.nanos ?? 0) > 0;
}

function tasksOf(state: RunState, replayed: Replayed, pending: PendingWork, closed: number | null): TaskExecution[] {
  const described = new Map(pending.activities.map((activity) => [activity.activityId ?? '', activity]));
  return state.visits.flatMap((visit, index) => {
    if (visit.status === 'held') return [];
    const task = (work: Work, item: number | null) =>
      taskOf(state, { visit, work, item, number: item === null ? index + 1 : null }, replayed, described, closed);
    return [task(visit, null), ...(visit.items?.work ?? []).map((work, item) => task(work, item))];
  });
}

function taskOf(
  state: RunState,
  { visit, work, item, number }: { visit: Visit; work: Work } & Pick<TaskExecution, 'item' | 'number'>,
  replayed: Replayed,
  described: ReadonlyMap<string, PendingActivity>,
  closed: number | null,
): TaskExecution {
  const action = state.program.tasks.get(visit.name)!.action;
  const tries = Array.from({ length: work.tries }, (_, index) => (index === 0 ? work.key : `${work.key}~${index + 1}`));
  const records = tries.flatMap((key) => {
    const record = replayed.tries.get(key);
    return record === undefined ? [] : [{ key, record }];
  });
  // While the next try is awaited, the last one that there is a record of is over.
  const current = records.find(({ key }) => key === tries.at(-1));
  const last = records.at(-1);
  const live = current === undefined ? undefined : described.get(current.key);
  const spec = state.actions[action];
  const classify = (fault: Fault) => (spec === undefined ? null : classifyFault(fault, spec, work.key, action).failure);
  let before = 0;
  const attempts = records.flatMap(({ key, record }) => {
    const made = attemptsOf(record, key === current?.key ? live : undefined, classify, before);
    before = made.at(-1)?.attempt ?? before;
    return made;
  });
  const arrived = work.status === 'running' ? current?.record.result : undefined;
  const failure =
    arrived && 'fault' in arrived ? classify(arrived.fault) : work.status === 'running' ? null : work.failure;
  const ended = work.ended ?? current?.record.ended ?? (work.status === 'running' ? closed : null);
  const byEngine = spec?.inline || spec?.waits || (visit.items !== null && item === null);
  const started = attempts[0]?.started ?? (byEngine && work.started !== null ? iso(work.started) : null);
  return {
    number,
    key: work.key,
    name: visit.name,
    visit: visit.visit,
    item,
    action,
    status: taskStatus(work, arrived ?? null, live, closed !== null, current?.record ?? null),
    input: work.input,
    output: arrived && 'output' in arrived ? arrived.output : work.output,
    failure,
    attempts,
    created: iso(item === null ? visit.created : (work.started ?? visit.created)),
    started,
    ended: ended === null ? null : iso(last?.record.ended ?? ended),
    child: last?.record.child ?? null,
  };
}

function taskStatus(
  work: Work,
  arrived: TryRecord['result'],
  live: PendingActivity | undefined,
  closed: boolean,
  current: TryRecord | null,
): TaskStatus {
  switch (work.status) {
    case 'succeeded':
      return 'completed';
    case 'failed':
      return work.lost ? 'abandoned' : 'failed';
    case 'timed_out':
      return 'timeout';
    case 'cancelled':
      return 'cancelled';
    default:
      if (arrived !== null) return 'output' in arrived ? 'completed' : 'failed';
      if (closed) return 'cancelled';
      // A wait, or a pause before the next try, needs no worker.
      if (current === null) return work.status === 'delayed' ? 'scheduled' : 'running';
      if (current.child !== null) return current.started === null ? 'scheduled' : 'running';
      return live !== undefined && (live.state ?? 0) >= STARTED ? 'running' : 'scheduled';
  }
}

/** `PENDING_ACTIVITY_STATE_STARTED` and `…_CANCEL_REQUESTED`: a worker has it. */
const STARTED = 2;

function attemptsOf(
  record: TryRecord,
  live: PendingActivity | undefined,
  classify: (fault: Fault) => Failure | null,
  earlier: number,
): Attempt[] {
  const attempt = live?.attempt ?? record.attempt;
  const started = live?.lastStartedTime ? timestampMilliseconds(live.lastStartedTime) : record.started;
  const before = live?.lastFailure ? faultOf(live.lastFailure) : record.lastFault;
  const attempts: Attempt[] = [];
  if (attempt > 1) {
    // Temporal keeps no history of earlier attempts but the failure of the last of them.
    const error = before === null ? null : classify(before);
    attempts.push({ attempt: earlier + attempt - 1, started: null, ended: null, error, worker: null });
  }
  if (started === null) return attempts;
  const error = record.result !== null && 'fault' in record.result ? classify(record.result.fault) : null;
  const worker = live?.lastWorkerIdentity || record.worker;
  const ended = record.ended === null ? null : iso(record.ended);
  attempts.push({ attempt: earlier + attempt, started: iso(started), ended, error, worker });
  return attempts;
}

function waitsFor(replayed: Replayed | null, pending: PendingWork): Wait[] {
  const waits: Wait[] = [];
  const wait = (kind: Wait['kind'], task: string | null, rest: Partial<Wait> = {}): void => {
    waits.push({ kind, task, since: null, until: null, detail: null, ...rest });
  };
  if (pending.workflowTaskAttempt > 1) {
    wait('engine_fault', null, { detail: `the workflow task has been tried ${pending.workflowTaskAttempt} times` });
  }
  for (const activity of pending.activities) {
    const task = activity.activityId ?? null;
    const since = activity.scheduledTime ? iso(timestampMilliseconds(activity.scheduledTime)) : null;
    if ((activity.state ?? 0) >= STARTED) {
      wait('action', task, {
        since: activity.lastStartedTime ? iso(timestampMilliseconds(activity.lastStartedTime)) : since,
      });
    } else if ((activity.attempt ?? 1) > 1) {
      const until = activity.nextAttemptScheduleTime
        ? iso(timestampMilliseconds(activity.nextAttemptScheduleTime))
        : null;
      wait('retry', task, { since, until, detail: activity.lastFailure?.message ?? null });
    } else wait('worker', task, { since });
  }
  for (const { kind, task, since, until, detail } of replayed?.state ? waitsOf(replayed.state) : []) {
    // Of an activity describe knows more.
    if (kind === 'action') continue;
    wait(kind, task, { since: iso(since), until: until === null ? null : iso(until), detail });
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

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
