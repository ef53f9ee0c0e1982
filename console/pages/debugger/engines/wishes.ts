import type { Stop } from '../../../debugger/protocol.ts';
import type { Engine } from './engine.ts';

/** How many rows the table of tasks has. */
export const TASK_ROWS = 25;

/** The wish to see a run at an event. */
export interface Wish {
  event: number;
  /** The key of the task whose input is shown; null: the one that the event is about. */
  selected: string | null;
  /** The first row of the table of tasks; null: its last rows. */
  offset: number | null;
}

/** Shows what is wished for; what is not said, and how many tasks there are, is known only once the event is. */
export async function goTo(engine: Pick<Engine, 'stop'>, { event, selected, offset }: Wish): Promise<Stop> {
  const ask = (task: string | null, from: number) =>
    engine.stop({ event, rows: { offset: from, limit: TASK_ROWS }, selected: task });
  const stop = await ask(selected, offset ?? 0);
  const task = selected ?? subjectOf(stop);
  const from = Math.min(offset ?? Number.POSITIVE_INFINITY, lastRows(stop.tasks.listed));
  return task === selected && from === stop.tasks.offset ? stop : ask(task, from);
}

/**
 * Returns the key of the task that an event is about: its own, one whose transitions were decided upon, or one that has changed. Of several
 * that ended together, the one whose conditions were evaluated says most.
 */
function subjectOf({ history, changes, transitions }: Stop): string | null {
  const decided = transitions.find(({ value }) => value !== null) ?? transitions[0];
  const changed = changes.find((change) => change.what === 'task');
  return history.task ?? decided?.from ?? changed?.key ?? null;
}

function lastRows(total: number): number {
  return Math.floor(Math.max(0, total - 1) / TASK_ROWS) * TASK_ROWS;
}
