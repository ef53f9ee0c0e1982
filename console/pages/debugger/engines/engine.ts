import type { ChangeSearch, OpenedRun, Stop, StopRequest } from '../../../debugger/protocol.ts';

/** Something that knows a run at each of its events. Its functions throw a RequestError. */
export interface Engine {
  run: OpenedRun;
  /** Whether it knows at which events variables and joins change. */
  isComplete: boolean;
  /** Why this browser does not recompute the run by itself; null where it does. */
  reason: string | null;
  stop(request: StopRequest): Promise<Stop>;
  /** Returns the nearest event that changes something; null: there is none. Null where it is not known which events do. */
  find: ((search: ChangeSearch) => Promise<number | null>) | null;
}
