import { AppError } from '../../model/app-error.ts';
import type { TaskExecution } from '../../model/execution.ts';
import { integerId, MAX_NUMBERED_VISITS, parseExecutionId } from '../../model/execution-id.ts';
import type { Principal } from '../../model/principal.ts';
import type { ExecutionFilter } from '../../store/executions/execution-filters.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import { cursorText, readCursor } from '../index/cursors.ts';
import { type ListedExecution, listedRun } from '../index/rows.ts';
import type { ExecutionReader, ExecutionView } from './reader.ts';

/** A task execution with its run, and the items of its visit. */
export interface TaskView extends ExecutionView {
  task: TaskExecution;
  items: TaskExecution[];
}

/** A page of what a run has started; `total` counts all of it, and `nextCursor` is null on the last page. */
export interface ChildPage {
  rows: ListedExecution[];
  total: number;
  isLowerBound: boolean;
  nextCursor: string | null;
}

/** The most sub-workflows of one run: more than its history can hold. */
const MAX_CHILDREN = 20_000;

/** Shows task executions as executions; callers see only those of their tenant. */
export interface TaskExecutionService {
  /** Returns a task execution by its integer id. Throws `execution_not_found`. */
  get(principal: Principal, id: string): Promise<TaskView>;
  /**
   * Returns a task execution of a run by its key, which items and late visits have although they have no id. Throws
   * `execution_not_found`.
   */
  getByKey(principal: Principal, run: string, key: string): Promise<TaskView>;
  /** Lists what a run has started, in order of start: its task executions and its sub-workflows. */
  listChildren(
    principal: Principal,
    filter: ExecutionFilter & { parent: number },
    page: { offset: number; cursor: string | undefined; limit: number },
  ): Promise<ChildPage>;
}

/** The dependencies of the service. */
export interface TaskExecutionDependencies {
  executions: Pick<ExecutionReader, 'get'>;
  store: ExecutionStore;
}

/** Creates the service. */
export function createTaskExecutionService({ executions, store }: TaskExecutionDependencies): TaskExecutionService {
  async function find(principal: Principal, run: string, what: string, is: (task: TaskExecution) => boolean) {
    const missing = () => new AppError('execution_not_found', `Execution with ID ${what} not found`);
    const found = await executions.get(principal, run).catch((error: unknown) => {
      // The message names the task, not the run.
      throw error instanceof AppError && error.code === 'execution_not_found' ? missing() : error;
    });
    const task = found.execution.tasks.find(is);
    if (task === undefined) throw missing();
    const { name, visit, item } = task;
    const items = found.execution.tasks.filter(
      (other) => item === null && other.item !== null && other.name === name && other.visit === visit,
    );
    return { ...found, task, items };
  }

  return {
    async get(principal, id) {
      const { n, visit } = parseExecutionId(id) ?? { n: -1, visit: 0 };
      return find(principal, String(integerId(n)), id, ({ number }) => number === visit);
    },

    async getByKey(principal, run, key) {
      return find(principal, run, `${run}/tasks/${key}`, (task) => task.key === key);
    },

    async listChildren(principal, filter, { offset, cursor, limit }) {
      const runs = await store.readOn(principal.tenant, filter, { limit: MAX_CHILDREN });
      const all = [...runs.map(listedRun), ...(await tasksOf(principal, filter))].sort(byStart);
      const [time, id] = cursor === undefined ? [0, 0] : readCursor(cursor);
      const behind = { created: new Date(time), id };
      const rest = cursor === undefined ? all.slice(offset) : all.filter((row) => byStart(row, behind) > 0);
      const rows = rest.slice(0, limit);
      const last = rows.at(-1);
      return {
        rows,
        total: all.length,
        isLowerBound: false,
        nextCursor: last === undefined || rest.length <= limit ? null : cursorText(last.created.getTime(), last.id),
      };
    },
  };

  async function tasksOf(principal: Principal, filter: ExecutionFilter & { parent: number }) {
    const id = parseExecutionId(String(filter.parent));
    if (id === undefined || id.visit !== 0) return [];
    try {
      const { n, execution } = await executions.get(principal, String(filter.parent));
      const { memo, tasks } = execution;
      const run = { n, enforcement: memo?.enforcement ?? null, executor: memo?.executor, owner: memo?.owner };
      return tasks.flatMap((task) => (hasId(task) && matches(filter, run, task) ? [listedTask(run, task)] : []));
    } catch (error) {
      // The list of an unknown run is empty.
      if (error instanceof AppError && error.code === 'execution_not_found') return [];
      throw error;
    }
  }
}

interface OwningRun {
  n: number;
  enforcement: number | null;
  executor: number | undefined;
  owner: string | undefined;
}

function hasId({ number }: TaskExecution): boolean {
  return number !== null && number <= MAX_NUMBERED_VISITS;
}

/** Reports whether a task matches a filter, as the index does for runs. */
function matches(filter: ExecutionFilter, run: OwningRun, task: TaskExecution): boolean {
  const { statuses, actionRef, ref, definition, packName, resultContains, search, open } = filter;
  const result = JSON.stringify(task.failure ?? task.output).toLowerCase();
  const created = Date.parse(task.created);
  return (
    (statuses === undefined || statuses.includes(task.status)) &&
    (actionRef === undefined || wildcard(actionRef).test(task.action)) &&
    (ref === undefined || ref === task.action) &&
    definition === undefined &&
    (packName === undefined || packName === task.action.split('.')[0]) &&
    (resultContains === undefined || result.includes(resultContains.toLowerCase())) &&
    (filter.enforcement === undefined || filter.enforcement === run.enforcement) &&
    (filter.executor === undefined || filter.executor === run.executor) &&
    (filter.owner === undefined || filter.owner === run.owner) &&
    (filter.createdAfter === undefined || created >= filter.createdAfter.getTime()) &&
    (filter.createdBefore === undefined || created < filter.createdBefore.getTime()) &&
    (search === undefined || ('n' in search && search.n === run.n)) &&
    (open === undefined || open === (task.ended === null))
  );
}

function wildcard(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

function listedTask({ n, enforcement }: OwningRun, task: TaskExecution): ListedExecution {
  return {
    id: integerId(n, task.number!),
    ref: task.action,
    status: task.status,
    state: task.state,
    parent: integerId(n),
    enforcement,
    created: new Date(task.created),
    updated: new Date(lastChange(task)),
  };
}

/** Returns when a task execution last changed, as far as that is recorded. */
export function lastChange({ ended, attempts, started, created }: TaskExecution): string {
  return ended ?? attempts.at(-1)?.started ?? started ?? created;
}

type Place = Pick<ListedExecution, 'created' | 'id'>;

function byStart(a: Place, b: Place): number {
  return a.created.getTime() - b.created.getTime() || a.id - b.id;
}
