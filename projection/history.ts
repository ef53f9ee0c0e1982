import type { temporal } from '@temporalio/proto';
import type { Fault } from '../interpreter/events.ts';
import type { Json } from '../model/json.ts';
import { timestampMilliseconds } from './payload.ts';

/** An event of Temporal's history. */
export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** The record of one activity or sub-workflow in the history: one try of a visit, or of an item. Times in milliseconds. */
export interface TryRecord {
  /** Temporal's id of the sub-workflow; null for an activity. */
  child: string | null;
  scheduled: number;
  started: number | null;
  ended: number | null;
  /** The numbers of the events that scheduled and ended it, within the history of the chain. */
  scheduledBy: number;
  endedBy: number | null;
  attempt: number;
  worker: string | null;
  /** The failure of the attempt before the last one. */
  lastFault: Fault | null;
  result: { output: Json } | { fault: Fault } | null;
}

/** Records of tries, by key. */
export type Tries = Pick<ReadonlyMap<string, TryRecord>, 'get'>;

/** Returns the time of a history event, in milliseconds since 1970. */
export function eventTime(event: HistoryEvent): number {
  return timestampMilliseconds(event.eventTime);
}

/** The last time that was converted. */
let converted = { milliseconds: Number.NaN, text: '' };

/** Converts milliseconds since 1970 to ISO 8601, UTC. */
export function isoTime(milliseconds: number): string {
  // Much of a run happens at one time, that of an activation.
  if (milliseconds !== converted.milliseconds) {
    converted = { milliseconds, text: new Date(milliseconds).toISOString() };
  }
  return converted.text;
}
