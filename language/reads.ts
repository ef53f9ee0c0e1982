import type { Program } from './program.ts';

/** Which outputs of tasks the templates of a definition can read. */
export interface Reads {
  /** Whether anything may read the output of a task, once it has ended, by its name or among all tasks. */
  output(task: string): boolean;
  /** Whether its own transitions, or who handles its failure, may read what its items have given. */
  items(task: string): boolean;
}

/** Finds what can be read; what is not certain counts as read. */
export function readsOf({ readings, tasks }: Program): Reads {
  const outputs = new Set<string>();
  const own = new Set<string>();
  let all = false;
  let failures = false;
  for (const { reader, references } of readings) {
    for (const { root, keys, called } of references.map(({ path }) => path)) {
      if (called !== null && root === 'result' && reader.at === 'end') own.add(reader.task);
      if (root === 'error' && (keys[0] === undefined || keys[0] === 'details' || keys[0] === 'cause')) failures = true;
      if (tasks.has(root)) outputs.add(root);
      if (root !== 'task' && root !== 'tasks') continue;
      if (keys[0] === undefined) all = true;
      else outputs.add(String(keys[0]));
    }
  }
  // A failure tells what its items have given, wherever it is looked at.
  const output = (task: string) => all || outputs.has(task);
  return { output, items: (task) => failures || own.has(task) || output(task) };
}
