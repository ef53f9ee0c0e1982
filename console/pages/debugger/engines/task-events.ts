import type { TaskLine } from '../../../client/shapes.ts';
import type { ChangeSearch } from '../../../debugger/protocol.ts';

/** Marks the events of a history (see strip.ts) by what is known of its tasks. `last` is the number of the last event. */
export function markTaskEvents(tasks: readonly TaskLine[], last: number): string {
  const marks = Array.from({ length: last }, () => 'o');
  for (const { events, status } of tasks) {
    if (events.scheduled !== null) marks[events.scheduled - 1] = 's';
    if (events.ended !== null) marks[events.ended - 1] = status === 'completed' ? 'c' : 'f';
  }
  return marks.slice(0, last).join('');
}

/** Finds the nearest event that began or ended a task. Returns null where there is none. */
export function findEvent(tasks: readonly TaskLine[], { from, direction, of }: ChangeSearch): number | null {
  const events = tasks
    .filter(({ name }) => of.kind !== 'task' || name === of.name)
    .flatMap(({ events: { scheduled, ended } }) => [scheduled, ended])
    .filter((event) => event !== null)
    .sort((a, b) => a - b);
  const found = direction === 'next' ? events.find((event) => event > from) : events.findLast((event) => event < from);
  return found ?? null;
}
