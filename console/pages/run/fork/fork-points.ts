/** From where a fork starts, as the radio buttons name it. */
export type ForkPoint = 'failed' | 'task' | 'event' | 'start';

const EVENT = /^event:(.*)$/;
const TASK = /^task:/;

/** Returns which radio button a `from` belongs to, and the task or the number of the event that it names. */
export function readPoint(from: string): { point: ForkPoint; named: string } {
  const [, event] = EVENT.exec(from) ?? [];
  if (event !== undefined) return { point: 'event', named: event };
  if (from === 'failed' || from === 'start') return { point: from, named: '' };
  return { point: 'task', named: from.replace(TASK, '') };
}

/** Returns the `from` of a task: its name, unless that means the beginning. */
export function writeTask(name: string): string {
  return name === 'start' ? `task:${name}` : name;
}
