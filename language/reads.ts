import type { TemplatePath } from '../expression/analyze.ts';
import type { Program } from './program.ts';
import type { Reader } from './templates/compiler.ts';

/** The outputs of tasks that the templates of a definition can read. */
export interface Reads {
  /** Whether anything may read the output of a task, once it has ended, by its name or among all tasks. */
  output(task: string): boolean;
  /** Whether the transitions of a task, or a task that handles its failure, may read what its items have given. */
  items(task: string): boolean;
}

/** Finds what can be read; what is not certain counts as read. */
export function findReads({ readings, tasks }: Program): Reads {
  const outputs = new Set<string>();
  const results = new Set<string>();
  let all = false;
  let failures = false;
  const add = ({ root, keys, called }: TemplatePath, reader: Reader): void => {
    const [key] = keys;
    if (called !== null && root === 'result' && reader.at === 'end') results.add(reader.task);
    if (root === 'error' && (key === undefined || key === 'details' || key === 'cause')) failures = true;
    if (tasks.has(root)) outputs.add(root);
    if (root !== 'task' && root !== 'tasks') return;
    if (key === undefined) all = true;
    else outputs.add(String(key));
  };
  for (const { reader, references } of readings) for (const { path } of references) add(path, reader);
  const output = (task: string) => all || outputs.has(task);
  // A failure has what the items have given, wherever it is looked at.
  return { output, items: (task) => failures || results.has(task) || output(task) };
}
