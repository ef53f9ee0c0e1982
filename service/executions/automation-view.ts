import { cleanupEntries } from '../../language/program.ts';
import { cleanupOnly } from '../../language/transitions.ts';
import type { Execution, LogEntry } from '../../model/execution.ts';
import type { TaskStatus } from '../../model/status.ts';
import { buildLog } from '../../projection/logs.ts';

/** A run as the Automation API counts it: by task, where the latest visit of a task says how it ended. */
export interface AutomationView {
  total: number;
  successful: number;
  failed: number;
  /** The position in the definition of the task whose failure decided the run; null when there is none. */
  failedIndex: number | null;
  logs: (LogEntry & { index: number | null })[];
}

/** Makes the part of a run that only the Automation API shows. */
export function buildAutomationView(execution: Execution): AutomationView {
  const { run, failure } = execution;
  const names = run?.definition.tasks.map(({ name }) => name) ?? [];
  const indexOf = (key: string | null | undefined): number | null => {
    const index = names.indexOf(/^[^#[~]*/.exec(key ?? '')![0]);
    return index === -1 ? null : index;
  };
  const latest = latestStatuses(execution);
  const ended = [...latest.values()];
  // Tasks that only a cleanup leads to count only if they ran.
  const cleanup = run === null ? new Set<string>() : cleanupOnly(run.definition, cleanupEntries(run.definition));
  return {
    total: names.filter((name) => latest.has(name) || !cleanup.has(name)).length,
    successful: ended.filter((status) => status === 'completed').length,
    failed: ended.filter((status) => ['failed', 'timeout', 'abandoned'].includes(status)).length,
    failedIndex: failure === null ? null : indexOf(failure.task),
    logs: buildLog(execution).map((entry) => ({ ...entry, index: indexOf(entry.task) })),
  };
}

/** Returns the status of the latest visit of each task, by its name. */
function latestStatuses({ tasks, moreTasks }: Execution): Map<string, TaskStatus> {
  const visits = moreTasks?.summaries ?? tasks.filter(({ item }) => item === null);
  return new Map(visits.map(({ name, status }) => [name, status]));
}
