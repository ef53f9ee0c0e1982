import type { HistoryEvent } from '../../projection/history.ts';

/** Events that can be sent to a thread, and the bytes of their payloads and texts. */
export interface HistoryCopy {
  events: HistoryEvent[];
  bytes: number;
}

/** Copies events as plain data: 64-bit numbers become numbers, and fields without a value are left out. */
export function copyHistory(events: readonly HistoryEvent[]): HistoryCopy {
  const size = { bytes: 0 };
  return { events: events.map((event) => copy(event, size) as HistoryEvent), bytes: size.bytes };
}

/** Copies an answer of Temporal as plain data, like `copyHistory`. */
export function copyAnswer<T>(answer: T): T {
  return copy(answer, { bytes: 0 }) as T;
}

function copy(value: unknown, size: { bytes: number }): unknown {
  if (typeof value === 'string') {
    size.bytes += value.length;
    return value;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) {
    size.bytes += value.byteLength;
    return value;
  }
  if (Array.isArray(value)) return value.map((entry) => copy(entry, size));
  if (isLong(value)) return value.toNumber();
  const fields: Record<string, unknown> = {};
  // A history has millions of fields: pairs of names and values would be as many arrays.
  for (const name of Object.keys(value)) {
    const field = (value as Record<string, unknown>)[name];
    if (field !== null && field !== undefined) fields[name] = copy(field, size);
  }
  return fields;
}

/** Reports whether a value is a 64-bit number as protobufjs reads it. */
function isLong(value: object): value is { toNumber(): number } {
  return 'low' in value && 'high' in value && 'unsigned' in value;
}
