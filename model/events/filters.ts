import type { EventState } from './event.ts';

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
