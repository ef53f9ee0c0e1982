import type { StopRequest } from '../../../debugger/protocol.ts';

/** How many rows the table of tasks has. */
export const TASK_ROWS = 25;

/** The wish to see a run at an event. */
export interface Wish extends Omit<StopRequest, 'rows'> {
  /** The first row of the table of tasks; null: its last rows. */
  offset: number | null;
}

/** Returns what an engine is asked for to fulfil a wish. */
export function askFor({ event, selected, offset }: Wish): StopRequest {
  return { event, rows: { offset, limit: TASK_ROWS }, selected };
}
