import type { TaskLine } from '../../console/client/shapes.ts';

/** Returns the instant of a second. */
export const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1_000).toISOString();

/** Makes a task execution that a worker has run from second 1 to second 3, having been queued from second 0. */
export function line(key: string, changes: Partial<TaskLine> = {}): TaskLine {
  return {
    ...{
      id: 1,
      key,
      name: key,
      visit: 1,
      item: null,
      action_ref: 'core.http',
      status: 'completed',
      state: 'completed',
    },
    ...{ created: at(0), started: at(1), ended: at(3), child: null, skipped_by: null, can_skip: false, carried: false },
    ...{ waiting: null, attempt: 1, attempts: 1, worker: 'w', from: [], error: null, items: null },
    ...{ input: { bytes: 2, text: '{}', truncated: false }, output: { bytes: 4, text: 'null', truncated: false } },
    events: { scheduled: 1, ended: 2 },
    ...changes,
  } as TaskLine;
}
