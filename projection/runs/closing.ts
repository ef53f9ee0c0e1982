import type { temporal } from '@temporalio/proto';
import type { RunState } from '../../interpreter/state.ts';
import type { ClosingDetails, Failure } from '../../model/failure.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import type { ExecutionStatus } from '../../model/status.ts';
import { STRIKE_REASON } from '../../model/strike.ts';
import type { HistoryEvent } from '../history.ts';
import { decodePayload, decodePayloads, hasResult } from '../payload.ts';

/** How a run closed, read from its close event alone. */
export interface Closing {
  status: ExecutionStatus;
  output: Json;
  failure: Failure | null;
  also: Failure[];
}

/** Reads a close event; null for any other history event. `ours`: Fermata started the run. */
export function readClosing(event: HistoryEvent, ours: boolean): Closing | null {
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
 * Returns the failure that a run closed with. For a run that was stopped after it had failed, the `cause` is the earlier failure; the
 * failure itself names no task then, since whoever stopped the run decided how it ended.
 */
export function closingFailure({ status, failure }: Closing, state: RunState | null): Failure | null {
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
