import type { TaskLine } from '../../../client/shapes.ts';

/** Says what last happened to one of some tasks up to an event of their run. */
export function lastHappened(tasks: readonly Pick<TaskLine, 'key' | 'events'>[], event: number): string {
  const happened = tasks.flatMap(({ key, events: { scheduled, ended } }) => [
    ...(scheduled === null ? [] : [{ at: scheduled, words: `${key} was scheduled` }]),
    ...(ended === null ? [] : [{ at: ended, words: `${key} ended` }]),
  ]);
  const before = happened.filter(({ at }) => at <= event).sort((a, b) => a.at - b.at);
  const last = before.at(-1);
  return last === undefined
    ? 'No task had been scheduled by then.'
    : `Last before that: ${last.words} (event ${last.at}).`;
}
