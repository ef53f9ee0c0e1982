import type { TaskExecution } from '../../model/execution.ts';
import { type Preview, preview } from '../../model/preview.ts';
import { createStatusCounts, type StatusCounts } from '../../projection/tasks/counts.ts';
import type { OrderedPlace } from '../../projection/tasks/task-order.ts';
import { eventsAt, type TaskSources, workIn } from '../../projection/tasks/tasks.ts';

/** The characters of the message of a failure that a row, or a change of a task, shows. */
export const SHOWN_MESSAGE = 300;

/** The items of a visit: the number in its list, and those that have begun. */
export interface ItemCounts {
  total: number;
  statuses: StatusCounts;
}

/** A task execution in a list, masked. */
export interface TaskRow extends Omit<TaskExecution, 'input' | 'output' | 'failure' | 'attempts'> {
  /** The kind of its wait; null: it waits for nothing. */
  waiting: string | null;
  canSkip: boolean;
  /** The latest attempt, the number of attempts, and who made the latest one. */
  attempt: number | null;
  attempts: number;
  worker: string | null;
  /** When it last changed, as far as that is recorded. */
  updated: string;
  /** The keys of the visits whose transitions led to it. */
  from: string[];
  error: { type: string; message: string } | null;
  input: Preview;
  output: Preview;
  /** Null for a visit without items, and for an item. */
  items: ItemCounts | null;
  /** The numbers of the history events that scheduled and ended it; null where there is none. */
  events: { scheduled: number | null; ended: number | null };
}

/** Makes the row of a masked task execution at a place. */
export function buildTaskRow(
  sources: TaskSources,
  { place }: OrderedPlace,
  task: TaskExecution,
  { waiting, canSkip, counts }: Pick<TaskRow, 'waiting' | 'canSkip'> & { counts: StatusCounts | undefined },
): TaskRow {
  const { input, output, failure, attempts, ...rest } = task;
  const { visit } = workIn(sources, place);
  const last = attempts.at(-1);
  return {
    ...rest,
    waiting,
    canSkip,
    attempt: last?.attempt ?? null,
    attempts: attempts.length,
    worker: last?.worker ?? null,
    updated: lastChange(task),
    from: visit.from.flatMap((index) => keyOf(sources, index) ?? []),
    error: failure && { type: failure.type, message: failure.message.slice(0, SHOWN_MESSAGE) },
    input: preview(input),
    output: preview(output),
    items: itemsOf(task, visit.items?.list.length, counts),
    events: eventsAt(sources, place),
  };
}

/** Returns when a task execution last changed, as far as that is recorded. */
export function lastChange({ ended, attempts, started, created }: TaskExecution): string {
  return ended ?? attempts.at(-1)?.started ?? started ?? created;
}

/** Returns the key of a visit; undefined where Temporal no longer has the run of the chain that it belongs to. */
function keyOf({ state, past }: TaskSources, visit: number): string | undefined {
  return past.work({ visit, item: null })?.work.key ?? state.visits[visit]?.key;
}

function itemsOf({ item }: TaskExecution, total: number | undefined, counts = createStatusCounts()): ItemCounts | null {
  return item === null && total !== undefined ? { total, statuses: counts } : null;
}
