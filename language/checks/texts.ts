import type { ProgramTask } from '../program.ts';

/** Returns the JSON pointer of a task. */
export function pathOf({ index }: ProgramTask): string {
  return `/definition/tasks/${index}`;
}

/** Returns names as a message lists them: `"a", "b" and 3 more`. */
export function quoted(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => `"${name}"`);
  return names.length > 5 ? `${shown.join(', ')} and ${names.length - 5} more` : shown.join(', ');
}
