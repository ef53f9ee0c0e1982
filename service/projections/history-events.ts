import { Buffer } from 'node:buffer';
import type { temporal } from '@temporalio/proto';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { isRunInput } from '../../model/run-input.ts';
import { DEFLATED } from '../../model/run-payload.ts';
import { eventTime, type HistoryEvent } from '../../projection/history.ts';
import { decodeArguments, decodePayload } from '../../projection/payload.ts';
import { eventName } from '../../temporal/gateway.ts';
import { MASKED } from './hiding/hider.ts';

/** A history event with decoded payloads. */
export interface ShownEvent {
  id: number;
  event_type: string;
  timestamp: string;
  attributes: Json;
}

/** Decodes a history event; `number` is its position in the history of the whole chain. */
export function showEvent(event: HistoryEvent, number: number): ShownEvent {
  const field = Object.keys(event).find((name) => name.endsWith('EventAttributes'));
  return {
    id: number,
    event_type: eventName(event),
    timestamp: new Date(eventTime(event)).toISOString(),
    attributes: withRunInput(event, field === undefined ? null : shown(event[field as keyof HistoryEvent])),
  };
}

/** Shows the whole run input of the run itself where it is deflated; of a sub-workflow, whose own history has it, the stub remains. */
function withRunInput({ workflowExecutionStartedEventAttributes: started }: HistoryEvent, attributes: Json): Json {
  const isDeflated = started?.input?.payloads?.[1]?.metadata?.[DEFLATED] !== undefined;
  if (!isDeflated || !isJsonObject(attributes)) return attributes;
  return { ...attributes, input: decodeArguments(started?.input).map(withoutBlind) };
}

/** Removes the salt that protects hidden parameters from being guessed (interpreter/digest.ts). */
function withoutBlind(value: Json): Json {
  if (!isJsonObject(value) || value.blind === undefined || !isRunInput(value)) return value;
  const fields: JsonObject = value;
  return { ...fields, blind: MASKED };
}

function shown(value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== 'object') return value as Json;
  // A 64-bit number of protobuf.
  if ('low' in value && 'high' in value && 'unsigned' in value) return Number(value);
  if ('payloads' in value && Array.isArray(value.payloads)) return value.payloads.map(shown);
  if ('metadata' in value && 'data' in value) {
    return withoutBlind(decodePayload(value as temporal.api.common.v1.IPayload));
  }
  const fields = Object.entries(value).filter(([, field]) => field !== null && field !== undefined);
  return Object.fromEntries(fields.map(([name, field]) => [name, shown(field)]));
}
