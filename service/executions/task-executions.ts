import { AppError } from '../../model/app-error.ts';
import type { Cause } from '../../model/events/cause.ts';
import type { TaskExecution, TaskPosition } from '../../model/execution.ts';
import { integerId, MAX_NUMBERED_VISITS, parseExecutionId } from '../../model/execution-id.ts';
import type { Principal } from '../../model/principal.ts';
import { createStatusCounts } from '../../projection/tasks/counts.ts';
import type { ExecutionFilter } from '../../store/executions/execution-filters.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import { cursorText, readCursor } from '../index/cursors.ts';
import { type ListedExecution, listedRun } from '../index/rows.ts';
import type { LastEvent } from '../projections/jobs.ts';
import type { ListedTasks, ProjectionReader } from '../projections/reader.ts';
import type { TaskName, TaskQuery } from '../projections/task-lists.ts';
import { lastChange, type TaskRow } from '../projections/task-rows.ts';
import type { ExecutionReader, ExecutionView, UnmaskedView } from './reader.ts';

/** A task execution with its run, and the first items of its visit. */
export interface TaskView extends ExecutionView {
  task: TaskExecution;
  items: TaskExecution[];
  /** Present when some items are left out. */
  more?: { total: number; after: TaskPosition | null };
}

/** A page of the task executions of a run. */
export interface TaskListing extends Pick<ListedTasks, 'rows' | 'next' | 'total' | 'progress'> {
  /** The number of the run. */
  n: number;
  /** The last event of the history that it was read from; null where Temporal has none that can be trusted. */
  last: LastEvent | null;
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
  /** Lists task executions of a run; none of a run whose state is unknown. Throws `execution_not_found`. */
  list(principal: Principal, run: string, query: Omit<TaskQuery, 'contains'>): Promise<TaskListing>;
  /** Lists what a run has started, in order of start: its task executions and its sub-workflows. */
  listChildren(
    principal: Principal,
    filter: ExecutionFilter & { parent: number },
    page: { offset: number; cursor: string | undefined; limit: number },
  ): Promise<ChildPage>;
}

/** The dependencies of the service. */
export interface TaskExecutionDependencies {
  executions: Pick<ExecutionReader, 'readUnmasked'>;
  projections: Pick<ProjectionReader, 'listTasks' | 'findTask'>;
  store: ExecutionStore;
}

/** Creates the service. */
export function createTaskExecutionService({
  executions,
  projections,
  store,
}: TaskExecutionDependencies): TaskExecutionService {
  async function find(principal: Principal, run: string, what: string, name: TaskName): Promise<TaskView> {
    const missing = () => new AppError('execution_not_found', `Execution with ID ${what} not found`);
    const { n, execution, retries, projected } = await executions
      .readUnmasked(principal, run)
      .catch((error: unknown) => {
        // The message names the task, not the run.
        throw isMissing(error) ? missing() : error;
      });
    const view = { n, execution, retries };
    const { tasks, moreTasks, workflowId } = execution;
    if (moreTasks === undefined) {
      const task = tasks.find((each) => isNamed(each, name));
      if (task === undefined) throw missing();
      return { ...view, task, items: task.item === null ? itemsOf(tasks, task) : [] };
    }
    // It is masked with what the same state of the run hides, which may be more than the view does.
    const found = await projections.findTask(workflowId, name, projected?.hidden ?? []);
    if (found === null) throw missing();
    return { ...view, ...found };
  }

  return {
    async get(principal, id) {
      const { n, visit } = parseExecutionId(id) ?? { n: -1, visit: 0 };
      return find(principal, String(integerId(n)), id, { number: visit });
    },

    async getByKey(principal, run, key) {
      return find(principal, run, `${run}/tasks/${key}`, { key });
    },

    async list(principal, run, query) {
      const { n, execution, projected } = await executions.readUnmasked(principal, run);
      const isKnown = execution.projection === 'complete';
      const found = isKnown
        ? await projections.listTasks(execution.workflowId, { ...query, contains: null }, projected?.hidden ?? [])
        : null;
      return { n, ...(found ?? NO_TASKS) };
    },

    async listChildren(principal, filter, { offset, cursor, limit }) {
      const runs = await store.readOn(principal.tenant, filter, { limit: MAX_CHILDREN });
      const all = [...runs.map((run) => listedRun(run)), ...(await tasksOf(principal, filter))].sort(byStart);
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
      const view = await executions.readUnmasked(principal, String(filter.parent));
      const { memo } = view.execution;
      const { enforcement = null, executor, owner, cause } = memo ?? {};
      const run = { n: view.n, enforcement, executor, owner, cause };
      const tasks = await visitsOf(view, filter.resultContains ?? null);
      return tasks.flatMap((task) => (hasId(task) && matches(filter, run, task) ? [listedTask(run, task)] : []));
    } catch (error) {
      // The list of an unknown run is empty.
      if (isMissing(error)) return [];
      throw error;
    }
  }

  /** Returns the visits of a run that may have ids, and whose result contains a text. */
  async function visitsOf({ execution, projected }: UnmaskedView, contains: string | null): Promise<ListableTask[]> {
    const { tasks, moreTasks, workflowId } = execution;
    if (moreTasks === undefined) {
      const containing = tasks.filter((task) => contains === null || resultContains(task, contains));
      return containing.map((task) => ({ ...task, updated: lastChange(task) }));
    }
    const query = { ...VISITS, limit: MAX_NUMBERED_VISITS, contains };
    return (await projections.listTasks(workflowId, query, projected?.hidden ?? []))?.rows ?? [];
  }
}

/** The first visits of a run, in order. */
const VISITS = { order: 'asc', after: null, statuses: null, name: null, parent: null } as const;

/** A page of a run whose state is unknown. */
const NO_TASKS = {
  rows: [],
  next: null,
  total: 0,
  progress: { counts: { total: 0, statuses: createStatusCounts(), tasks: {} }, newest: [], taken: [] },
  last: null,
};

/** The part of a task execution that a list of children shows. */
type ListableTask = Pick<TaskRow, 'number' | 'action' | 'status' | 'state' | 'created' | 'ended' | 'updated'>;

function isMissing(error: unknown): boolean {
  return error instanceof AppError && error.code === 'execution_not_found';
}

function isNamed(task: TaskExecution, name: TaskName): boolean {
  return 'key' in name ? task.key === name.key : task.number === name.number;
}

function itemsOf(tasks: readonly TaskExecution[], { name, visit }: TaskExecution): TaskExecution[] {
  return tasks.filter((other) => other.item !== null && other.name === name && other.visit === visit);
}

function resultContains({ failure, output }: TaskExecution, text: string): boolean {
  return JSON.stringify(failure ?? output)
    .toLowerCase()
    .includes(text.toLowerCase());
}

interface OwningRun {
  n: number;
  enforcement: number | null;
  executor: number | undefined;
  owner: string | undefined;
  cause: Cause | undefined;
}

function hasId({ number }: ListableTask): boolean {
  return number !== null && number <= MAX_NUMBERED_VISITS;
}

function isCausedBy({ event, rule }: ExecutionFilter, cause: Cause | undefined): boolean {
  const isOfEvent = event === undefined || event === cause?.event;
  return isOfEvent && (rule === undefined || rule === cause?.rule || rule === cause?.rule_ref);
}

/** Reports whether a task matches a filter, apart from its result, as the index does for runs. */
function matches(filter: ExecutionFilter, run: OwningRun, task: ListableTask): boolean {
  const { statuses, actionRef, ref, definition, packName, search, open } = filter;
  const created = Date.parse(task.created);
  return (
    (statuses === undefined || statuses.includes(task.status)) &&
    (actionRef === undefined || wildcard(actionRef).test(task.action)) &&
    (ref === undefined || ref === task.action) &&
    definition === undefined &&
    filter.fingerprint === undefined &&
    (packName === undefined || packName === task.action.split('.')[0]) &&
    (filter.enforcement === undefined || filter.enforcement === run.enforcement) &&
    isCausedBy(filter, run.cause) &&
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

function listedTask({ n, enforcement }: OwningRun, task: ListableTask): ListedExecution {
  return {
    id: integerId(n, task.number!),
    ref: task.action,
    status: task.status,
    state: task.state,
    parent: integerId(n),
    enforcement,
    created: new Date(task.created),
    updated: new Date(task.updated),
  };
}

type Place = Pick<ListedExecution, 'created' | 'id'>;

function byStart(a: Place, b: Place): number {
  return a.created.getTime() - b.created.getTime() || a.id - b.id;
}
