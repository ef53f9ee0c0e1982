import { isJsonObject, type Json } from '../../model/json.ts';
import type { HistoryEvent } from '../history.ts';

// Histories as JSON (proto3 JSON): what `temporal workflow show --output json`, the Temporal UI and Temporal's SDKs write, and exports of
// Fermata.

/** Declared here because a pure folder has no ambient globals; every JavaScript that Fermata runs in has it. */
declare const atob: (text: string) => string;

/** Reads the events of a history; null if the JSON is not a history. */
export function readHistory(value: Json): HistoryEvent[] | null {
  const { events = null } = isJsonObject(value) ? value : {};
  if (!Array.isArray(events) || events.length === 0) return null;
  const isEvent = (event: Json) => isJsonObject(event) && typeof event.eventType === 'string';
  return events.every(isEvent) ? events.map((event) => convert(event, '') as HistoryEvent) : null;
}

/** The fields with times and durations that the projection reads. */
const TIMES = ['eventTime', 'startToFireTimeout', 'firstWorkflowTaskBackoff'];

/** Converts a value of proto3 JSON to the form of the protobuf decoder; all enumerations but one stay unchanged. */
function convert(value: Json, name: string): unknown {
  if (TIMES.includes(name)) return timeOf(value);
  if (name === 'timeoutType') return TIMEOUT_TYPES.indexOf(wordOf(value));
  if (Array.isArray(value)) return value.map((entry) => convert(entry, ''));
  if (!isJsonObject(value)) return value;
  const { metadata, data } = value;
  if (metadata !== undefined && isJsonObject(metadata) && typeof metadata.encoding === 'string') {
    const entries = Object.entries(metadata).map(([key, each]) => [key, bytesOf(each)]);
    return { metadata: Object.fromEntries(entries), data: bytesOf(data ?? '') };
  }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, convert(each, key)]));
}

const TIMEOUT_TYPES = ['unspecified', 'starttoclose', 'scheduletostart', 'scheduletoclose', 'heartbeat'];

/** Returns the word of an enumeration, written as `TIMEOUT_TYPE_START_TO_CLOSE` or `StartToClose`. */
function wordOf(value: Json): string {
  return String(value)
    .replace(/^TIMEOUT_TYPE_/, '')
    .replaceAll('_', '')
    .toLowerCase();
}

/** Returns the seconds and nanoseconds of an instant (RFC 3339) or of a duration such as `1.5s`. */
function timeOf(value: Json): { seconds: number; nanos: number } {
  const text = String(value);
  const [, fraction = ''] = /\.(\d+)/.exec(text) ?? [];
  const nanos = Number(fraction.padEnd(9, '0').slice(0, 9));
  const seconds = text.endsWith('s') ? Math.trunc(Number(text.slice(0, -1))) : Math.floor(Date.parse(text) / 1000);
  return { seconds, nanos };
}

/** Returns the bytes that a text in base64 stands for; none for anything else. */
function bytesOf(value: Json): Uint8Array {
  let text = '';
  try {
    text = typeof value === 'string' ? atob(value) : '';
  } catch {
    return new Uint8Array();
  }
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}
