import type { Execution, LogEntry, TaskExecution } from '../model/execution.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { type Mask, SHOWS_ALL } from '../model/mask.ts';
import { isSuccessful } from '../model/status.ts';

/** The number of characters of a message, and of entries of a run, that a log keeps. */
const MAX_MESSAGE = 64 * 1024;
const MAX_ENTRIES = 10_000;

/** An entry of a log before what the run said in it is masked: until then nothing of that is cut or put into a sentence. */
export interface LogDraft extends Omit<LogEntry, 'message' | 'metadata'> {
  /** The beginning of the message, in the words of Fermata. */
  lead: string;
  /** The words of the run, which follow: a value, or the message of a failure. */
  said: { value: Json } | { message: string } | null;
  /** Metadata with values of the run, and those of Fermata. */
  values: JsonObject;
  facts: JsonObject;
}

/** Masks a draft and makes the entry of it. */
export function finishEntry({ lead, said, values, facts, ...draft }: LogDraft, mask: Mask = SHOWS_ALL): LogEntry {
  const { timestamp, level, task, attempt } = draft;
  const text = said === null ? '' : 'value' in said ? String(mask.hide(said.value)) : mask.hideInMessage(said.message);
  const truncated = text.length > MAX_MESSAGE ? { truncated: true } : {};
  const metadata = { ...(mask.hide(values) as JsonObject), ...facts, ...truncated };
  return {
    timestamp,
    level,
    message: lead + text.slice(0, MAX_MESSAGE),
    task,
    attempt,
    metadata: Object.keys(metadata).length === 0 ? null : metadata,
  };
}

/**
 * Returns the log of a masked run, in order of time: its start and end, each attempt of its tasks, and the messages of `core.log`. Beyond 10,000
 * entries it has only the number of dropped ones. `tasks` are all tasks of a run whose execution does not have all of them.
 */
export function buildLog(execution: Execution, tasks: Iterable<TaskExecution> = execution.tasks): LogEntry[] {
  const { workflowType, created, closed, status, failure } = execution;
  const drafts: LogDraft[] = [draftStart(workflowType, created)];
  for (const task of tasks) drafts.push(...draftTask(task));
  if (closed !== null) drafts.push(draftEnd(workflowType, closed, { status, failure }));
  // Sorting is stable: what happened in one millisecond stays in order.
  drafts.sort((a, b) => (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0));
  const dropped = drafts.splice(MAX_ENTRIES);
  const entries = drafts.map((draft) => finishEntry(draft));
  if (dropped.length === 0) return entries;
  const message = `${dropped.length} more entries were dropped: a log has at most ${MAX_ENTRIES}`;
  const facts = { dropped: dropped.length };
  return [...entries, finishEntry(draftOf(dropped.at(-1)!.timestamp, 'warn', message, { facts }))];
}

/** Drafts the entry for the start of a run. */
export function draftStart(workflowType: string, created: string): LogDraft {
  return draftOf(created, 'info', `"${workflowType}" started`);
}

/** Drafts the entries of a task so far: its attempts, or its message. */
export function draftTask(task: TaskExecution): LogDraft[] {
  return task.action === 'core.log' ? draftMessage(task) : draftAttempts(task);
}

/** Drafts the entry for the end of a run. */
export function draftEnd(
  workflowType: string,
  closed: string,
  { status, failure }: Pick<Execution, 'status' | 'failure'>,
): LogDraft {
  const level = isSuccessful(status) ? 'info' : status === 'cancelled' ? 'warn' : 'error';
  const lead = `"${workflowType}" ended as ${status}`;
  return failure === null
    ? draftOf(closed, level, lead)
    : draftOf(closed, level, `${lead}: `, { said: { message: failure.message } });
}

/** Drafts the entry which says that the tasks of a run are left out from now on. */
export function draftOmission(at: string): LogDraft {
  return draftOf(at, 'warn', 'the tasks of the run are omitted: showing them takes more work than is allowed');
}

function draftOf(
  timestamp: string,
  level: LogEntry['level'],
  lead: string,
  rest: Partial<Omit<LogDraft, 'timestamp' | 'level' | 'lead'>> = {},
): LogDraft {
  return { timestamp, level, lead, said: null, task: null, attempt: null, values: {}, facts: {}, ...rest };
}

function draftMessage({ key, input, started, created }: TaskExecution): LogDraft[] {
  if (!isJsonObject(input)) return [];
  const { message = null, level, data } = input;
  const values = data === undefined ? {} : { data };
  // The schema of the action ensures these types.
  return [draftOf(started ?? created, level as LogEntry['level'], '', { said: { value: message }, task: key, values })];
}

function draftAttempts(task: TaskExecution): LogDraft[] {
  const { key, status, started, ended, failure, attempts } = task;
  const drafts: LogDraft[] = [];
  if (attempts.length === 0 && started !== null)
    drafts.push(draftOf(started, 'info', `"${key}" started`, { task: key }));
  for (const at of attempts.keys()) drafts.push(...draftAttempt(task, at));
  if (ended === null) return drafts;
  const attempt = attempts.at(-1)?.attempt ?? null;
  const lead = `"${key}" ended as ${status}`;
  if (failure === null) return [...drafts, draftOf(ended, 'info', lead, { task: key, attempt })];
  const level = status === 'cancelled' ? 'warn' : 'error';
  const said = { message: failure.message };
  return [...drafts, draftOf(ended, level, `${lead}: `, { said, task: key, attempt, values: { type: failure.type } })];
}

function draftAttempt({ key, action, started, failure, attempts }: TaskExecution, at: number): LogDraft[] {
  const { attempt, recorded, started: began, error } = attempts[at]!;
  const drafts: LogDraft[] = [];
  const rest = { task: key, attempt };
  // Temporal does not record every attempt. Of the others it is known that the first one started, and that each failed before the next.
  const start = began ?? (at === 0 ? started : null);
  if (start !== null) {
    const again = attempt > 1 ? ` again, attempt ${attempt}` : '';
    const level = attempt > 1 ? 'warn' : 'info';
    drafts.push(draftOf(start, level, `"${key}" started${again}`, { ...rest, facts: { action } }));
  }
  const failed = recorded ? began : (attempts[at + 1]?.started ?? null);
  if (error !== null && error.message !== failure?.message && failed !== null) {
    const lead = `attempt ${attempt} of "${key}" failed: `;
    drafts.push(draftOf(failed, 'warn', lead, { ...rest, said: { message: error.message } }));
  }
  return drafts;
}
