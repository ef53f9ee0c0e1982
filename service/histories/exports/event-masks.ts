import { Buffer } from 'node:buffer';
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts';
import type { Mask } from '../../../model/mask.ts';
import { type EmbeddedWorkflow, isRunInput, type RunInput } from '../../../model/run-input.ts';
import { isReservedSignal } from '../../../model/signal.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { arrivedIn, decodeArguments, type ProtoPayload, refusedPayload } from '../../../projection/payload.ts';
import { hideCarriedInputs } from '../../projections/hiding/child-inputs.ts';
import { MASKED } from '../../projections/hiding/hider.ts';
import { replaceAt } from '../../projections/hiding/write-only.ts';

// Hides data in history events. The program of a run stays as it is: its definition, actions, workflows and schemas, names of fields, and ids.

/** Where the inputs of a run and of its sub-workflows have hidden values. */
export type HiddenPlaces = Pick<RunInput, 'write_only'> & {
  /** The version of the interpreter; 0: unknown. */
  interpreter: number;
  workflows?: Record<string, Pick<EmbeddedWorkflow, 'write_only'>> | undefined;
};

/** A run that Fermata did not start, which hides nothing at places that are known. */
export const NO_RUN: HiddenPlaces = { interpreter: 0 };

/** The fields with texts that people and programs wrote: messages of failures and reasons of requests. */
const TEXTS: ReadonlySet<string> = new Set([
  ...['message', 'stackTrace', 'reason', 'details', 'cause', 'type'],
  // A client names the person who sends a signal.
  'identity',
]);

/** The fields that are not data: what Temporal's own parts say of themselves, and the keys of timers. */
const KEPT: ReadonlySet<string> = new Set(['userMetadata', 'activityType', 'workflowType', 'taskQueue']);

/** Returns a history event, copied as plain data, in which data is hidden; the event itself stays as it is. */
export function maskEvent(event: HistoryEvent, places: HiddenPlaces, mask: Mask): HistoryEvent {
  const { interpreter } = places;
  const masked = maskFields(event, { ...mask, interpreter }) as HistoryEvent;
  const child = event.startChildWorkflowExecutionInitiatedEventAttributes;
  for (const [attributes, shown, hides] of [
    [event.workflowExecutionStartedEventAttributes, masked.workflowExecutionStartedEventAttributes, places],
    [
      event.workflowExecutionContinuedAsNewEventAttributes,
      masked.workflowExecutionContinuedAsNewEventAttributes,
      places,
    ],
    [
      child,
      masked.startChildWorkflowExecutionInitiatedEventAttributes,
      places.workflows?.[child?.workflowType?.name ?? ''],
    ],
  ] as const) {
    if (attributes && shown) shown.input = maskArguments(attributes.input, hides?.write_only ?? [], mask);
  }
  const signaled = event.workflowExecutionSignaledEventAttributes;
  if (signaled) {
    masked.workflowExecutionSignaledEventAttributes = maskSignal(signaled, masked, { ...mask, interpreter });
  }
  return masked;
}

/** Hides the name and the payload of a signal; of Fermata's own signals not what decides what they do. */
function maskSignal(
  { signalName, input }: Signaled,
  { workflowExecutionSignaledEventAttributes: masked }: HistoryEvent,
  mask: OfRun,
): Signaled {
  const name = signalName ?? '';
  if (!isReservedSignal(name)) return { ...masked, signalName: mask.hideInMessage(name) };
  const payloads = (input?.payloads ?? []).map((payload) => {
    return maskPayload(payload, mask, (statement) => maskStatement(statement, mask));
  });
  return { ...masked, input: { payloads } };
}

type Signaled = NonNullable<HistoryEvent['workflowExecutionSignaledEventAttributes']>;

/** The fields of decisions, delegations, controls and keys that decide what they do; in the others people say something, or are named. */
const DECIDES: ReadonlySet<string> = new Set([
  ...['v', 'type', 'tenant', 'execution', 'chain', 'id', 'at', 'kid', 'sig', 'add', 'revoke'],
  ...['inquiry', 'option', 'channel', 'bound_to', 'override', 'standing', 'ends', 'why'],
  ...['what', 'key', 'verdict'],
]);

/** Hides data in a decision, a delegation or a control, signed or not, and the salt of its hashes. */
function maskStatement(value: Json, mask: Mask): Json {
  if (!isJsonObject(value)) return mask.hide(value);
  const fields = Object.entries(value).map(([name, field]): [string, Json] => {
    if (name === 'statement' || name === 'given') return [name, maskStatement(field, mask)];
    if (name === 'salt') return [name, MASKED];
    return [name, DECIDES.has(name) ? field : mask.hide(field)];
  });
  return Object.fromEntries(fields);
}

/**
 * Replaces the run input in an event with which a run continues as new, or begins after that, with the one that the masked run has computed:
 * masked data takes other amounts of work, which the state of a run counts. Null: the event stays as it is.
 */
export function continueWith(event: HistoryEvent, run: Json): void {
  const { input } =
    event.workflowExecutionContinuedAsNewEventAttributes ?? event.workflowExecutionStartedEventAttributes ?? {};
  if (run !== null && input?.payloads) input.payloads[1] = payloadOf(run);
}

/** Makes a payload of JSON. */
function payloadOf(value: Json): ProtoPayload {
  return { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(value)) };
}

/** Hides data in the two arguments that a run is started with; in the second one only the state that it carries is data. */
function maskArguments(given: Arguments, paths: readonly string[][], mask: Mask): { payloads: ProtoPayload[] } {
  const [input, second] = decodeArguments(given);
  const shown = mask.hide(replaceAt(input, paths, () => MASKED));
  const run = isRunInput(second) ? maskRunInput(second, mask) : mask.hide(second);
  return { payloads: [shown, run].slice(0, given?.payloads?.length ?? 0).map(payloadOf) };
}

type Arguments = Parameters<typeof decodeArguments>[0];

/** Hides the salts of statements: with them, hidden values could be guessed from their hashes (interpreter/signatures.ts). */
function withoutSalts(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutSalts);
  if (!isJsonObject(value)) return value;
  const fields = Object.entries(value).map(([name, field]): [string, Json] => {
    return [name, name === 'salt' && typeof field === 'string' ? MASKED : withoutSalts(field)];
  });
  return Object.fromEntries(fields);
}

/** Hides the state that a run carries, and the salt that keeps its hidden parameters from being guessed. */
function maskRunInput(run: RunInput & Json, mask: Mask): Json {
  const { carried, blind } = hideCarriedInputs(run) as JsonObject;
  return {
    ...(run as JsonObject),
    ...(carried === undefined ? {} : { carried: withoutSalts(mask.hide(carried)) }),
    ...(blind === undefined ? {} : { blind: MASKED }),
  };
}

/** A JSON text that no run takes, for one that the run has refused: that depends on how it was written. */
const REFUSED = '"\\ud800"';

type OfRun = Mask & Pick<HiddenPlaces, 'interpreter'>;

function maskFields(value: unknown, mask: OfRun): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map((entry) => maskFields(entry, mask));
  if ('metadata' in value && 'data' in value) return maskPayload(value as ProtoPayload, mask);
  const fields = Object.entries(value).map(([name, field]): [string, unknown] => {
    if (KEPT.has(name)) return [name, field];
    if (typeof field === 'string') return [name, TEXTS.has(name) ? mask.hideInMessage(field) : field];
    return [name, maskFields(field, mask)];
  });
  return Object.fromEntries(fields);
}

/**
 * Hides data in a payload. One that is no JSON loses its content, which no run reads; JSON is written anew, since a text may say more than
 * its value.
 */
function maskPayload(payload: ProtoPayload, mask: OfRun, hide: Mask['hide'] = mask.hide): ProtoPayload {
  const { text, value = null } = arrivedIn(payload);
  if (text === undefined) return { ...payload, data: new Uint8Array() };
  // A refused value may be nested too deeply to be walked through.
  const isRefused = refusedPayload(payload, mask.interpreter) !== null;
  return { ...payload, data: Buffer.from(isRefused ? REFUSED : JSON.stringify(hide(value))) };
}
