import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { isRunInput } from '../../model/run-input.ts';
import { eventTime, type HistoryEvent } from '../../projection/history.ts';
import { showAttributes } from '../../projection/json/attributes.ts';
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
  return {
    id: number,
    event_type: eventName(event),
    timestamp: new Date(eventTime(event)).toISOString(),
    attributes: showAttributes(event, withoutBlind),
  };
}

/** Removes the salt that protects hidden parameters from being guessed (interpreter/digest.ts). */
function withoutBlind(value: Json): Json {
  if (!isJsonObject(value) || value.blind === undefined || !isRunInput(value)) return value;
  const fields: JsonObject = value;
  return { ...fields, blind: MASKED };
}
