import { MAX_ROW_ID } from '../request-fields.ts';
import type { ReasonCode } from './enforcement.ts';
import type { EnforcementStatus, EventState } from './states.ts';

/** The most events or enforcements of a list that are counted. */
export const MAX_COUNTED_ROWS = 10_000;

/** The filters of lists of events, as a caller names them. An event must match all that are given. */
export interface EventFilterRequest {
  /** A type, or a pattern of types. */
  type?: string | undefined;
  source?: string | undefined;
  subject?: string | undefined;
  event_id?: string | undefined;
  trigger_ref?: string | undefined;
  webhook?: string | undefined;
  state?: EventState | undefined;
  /** Whether it has enforcements. */
  matched?: boolean | undefined;
  replay_of?: number | undefined;
  execution?: number | undefined;
  /** Inclusive start and exclusive end of the time of receipt. */
  received_after?: Date | undefined;
  received_before?: Date | undefined;
}

/** The filters of lists of enforcements, as a caller names them. One must match all that are given. */
export interface EnforcementFilterRequest {
  /** The ref or the integer id of a rule. */
  rule?: string | undefined;
  event?: number | undefined;
  status?: EnforcementStatus | undefined;
  trigger_ref?: string | undefined;
  workflow?: string | undefined;
  /** The code of a reason. */
  reason?: ReasonCode | undefined;
  /** Inclusive start and exclusive end of the time of creation. */
  created_after?: Date | undefined;
  created_before?: Date | undefined;
}

/** Returns the integer id of a rule that a filter names, or else its ref. */
export function readRuleName(text: string): number | string {
  return /^\d{1,10}$/.test(text) && Number(text) <= MAX_ROW_ID ? Number(text) : text;
}
