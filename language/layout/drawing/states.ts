import type { ExecutionStatus, TaskState } from '../../../model/status.ts';

/** A record of what a run has done with a task: the state of its newest visit, how many visits there are, and how many items of the newest one have ended. */
export interface TaskTally {
  state: TaskState;
  visits: number;
  /** Null: it is no task with items, or none has begun. */
  items: number | null;
}

/** The looks of a state: the class that colours it, and its picture in a square of 16 by 16. No two have the same shape. */
export const STATE_MARKS: Record<TaskState | ExecutionStatus, { colour: string; path: string }> = {
  requested: { colour: 'idle', path: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 0 0 0-11' },
  scheduled: { colour: 'idle', path: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 0 0 0-11M8 5v3.2h2.5' },
  running: { colour: 'active', path: 'M13.5 8a5.5 5.5 0 1 1-3-4.9M13.7 2.2l-.5 2.8l-2.7-.6' },
  waiting: { colour: 'idle', path: 'M3.5 8v.1M8 8v.1M12.5 8v.1' },
  paused: { colour: 'idle', path: 'M5.5 3.5v9M10.5 3.5v9' },
  completed: { colour: 'good', path: 'M3 8.5l3.3 3.3l6.7-7.3' },
  skipped: { colour: 'idle', path: 'M3 4l4.5 4l-4.5 4M8.5 4l4.5 4l-4.5 4' },
  failed: { colour: 'bad', path: 'M4 4l8 8M12 4l-8 8' },
  timeout: {
    colour: 'bad',
    path: 'M4 2.5h8M4 13.5h8M5 2.5c0 3 3 4 3 5.5s-3 2.5-3 5.5M11 2.5c0 3-3 4-3 5.5s3 2.5 3 5.5',
  },
  cancelled: { colour: 'idle', path: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 0 0 0-11M4.2 4.2l7.6 7.6' },
  canceling: { colour: 'active', path: 'M13.5 8a5.5 5.5 0 1 1-3-4.9M5 8h6' },
  terminated: { colour: 'idle', path: 'M4 4h8v8h-8z' },
  abandoned: { colour: 'bad', path: 'M8 2.5l6 11h-12zM8 6.5v3.2M8 11.6v.1' },
};

/** Describes a tally in words, such as `completed, 3 visits, 10 items`. */
export function tallyWords({ state, visits, items }: TaskTally): string {
  const parts: string[] = [state];
  if (visits > 1) parts.push(`${visits} visits`);
  if (items !== null) parts.push(items === 1 ? `1 item` : `${items} items`);
  return parts.join(', ');
}
