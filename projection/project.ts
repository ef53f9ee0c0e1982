import type { temporal } from '@temporalio/proto';
import { mergedVariables } from '../interpreter/branches.ts';
import type { Command } from '../interpreter/events.ts';
import { identified } from '../interpreter/identity.ts';
import { inquiriesOf } from '../interpreter/inquiries.ts';
import { startContent } from '../interpreter/signatures.ts';
import type { RunState } from '../interpreter/state.ts';
import { demandsStatements } from '../interpreter/statements.ts';
import { openStatusOf } from '../interpreter/waits.ts';
import type { Execution, LeftoverSignal, ProjectionState, RefusedSignal } from '../model/execution.ts';
import type { ClosingDetails, Failure } from '../model/failure.ts';
import { type Inquiry, withdrawn } from '../model/inquiry.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { INTERPRETER_VERSION, isRunInput, type RunInput, type RunMemo } from '../model/run-input.ts';
import type { RunKey } from '../model/run-key.ts';
import { readRunMemo } from '../model/run-memo.ts';
import type { ExecutionStatus } from '../model/status.ts';
import { STRIKE_REASON } from '../model/strike.ts';
import { ReplayExceeded, type ReplayMeter } from '../model/work.ts';
import {
  createReplay,
  eventTime,
  type HistoryEvent,
  isoTime,
  type Replay,
  type ReplayedRun,
  type ReplayOptions,
} from './history.ts';
import type { Past } from './past.ts';
import { decodePayload, decodePayloads, hasResult, refusedPayload } from './payload.ts';
import { tasksOf } from './tasks.ts';
import { NOTHING_PENDING, type PendingWork, waitsFor } from './waits.ts';

/** The picture of a run, made from its history event by event; of a chain, from the histories of its runs in order. */
export interface Projection {
  take(event: HistoryEvent): void;
  /** As it stands. Throws a TypeError without a first event, or when that is not the start of a workflow. */
  execution(pending?: PendingWork): Execution;
  /** The interpreter over the history; null for a run that it does not know. */
  replayed(): ReplayedRun | null;
}

/** Projects the whole history of a run, and what is pending, to an execution. Pure. Throws what a projection throws. */
export function projectExecution(
  workflowId: string,
  history: Iterable<HistoryEvent>,
  pending: PendingWork = NOTHING_PENDING,
): Execution {
  const projection = createProjection(workflowId);
  for (const event of history) projection.take(event);
  return projection.execution(pending);
}

/**
 * A projection without any event yet. Without `interpret` it shows what the first and the last event of a run say, and nothing of
 * its tasks: `partial`. With a meter, taking events and showing the execution throw ReplayExceeded when that is spent, and for a run
 * whose work cannot be counted (createReplay). `onCommand` is called with each command that history shows.
 */
export function createProjection(
  workflowId: string,
  {
    interpret = true,
    meter,
    onCommand,
  }: { interpret?: boolean; meter?: ReplayMeter; onCommand?: (command: Command) => void } = {},
): Projection {
  const refused: RefusedSignal[] = [];
  const marks = marksOf();
  let first: Opening | null = null;
  let last: HistoryEvent | null = null;
  let runStarted: HistoryEvent | null = null;
  let replay: Replay | null = null;
  let broken: string | null = null;

  function replayed(): ReplayedRun | null {
    const end = replay?.end() ?? null;
    return end === null || broken === null ? end : { ...end, state: null, divergence: broken };
  }

  return {
    take(event) {
      last = event;
      marks.take(event);
      const signal = refusedSignalOf(event, first?.run?.interpreter ?? 0);
      if (signal !== null) refused.push(signal);
      if (refused.length > MAX_REFUSED) refused.shift();
      const started = event.workflowExecutionStartedEventAttributes;
      if (started) runStarted = event;
      if (first === null && started) {
        first = openingOf(workflowId, event, started);
        replay = interpret ? first.replay({ meter, onCommand }) : null;
      }
      if (broken !== null) return;
      try {
        replay?.take(event);
      } catch (error) {
        if (error instanceof ReplayExceeded) throw error;
        // An interpreter that throws where the run went on, or stands still, is one that does not agree with history.
        broken = `the interpreter failed: ${error instanceof Error ? error.message : String(error)}`;
      }
    },

    replayed,

    execution(pending = NOTHING_PENDING) {
      if (first === null || last === null || runStarted === null) {
        throw new TypeError('the history does not begin with the start of a workflow');
      }
      const { event: opened, started, run, input } = first;
      const found = replayed();
      const closing = closeOf(last, run !== null);
      const projection = projectionState(run, found);
      const trusted = projection === 'complete' ? found : null;
      const state = trusted?.state ?? null;
      const closed = closing === null ? null : eventTime(last);
      // The memo of a run may claim that it continues another run; only Temporal's continued run id proves it.
      const isContinued = first.known?.carried?.middle !== undefined && Boolean(started.continuedExecutionRunId);
      return {
        workflowId,
        runId: chainOf(started),
        workflowType: started.workflowType?.name ?? '',
        taskQueue: started.taskQueue?.name ?? '',
        status: closing?.status ?? marks.status(state),
        memo: memoOf(started.memo),
        run,
        input,
        output: closing?.output ?? null,
        failure: closing === null ? null : failureOf(closing, state),
        also: closing?.also ?? [],
        created: isoTime(startTime(opened, first.known)),
        updated: isoTime(eventTime(last)),
        closed: closed === null ? null : isoTime(closed),
        waitingFor: closed === null ? waitsFor(state, pending) : [],
        authentic: null,
        startContent: first.content,
        trust: (state === null ? run?.trust : state.trust) ?? null,
        ...(trusted === null || state === null ? NOTHING_KNOWN : knownFrom(state, trusted, pending, closed)),
        signalsRefused: [...refused],
        projection,
        divergence: found?.divergence ?? null,
        lastEventId: Number(last.eventId),
        runStarted: isoTime(eventTime(runStarted)),
        ...aboveOf(started),
        ...(isContinued ? { partial: true as const } : {}),
        ...(closed === null && isUnsettled(state, pending) ? { unsettled: true as const } : {}),
      };
    },
  };
}

function projectionState(run: RunInput | null, found: ReplayedRun | null): ProjectionState {
  if (run === null) return 'foreign';
  if (found === null) return 'partial';
  return found.divergence === null ? 'complete' : 'diverged';
}

/** The fields of an execution that only the interpreter's state has. */
type Known = Pick<
  Execution,
  | 'tasks'
  | 'variables'
  | 'signals'
  | 'inquiries'
  | 'controls'
  | 'digest'
  | 'statements'
  | 'signalsDropped'
  | 'pendingFailure'
>;

/** These fields where there is no state that can be trusted. */
const NOTHING_KNOWN: Known = {
  tasks: [],
  variables: {},
  signals: [],
  inquiries: [],
  controls: [],
  digest: null,
  statements: null,
  signalsDropped: 0,
  pendingFailure: null,
};

/** Reads these fields off the state; `closed` is when the run closed, in milliseconds; null while it is open. */
function knownFrom(state: RunState, { past, tries }: ReplayedRun, pending: PendingWork, closed: number | null): Known {
  const described = new Map(pending.activities.map((activity) => [activity.activityId ?? '', activity]));
  return {
    tasks: tasksOf({ state, past, tries, closed, described }),
    variables: variablesOf(state),
    signals: leftoversOf(state),
    inquiries: allInquiries(past, state, closed !== null),
    controls: state.controls,
    digest: state.digest,
    statements: demandsStatements(state) ? state.statements : null,
    signalsDropped: state.signals.dropped,
    pendingFailure: closed === null ? state.failure : null,
  };
}

/** Refused signals that are shown. */
const MAX_REFUSED = 100;

function refusedSignalOf(event: HistoryEvent, interpreter: number): RefusedSignal | null {
  const signaled = event.workflowExecutionSignaledEventAttributes;
  const refused = signaled ? refusedPayload(signaled.input?.payloads?.[0], interpreter) : null;
  if (refused === null) return null;
  return { name: signaled?.signalName ?? '', at: isoTime(eventTime(event)), encoding: refused.encoding };
}

/** When a run has started, in milliseconds; its chain, where this is not the first run of it. */
export function startTime(event: HistoryEvent, run: RunInput | null): number {
  return run?.carried?.middle?.started ?? eventTime(event);
}

/** What the first event of a history tells. */
export interface Opening {
  event: HistoryEvent;
  started: temporal.api.history.v1.IWorkflowExecutionStartedEventAttributes;
  input: Json;
  /** Null for a run that was started otherwise. */
  run: RunInput | null;
  /** The same, where this build knows its interpreter. */
  known: RunInput | null;
  /** The hash of what the run was started with, where its memo has a warrant; null in the middle of a chain. */
  content: string | null;
  /** The interpreter over what follows (createReplay); null where it is not known. */
  replay(options?: Pick<ReplayOptions, 'meter' | 'onCommand'>): Replay | null;
}

/** Reads the first event of a history. */
export function openingOf(workflowId: string, event: HistoryEvent, started: Opening['started']): Opening {
  const [input = null, second = null] = decodePayloads(started.input);
  const run = isRunInput(second) ? identified(second, workflowId) : null;
  const known = run !== null && run.interpreter <= INTERPRETER_VERSION ? run : null;
  const parameters = isJsonObject(input) ? input : {};
  const hasWarrant = memoOf(started.memo)?.warrant !== undefined && !started.continuedExecutionRunId;
  return {
    event,
    started,
    input,
    run,
    known,
    content: hasWarrant ? startContent(input, second) : null,
    replay: (options) =>
      known === null
        ? null
        : createReplay(known, parameters, {
            ...options,
            chain: chainOf(started),
            content: () => startContent(input, second),
          }),
  };
}

/** Returns the run that has started another one. */
export function aboveOf({ parentWorkflowExecution: parent }: Opening['started']): { above?: RunKey } {
  return parent?.workflowId ? { above: { workflowId: parent.workflowId, runId: parent.runId ?? '' } } : {};
}

/** Returns Temporal's id of the first run of a chain. */
function chainOf({ firstExecutionRunId, originalExecutionRunId }: Opening['started']): string {
  return firstExecutionRunId || originalExecutionRunId || '';
}

/** What people were asked in any run of a chain, in order; of a run that was ended from outside, what is open is withdrawn. */
function allInquiries({ inquiries }: Past, state: RunState, closed: boolean): Inquiry[] {
  const asked = inquiriesOf(state);
  const own = closed ? asked.map(withdrawn) : asked;
  if (inquiries.length === 0) return own;
  return [...inquiries, ...own].sort((a, b) => (a.created < b.created ? -1 : a.created > b.created ? 1 : 0));
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
    // A run that stops workers is terminated by Fermata with the failure that it closes with (model/strike.ts).
    const details = terminated.reason === STRIKE_REASON ? closingDetails(firstOf(terminated.details)) : null;
    if (details !== null) return closed('failed', { failure: details.failure });
    const message = terminated.reason || 'the run was terminated';
    return closed('terminated', { failure: { type: 'terminated', message } });
  }
  if (event.workflowExecutionTimedOutEventAttributes) {
    return closed('timeout', { failure: { type: 'timeout', message: 'the run took longer than Temporal was told' } });
  }
  const failed = event.workflowExecutionFailedEventAttributes;
  if (!failed) return null;
  const info = failed.failure?.applicationFailureInfo;
  const details = closingDetails(firstOf(info?.details));
  if (details !== null) {
    const { outcome, failure, also = [], output = null } = details;
    return closed(outcome === 'abandoned' || outcome === 'timeout' ? outcome : 'failed', { failure, also, output });
  }
  const failure = { type: info?.type || 'workflow_error', message: failed.failure?.message ?? '' };
  return closed('failed', { failure });
}

/**
 * Returns the failure that a run closed with; of one that was stopped when it had failed already, what failed in it is the `cause`. It
 * names no task then: whoever stopped the run decided how it ended, and the task that failed stands in the cause.
 */
function failureOf({ status, failure }: Closing, state: RunState | null): Failure | null {
  const cause = state?.failure ?? null;
  if (failure === null || cause === null || (status !== 'cancelled' && status !== 'terminated')) return failure;
  const where = cause.task === undefined ? '' : `"${cause.task}" had failed: `;
  const message = `${failure.message}; ${where}${cause.message}`;
  return { ...failure, message, cause };
}

function firstOf(details: temporal.api.common.v1.IPayloads | null | undefined): Json {
  return decodePayload(details?.payloads?.[0]);
}

function closingDetails(value: Json): ClosingDetails | null {
  if (!isJsonObject(value) || typeof value.outcome !== 'string' || !isJsonObject(value.failure)) return null;
  return value as unknown as ClosingDetails; // written by workflows/index.ts and service/index/run-strikes.ts
}

/** The memo that Fermata left, from a start event or from a list of runs; null where it left none. */
export function memoOf(memo: temporal.api.common.v1.IMemo | null | undefined): RunMemo | null {
  const value = decodePayload(memo?.fields?.fermata);
  return value === null ? null : readRunMemo(value);
}

/** What the events of an open run's history, taken one by one, say of its status. */
export function marksOf(): {
  take(event: HistoryEvent): void;
  status(state: RunState | null): ExecutionStatus;
} {
  let cancelRequested = false;
  let delayed = false;
  let begun = false;
  return {
    take(event) {
      if (event.workflowExecutionCancelRequestedEventAttributes) cancelRequested = true;
      begun ||= Boolean(event.workflowTaskCompletedEventAttributes);
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

/** Reports whether an open run may have been sent what it has not taken yet. */
function isUnsettled(state: RunState | null, { workflowTaskAttempt }: PendingWork): boolean {
  return workflowTaskAttempt > 0 || (state !== null && state.backlog.length > 0);
}

function variablesOf(state: RunState): JsonObject {
  return Object.fromEntries([...mergedVariables(state)].map(([name, { value }]) => [name, value]));
}

/** The signals that nobody has waited for, by name in order of arrival. */
function leftoversOf({ signals }: RunState): LeftoverSignal[] {
  return [...signals.messages].flatMap(([name, payloads]) => payloads.map((payload) => ({ name, payload })));
}
