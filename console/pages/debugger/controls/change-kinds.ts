import type { ChangeKind } from '../../../debugger/protocol.ts';

/** Reads the kind of changes from the address; one that is not there is that of all tasks. */
export function readChangeKind(text: string | null, tasks: readonly string[]): ChangeKind {
  if (text === 'variables' || text === 'joins') return { kind: text };
  const name = text?.startsWith('task:') ? text.slice('task:'.length) : null;
  return name !== null && tasks.includes(name) ? { kind: 'task', name } : { kind: 'tasks' };
}

/** Writes the kind of changes for the address. */
export function writeChangeKind(of: ChangeKind): string {
  return of.kind === 'task' ? `task:${of.name}` : of.kind;
}
