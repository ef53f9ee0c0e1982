import type { temporal } from '@temporalio/proto';
import type { Fault } from '../interpreter/events.ts';
import type { Json } from '../model/json.ts';

type Payload = temporal.api.common.v1.IPayload;
type ProtoFailure = temporal.api.failure.v1.IFailure;

/** Declared here because a pure folder has no ambient globals; every JavaScript that Fermata runs in has it. */
declare const TextDecoder: new () => { decode(bytes: Uint8Array): string };

/** The JSON in a payload; null for an absent one, and for one in another encoding. */
export function decodePayload(payload: Payload | null | undefined): Json {
  const encoding = payload?.metadata?.encoding;
  if (!payload?.data || !encoding) return null;
  const decoder = new TextDecoder();
  if (!decoder.decode(encoding).startsWith('json/')) return null;
  return JSON.parse(decoder.decode(payload.data)) as Json;
}

/** The JSON in each of several payloads. */
export function decodePayloads(payloads: temporal.api.common.v1.IPayloads | null | undefined): Json[] {
  return (payloads?.payloads ?? []).map(decodePayload);
}

/** False for a run that closed without any result: one that was skipped. A null is a result. */
export function hasResult(completed: temporal.api.history.v1.IWorkflowExecutionCompletedEventAttributes): boolean {
  const encoding = completed.result?.payloads?.[0]?.metadata?.encoding;
  return encoding ? new TextDecoder().decode(encoding) !== 'binary/null' : false;
}

/** The same fault that the shell makes of the same failure (workflows/perform.ts). */
export function faultOf(failure: ProtoFailure | null | undefined): Fault {
  const application = failure?.applicationFailureInfo;
  if (application) {
    const details = decodePayloads(application.details);
    return { kind: 'application', type: application.type ?? '', message: failure?.message ?? '', details };
  }
  const timeout = TIMEOUTS[failure?.timeoutFailureInfo?.timeoutType ?? 0];
  if (timeout !== undefined) return { kind: 'timeout', timeout };
  if (failure?.canceledFailureInfo) return { kind: 'cancelled' };
  return { kind: 'other', message: failure?.message ?? '' };
}

/** By Temporal's enum `TimeoutType`: 1 start-to-close, 2 schedule-to-start, 3 schedule-to-close, 4 heartbeat. */
const TIMEOUTS = [undefined, 'start_to_close', 'schedule_to_start', 'schedule_to_close', 'heartbeat'] as const;
