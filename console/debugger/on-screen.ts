import type { Stop, StopRequest } from './protocol.ts';

// The parts of a stop that are shown where nobody has chosen any, which are known only once the event is.

/**
 * Returns the key of the task that an event is about: its own, one whose transitions were decided upon, or one that has changed; null: it is
 * about none. Of several that ended together, the one whose conditions were evaluated says most.
 */
export function subjectOf({
  history,
  changes,
  transitions,
}: Pick<Stop, 'history' | 'changes' | 'transitions'>): string | null {
  const decided = transitions.find(({ value }) => value !== null) ?? transitions[0];
  const changed = changes.find((change) => change.what === 'task');
  return history.task ?? decided?.from ?? changed?.key ?? null;
}

/** Returns the place of the first row that is shown, of so many. */
export function firstRow({ offset, limit }: StopRequest['rows'], count: number): number {
  const last = Math.floor(Math.max(0, count - 1) / limit) * limit;
  return Math.min(offset ?? last, last);
}
