import type { HistoryEvent } from '../../projection/history.ts';

/** Events that can be sent to a thread, and the bytes of their payloads and texts. */
export interface HistoryCopy {
  events: HistoryEvent[];
  bytes: number;
}

/** The fields of history events that no projection reads, at any depth: half of what an event of an activity is made of. */
const UNREAD: ReadonlySet<string> = new Set([
  'completionCallbacks',
  'eventGroupMarkers',
  'externalPayloads',
  'header',
  'heartbeatTimeout',
  'historySizeBytes',
  'links',
  'meteringMetadata',
  'normalName',
  'priority',
  'requestId',
  'retryPolicy',
  'scheduleToCloseTimeout',
  'scheduleToStartTimeout',
  'sdkMetadata',
  'startToCloseTimeout',
  'suggestContinueAsNewReasons',
  'taskId',
  'useWorkflowBuildId',
  'version',
  'workerVersion',
]);

const NOTHING: ReadonlySet<string> = new Set();

/** Copies events as plain data for a projection: 64-bit numbers become numbers; fields without a value, and those that no projection reads, are left out. */
export function copyHistory(events: readonly HistoryEvent[]): HistoryCopy {
  return copyEvents(events, UNREAD);
}

/** Copies events like `copyHistory`, with all of their fields. */
export function copyWholeHistory(events: readonly HistoryEvent[]): HistoryCopy {
  return copyEvents(events, NOTHING);
}

function copyEvents(events: readonly HistoryEvent[], unread: ReadonlySet<string>): HistoryCopy {
  const size = { bytes: 0 };
  return { events: events.map((event) => copy(event, size, unread) as HistoryEvent), bytes: size.bytes };
}

/** Copies an answer of Temporal as plain data, like `copyWholeHistory`. */
export function copyAnswer<T>(answer: T): T {
  return copy(answer, { bytes: 0 }, NOTHING) as T;
}

function copy(value: unknown, size: { bytes: number }, unread: ReadonlySet<string>): unknown {
  if (typeof value === 'string') {
    size.bytes += value.length;
    return value;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) {
    size.bytes += value.byteLength;
    return value;
  }
  if (Array.isArray(value)) return value.map((entry) => copy(entry, size, unread));
  if (isLong(value)) return value.toNumber();
  const fields: Record<string, unknown> = {};
  // A history has millions of fields: pairs of names and values would be as many arrays.
  for (const name of Object.keys(value)) {
    const field = (value as Record<string, unknown>)[name];
    if (field === null || field === undefined || unread.has(name)) continue;
    fields[name] = copy(field, size, unread);
  }
  return fields;
}

/** Reports whether a value is a 64-bit number as protobufjs reads it. */
function isLong(value: object): value is { toNumber(): number } {
  return 'low' in value && 'high' in value && 'unsigned' in value;
}
