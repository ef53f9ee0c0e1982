import type { LogEntry, TaskExecution } from '../../../model/execution.ts';
import type { TaskStatus } from '../../../model/status.ts';
import type { RunChange, StreamEntry, StreamPart, TaskPart } from '../../../projection/stream.ts';
import { lastChange } from '../../projections/task-rows.ts';

/** The fields of a task that its changes show. */
type ShownField =
  | 'number'
  | 'key'
  | 'name'
  | 'visit'
  | 'item'
  | 'action'
  | 'status'
  | 'state'
  | 'created'
  | 'started'
  | 'ended'
  | 'child';

/** A change of a task, without the values of the run. */
export interface TaskChange extends Pick<TaskExecution, ShownField> {
  updated: string;
  /** The latest attempt. */
  attempt: number | null;
  /** Its failure, of which the first 300 characters of the message are sent. */
  error: { type: string; message: string } | null;
  /** Its status before; null for a task that has just begun. */
  was: TaskStatus | null;
}

/** The run of the chain in which an entry happened, the history event, and the number of the entry there. */
export interface EntryPlace {
  run: string;
  event: number;
  index: number;
}

type TaskNews = { type: 'task'; task: TaskChange };

/** A masked event of a run; `id` denotes its place in the stream, to resume after it. */
export type WatchEntry = (RunChange | TaskNews | { type: 'log'; entry: LogEntry }) & { id: string };

/** An entry as it is kept: drafts of log entries and failures are masked when they are sent, since more may have to be hidden by then. */
export type KeptEntry = (RunChange | TaskNews | Extract<StreamPart, { type: 'log' }>) & EntryPlace & { id: string };

/** Makes of an entry of the stream of a run what is kept of it. */
export function keepEntry(run: string, entry: StreamEntry): KeptEntry {
  const { event, index } = entry;
  const id = entryId({ run, event, index });
  if (entry.type !== 'task') return { ...entry, run, id };
  return { type: 'task', task: changeOf(entry), run, event, index, id };
}

function changeOf({ task, was }: TaskPart): TaskChange {
  const { number, key, name, visit, item, action, status, state, created, started, ended, child } = task;
  return {
    number,
    key,
    name,
    visit,
    item,
    action,
    status,
    state,
    created,
    started,
    ended,
    child,
    updated: lastChange(task),
    attempt: task.attempts.at(-1)?.attempt ?? null,
    error: task.failure && { type: task.failure.type, message: task.failure.message },
    was,
  };
}

/** Returns the number of characters that the run said in an entry, as JSON. */
export function saidIn(entry: KeptEntry): number {
  if (entry.type === 'log') return entry.draft.said === null ? 0 : JSON.stringify(entry.draft).length;
  return entry.type === 'task' && entry.task.error !== null ? JSON.stringify(entry.task.error).length : 0;
}

/** Returns the id of an entry. */
export function entryId({ run, event, index }: EntryPlace): string {
  return `${run}/${event}.${index}`;
}

/** Reads the id of an entry; undefined for a text that is not one. */
export function parseEntryId(id: string): EntryPlace | undefined {
  const [, run, event, index] = /^([0-9a-f-]{36})\/(\d{1,9})\.(\d{1,9})$/.exec(id) ?? [];
  return run === undefined ? undefined : { run, event: Number(event), index: Number(index) };
}

/**
 * Reports whether an entry comes after a place in a chain of runs; a place in a run that is not part of the chain, such as one before a
 * reset, comes before all.
 */
export function isAfter(entry: EntryPlace, place: EntryPlace | undefined, chain: readonly string[]): boolean {
  const run = place === undefined ? -1 : chain.indexOf(place.run);
  if (place === undefined || run < 0) return true;
  const own = chain.indexOf(entry.run);
  return own > run || (own === run && isBehind(entry, place));
}

function isBehind({ event, index }: EntryPlace, place: EntryPlace): boolean {
  return event > place.event || (event === place.event && index > place.index);
}
