import type { Run, TaskLine } from '../../../client/shapes.ts';

/** An attempt of a task execution. */
export type TimelineAttempt = NonNullable<Run['attempts']>[number];

/** A thing that has a row: a visit or an item, or one of its attempts. */
export type Entry = { kind: 'task'; line: TaskLine } | { kind: 'attempt'; line: TaskLine; attempt: TimelineAttempt };

/** Returns the key by which an entry is found again. */
export function entryKey(entry: Entry): string {
  return entry.kind === 'task' ? entry.line.key : attemptKey(entry.line.key, entry.attempt.attempt);
}

/** Returns the key of an attempt of a task execution. An attempt is not a try, which `model/task-key.ts` has the keys of. */
export function attemptKey(key: string, attempt: number): string {
  return `${key}/${attempt}`;
}

/** Returns the state of an entry. */
export function entryState(entry: Entry) {
  return entry.kind === 'task' ? entry.line.state : attemptState(entry.attempt);
}

function attemptState({ started, ended, error }: TimelineAttempt) {
  if (ended === null) return started === null ? 'scheduled' : 'running';
  return error === null ? 'completed' : 'failed';
}
