import { Buffer } from 'node:buffer';
import { deflateRawSync } from 'node:zlib';
import proto from '@temporalio/proto';
import type { HistoryEvent } from '../../../projection/history.ts';
import type { Written } from './jobs.ts';

const { HistoryEvent: Message } = proto.temporal.api.history.v1;

/** Writes a history event as proto3 JSON, as Temporal's command line does. */
export function writeEvent(event: HistoryEvent): string {
  const plain = Message.toObject(Message.fromObject(event as Record<string, unknown>) as never, {
    enums: String,
    longs: String,
  });
  return JSON.stringify(withTimes(plain, ''));
}

/** Writes history events for a file. */
export function writeEvents(events: readonly HistoryEvent[]): Written {
  const text = Buffer.from(events.map(writeEvent).join(','));
  return { bytes: text.byteLength, deflated: deflateRawSync(text, { level: 1 }).toString('base64') };
}

/** The names of instants and durations, which have no field where they are 0. */
const TIMES = /(Time|Timeout|Interval|Backoff)$/;

/** Writes bytes, instants and durations as proto3 JSON does; everything else has that form already. */
function withTimes(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  // Protobuf's own way takes ten times as long.
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  if (Array.isArray(value)) return value.map((entry) => withTimes(entry, ''));
  const { seconds = '0', nanos = 0, ...rest } = value as { seconds?: string; nanos?: number };
  // A map of a payload or a memo may have these keys, too.
  const isPlain = typeof seconds !== 'object' && typeof nanos !== 'object';
  if (isPlain && Object.keys(rest).length === 0 && (TIMES.test(name) || 'seconds' in value || 'nanos' in value)) {
    return name.endsWith('Time') ? instantOf(Number(seconds), nanos) : `${seconds}${fractionOf(nanos)}s`;
  }
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, withTimes(field, key)]));
}

function instantOf(seconds: number, nanos: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', `${fractionOf(nanos)}Z`);
}

function fractionOf(nanos: number): string {
  return nanos === 0 ? '' : `.${String(nanos).padStart(9, '0')}`;
}
