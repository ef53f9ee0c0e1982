import type { Execution, LogEntry, TaskExecution } from '../model/execution.ts';
import { isJsonObject } from '../model/json.ts';
import { isSuccessful } from '../model/status.ts';

/** The number of characters of a message, and of entries of a run, that a log keeps. */
const MAX_MESSAGE = 64 * 1024;
const MAX_ENTRIES = 10_000;

/**
 * Returns the log of a run, in order of time: its start and end, each attempt of its tasks, and the messages of `core.log`. Beyond 10,000
 * entries it has only the number of dropped ones. `tasks` are all tasks of a run whose execution does not have all of them.
 */
export function buildLog(execution: Execution, tasks: Iterable<TaskExecution> = execution.tasks): LogEntry[] {
  const { workflowType, created, closed, status, failure } = execution;
  const entries: LogEntry[] = [startEntry(workflowType, created)];
  for (const task of tasks) entries.push(...taskEntries(task));
  if (closed !== null) entries.push(endEntry(workflowType, closed, { status, failure }));
  // Sorting is stable: what happened in one millisecond stays in order.
  entries.sort((a, b) => (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0));
  const dropped = entries.splice(MAX_ENTRIES);
  if (dropped.length === 0) return entries;
  const message = `${dropped.length} more entries were dropped: a log has at most ${MAX_ENTRIES}`;
  return [...entries, entry(dropped.at(-1)!.timestamp, 'warn', message, { metadata: { dropped: dropped.length } })];
}

/** Returns the entry for the start of a run. */
export function startEntry(workflowType: string, created: string): LogEntry {
  return entry(created, 'info', `"${workflowType}" started`);
}

/** Returns the entries of a task so far: its attempts, or its message. */
export function taskEntries(task: TaskExecution): LogEntry[] {
  return task.action === 'core.log' ? saidBy(task) : logOf(task);
}

/** Returns the entry for the end of a run. */
export function endEntry(
  workflowType: string,
  closed: string,
  { status, failure }: Pick<Execution, 'status' | 'failure'>,
): LogEntry {
  const level = isSuccessful(status) ? 'info' : status === 'cancelled' ? 'warn' : 'error';
  const why = failure === null ? '' : `: ${failure.message}`;
  return entry(closed, level, `"${workflowType}" ended as ${status}${why}`);
}

/** Returns the entry which says that the tasks of a run are left out from now on. */
export function omissionEntry(at: string): LogEntry {
  return entry(at, 'warn', 'the tasks of the run are omitted: showing them takes more work than is allowed');
}

function entry(
  timestamp: string,
  level: LogEntry['level'],
  message: string,
  rest: Partial<Pick<LogEntry, 'task' | 'attempt' | 'metadata'>> = {},
): LogEntry {
  return { timestamp, level, message, task: null, attempt: null, metadata: null, ...rest };
}

function saidBy({ key, input, started, created }: TaskExecution): LogEntry[] {
  if (!isJsonObject(input)) return [];
  const { message, level, data } = input;
  const text = String(message);
  const truncated = text.length > MAX_MESSAGE ? { truncated: true } : {};
  const metadata = { ...(data === undefined ? {} : { data }), ...truncated };
  // The schema of the action ensures these types.
  return [
    entry(started ?? created, level as LogEntry['level'], text.slice(0, MAX_MESSAGE), {
      task: key,
      metadata: Object.keys(metadata).length === 0 ? null : metadata,
    }),
  ];
}

function logOf(task: TaskExecution): LogEntry[] {
  const { key, status, started, ended, failure, attempts } = task;
  const entries: LogEntry[] = [];
  if (attempts.length === 0 && started !== null)
    entries.push(entry(started, 'info', `"${key}" started`, { task: key }));
  for (const at of attempts.keys()) entries.push(...attemptEntries(task, at));
  if (ended === null) return entries;
  const attempt = attempts.at(-1)?.attempt ?? null;
  if (failure !== null) {
    const metadata = { type: failure.type };
    const level = status === 'cancelled' ? 'warn' : 'error';
    return [
      ...entries,
      entry(ended, level, `"${key}" ended as ${status}: ${failure.message}`, { task: key, attempt, metadata }),
    ];
  }
  return [...entries, entry(ended, 'info', `"${key}" ended as ${status}`, { task: key, attempt })];
}

function attemptEntries({ key, action, started, failure, attempts }: TaskExecution, at: number): LogEntry[] {
  const { attempt, recorded, started: began, error } = attempts[at]!;
  const entries: LogEntry[] = [];
  const rest = { task: key, attempt };
  // Temporal does not record every attempt. Of the others it is known that the first one started, and that each failed before the next.
  const start = began ?? (at === 0 ? started : null);
  if (start !== null) {
    const again = attempt > 1 ? ` again, attempt ${attempt}` : '';
    const level = attempt > 1 ? 'warn' : 'info';
    entries.push(entry(start, level, `"${key}" started${again}`, { ...rest, metadata: { action } }));
  }
  const failed = recorded ? began : (attempts[at + 1]?.started ?? null);
  if (error !== null && error.message !== failure?.message && failed !== null) {
    entries.push(entry(failed, 'warn', `attempt ${attempt} of "${key}" failed: ${error.message}`, rest));
  }
  return entries;
}
