import { AppError } from '../../model/app-error.ts';
import type { Principal } from '../../model/principal.ts';
import type { ActionSpec, RunInput } from '../../model/run-input.ts';
import type { PrincipalStore } from '../../store/access/principals.ts';
import type { GivenTaskQueue, TaskQueueStore } from '../../store/access/task-queues.ts';
import { demandHome } from './principals.ts';

export type { GivenTaskQueue };

/** Whose task queues are whose: a worker serves whoever may put tasks into its queue. */
export interface TaskQueueService {
  /** Throws `task_queue_forbidden` unless every queue is the tenant's own; `path` is where the name stands in a request. */
  demandOwn(tenant: string, names: readonly string[], path?: string): Promise<void>;
  /** A page of the queues that were given to tenants, and how many there are. Throws `forbidden` but for the first tenant. */
  list(caller: Principal, page: { offset: number; limit: number }): Promise<{ rows: GivenTaskQueue[]; total: number }>;
  /**
   * Gives a queue to a tenant, by its ref or UUID: no other one can use it from now on. Throws `forbidden` but for the first tenant,
   * `tenant_not_found`.
   */
  assign(caller: Principal, name: string, tenant: string): Promise<GivenTaskQueue>;
  /** Takes a queue from the tenant that it was given to. Throws `forbidden` but for the first tenant, `task_queue_not_found`. */
  remove(caller: Principal, name: string): Promise<void>;
}

/** Creates the service. */
export function createTaskQueueService(
  store: TaskQueueStore,
  principals: Pick<PrincipalStore, 'findTenant'>,
): TaskQueueService {
  return {
    async demandOwn(tenant, names, path) {
      const [foreign] = names.length === 0 ? [] : await store.foreign(tenant, names);
      if (foreign === undefined) return;
      // The same words for a queue that somebody has and for one that nobody has: names of others are not told.
      const message = `the task queue "${foreign}" belongs to another tenant: use one that is assigned to this tenant, or a name that begins with its ref and a dot`;
      const issues = path === undefined ? undefined : [{ code: 'task_queue_forbidden', path, message }];
      throw new AppError('task_queue_forbidden', message, issues && { issues });
    },

    async list(caller, page) {
      demandHome(caller, 'list the task queues of all tenants');
      return store.list(page);
    },

    async assign(caller, name, tenant) {
      demandHome(caller, 'assign task queues to tenants');
      const found = await principals.findTenant(tenant);
      if (found === null) throw new AppError('tenant_not_found', `tenant "${tenant}" not found`);
      return { name, tenant: found.ref, created: await store.assign(name, found.id) };
    },

    async remove(caller, name) {
      demandHome(caller, 'unassign task queues');
      const removed = await store.remove(name);
      if (!removed) throw new AppError('task_queue_not_found', `task queue "${name}" is not assigned to any tenant`);
    },
  };
}

/** The task queues into which a run can put tasks, those of its sub-workflows included. */
export function taskQueuesOf({ actions, workflows = {} }: Pick<RunInput, 'actions' | 'workflows'>): string[] {
  const specs = [actions, ...Object.values(workflows).map((workflow) => workflow.actions)].flatMap(
    (each): ActionSpec[] => Object.values(each),
  );
  return [...new Set(specs.flatMap(({ task_queue: queue }) => queue ?? []))];
}
