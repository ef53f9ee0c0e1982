import type { temporal } from '@temporalio/proto';
import type { Fault } from '../interpreter/events.ts';
import { type Arrived, type PayloadRefusal, payloadRefusal } from '../interpreter/unreadable.ts';
import type { Json } from '../model/json.ts';
import { DEFLATED, readRunInput } from '../model/run-payload.ts';

/** A payload of Temporal. */
export type ProtoPayload = temporal.api.common.v1.IPayload;
type ProtoFailure = temporal.api.failure.v1.IFailure;

/** Declared here because a pure folder has no ambient globals; every JavaScript that Fermata runs in has it. */
declare const TextDecoder: new (
  encoding?: string,
  options?: { fatal?: boolean; ignoreBOM?: boolean },
) => { decode(bytes: Uint8Array): string };

const names = new TextDecoder();
const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes the JSON in a payload; null for an absent payload, and for one that is not JSON. */
export function decodePayload(payload: ProtoPayload | null | undefined): Json {
  return readPayload(payload).json ?? null;
}

/** Reads a payload as temporal/codec/payload-converter.cjs does; `json` is absent where the payload holds none. */
function readPayload(payload: ProtoPayload | null | undefined): { encoding: string; json?: Json; text?: string } {
  const { metadata, data } = payload ?? {};
  const encoding = metadata?.encoding ? names.decode(metadata.encoding) : '';
  if (encoding !== 'json/plain') return { encoding };
  try {
    const written = text.decode(data ?? new Uint8Array());
    return { encoding, json: JSON.parse(written) as Json, text: written };
  } catch {
    return { encoding };
  }
}

/** Reads a payload as the shell does (interpreter/unreadable.ts). */
export function arrivedIn(payload: ProtoPayload | null | undefined): Arrived {
  if (!payload) return { value: null, encoding: null };
  const { encoding, json = null, text: written } = readPayload(payload);
  if (encoding === 'binary/null') return { value: null, encoding: null };
  if (written === undefined) return { value: null, encoding };
  const told = payload.metadata?.['fermata-attempt'];
  const attempt = told ? Number(names.decode(told)) : 0;
  return { value: json, encoding: null, text: written, attempt: attempt || undefined };
}

/** Returns whether a payload cannot be read here: it is encrypted, or its content was removed. */
export function isSealed(payload: ProtoPayload): boolean {
  const { encoding, json } = readPayload(payload);
  return encoding === 'binary/encrypted' || (encoding === 'json/plain' && json === undefined && !payload.data?.length);
}

/** Returns why a run of this interpreter version refuses a payload; null for one that it takes. */
export function refusedPayload(payload: ProtoPayload | null | undefined, interpreter: number): PayloadRefusal | null {
  return payloadRefusal(arrivedIn(payload), interpreter);
}

/** Decodes the JSON in each of several payloads. */
export function decodePayloads(payloads: temporal.api.common.v1.IPayloads | null | undefined): Json[] {
  return (payloads?.payloads ?? []).map(decodePayload);
}

/** The arguments of a run of Fermata's: its parameters and its run input (model/run-payload.ts); null for what is absent or no JSON. */
export function decodeArguments(payloads: temporal.api.common.v1.IPayloads | null | undefined): [Json, Json] {
  const [input, second] = payloads?.payloads ?? [];
  return [decodePayload(input), readRunInput(decodePayload(second), second?.metadata?.[DEFLATED] ?? undefined)];
}

/** Returns whether a run closed with a result, which null is too; a run that was skipped has none. */
export function hasResult(completed: temporal.api.history.v1.IWorkflowExecutionCompletedEventAttributes): boolean {
  const encoding = completed.result?.payloads?.[0]?.metadata?.encoding;
  return encoding ? new TextDecoder().decode(encoding) !== 'binary/null' : false;
}

/** Returns the fault that the shell reports for the same failure (workflows/perform.ts). */
export function readFault(failure: ProtoFailure | null | undefined): Fault {
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

/** Timeouts by the numbers of Temporal's enum `TimeoutType`: 1 start-to-close, 2 schedule-to-start, 3 schedule-to-close, 4 heartbeat. */
const TIMEOUTS = [undefined, 'start_to_close', 'schedule_to_start', 'schedule_to_close', 'heartbeat'] as const;

/** Returns the milliseconds since 1970 of a protobuf timestamp, or those of a duration; 0 for an absent one. */
export function timestampMilliseconds(time: { seconds?: unknown; nanos?: number | null } | null | undefined): number {
  return Number(time?.seconds ?? 0) * 1000 + Math.floor((time?.nanos ?? 0) / 1_000_000);
}
