import { isJsonObject, type Json } from '../../model/json.ts';
import { DEFLATED } from '../../model/run-payload.ts';
import type { HistoryEvent } from '../history.ts';
import { decodeArguments, decodePayload, type ProtoPayload } from '../payload.ts';

/** Declared here because a pure folder has no ambient globals; every JavaScript that Fermata runs in has it. */
declare const btoa: (text: string) => string;

/** Changes a payload's value before it is shown. */
type Hide = (value: Json) => Json;

/** Returns the attributes of a history event as JSON with decoded payloads, for people; null where it has none. */
export function showAttributes(event: HistoryEvent, hide: Hide = (value) => value): Json {
  const field = Object.keys(event).find((name) => name.endsWith('EventAttributes'));
  const attributes = field === undefined ? null : shown(event[field as keyof HistoryEvent], hide);
  return withRunInput(event, attributes, hide);
}

/** Shows the whole run input of the run itself where it is deflated; of a sub-workflow, whose own history has it, the stub remains. */
function withRunInput(
  { workflowExecutionStartedEventAttributes: started }: HistoryEvent,
  attributes: Json,
  hide: Hide,
): Json {
  const isDeflated = started?.input?.payloads?.[1]?.metadata?.[DEFLATED] !== undefined;
  if (!isDeflated || !isJsonObject(attributes)) return attributes;
  return { ...attributes, input: decodeArguments(started?.input).map(hide) };
}

function shown(value: unknown, hide: Hide): Json {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return btoa(Array.from(value, (byte) => String.fromCharCode(byte)).join(''));
  if (Array.isArray(value)) return value.map((entry) => shown(entry, hide));
  if (typeof value !== 'object') return value as Json;
  // A 64-bit number of protobuf.
  if ('low' in value && 'high' in value && 'unsigned' in value) return Number(value);
  if ('payloads' in value && Array.isArray(value.payloads)) return value.payloads.map((entry) => shown(entry, hide));
  if ('metadata' in value && 'data' in value) return hide(decodePayload(value as ProtoPayload));
  const fields = Object.entries(value).filter(([, field]) => field !== null && field !== undefined);
  return Object.fromEntries(fields.map(([name, field]) => [name, shown(field, hide)]));
}
