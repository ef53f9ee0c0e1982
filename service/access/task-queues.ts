import { AppError } from '../../model/app-error.ts';
import type { Principal } from '../../model/principal.ts';
import type { ActionSpec, RunInput } from '../../model/run-input.ts';
import type { PrincipalStore } from '../../store/access/principals.ts';
import type { GivenTaskQueue, TaskQueueStore } from '../../store/access/task-queues.ts';
import { demandHome } from './principals.ts';

export type { GivenTaskQueue };

/** Manages which tenant owns which task queue: a worker serves whoever may put tasks into its queue. */
export interface TaskQueueService {
  /** Throws `task_queue_forbidden` unless every queue belongs to the tenant; `path` points to the name in the request. */
  demandOwn(tenant: string, names: readonly string[], path?: string): Promise<void>;
  /**
   * Lists a page of the assigned queues; `total` counts all of them. Throws `forbidden` unless the caller belongs to the default
   * tenant.
   */
  list(caller: Principal, page: { offset: number; limit: number }): Promise<{ rows: GivenTaskQueue[]; total: number }>;
  /**
   * Assigns a queue to a tenant, by the tenant's ref or UUID: no other tenant can use it from now on. Throws `forbidden` unless the
   * caller belongs to the default tenant, `tenant_not_found`.
   */
  assign(caller: Principal, name: string, tenant: string): Promise<GivenTaskQueue>;
  /** Removes the assignment of a queue. Throws `forbidden` unless the caller belongs to the default tenant, `task_queue_not_found`. */
  remove(caller: Principal, name: string): Promise<void>;
}

/** The dependencies of the service. */
export interface TaskQueueDependencies {
  store: TaskQueueStore;
  principals: Pick<PrincipalStore, 'findTenant'>;
}

/** Creates the service. */
export function createTaskQueueService({ store, principals }: TaskQueueDependencies): TaskQueueService {
  return {
    async demandOwn(tenant, names, path) {
      const [foreign] = names.length === 0 ? [] : await store.foreign(tenant, names);
      if (foreign === undefined) return;
      // The message is the same whether or not another tenant owns the queue, so that names are not revealed.
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

/** Returns the task queues into which a run and its sub-workflows can put tasks. */
export function listTaskQueues({ actions, workflows = {} }: Pick<RunInput, 'actions' | 'workflows'>): string[] {
  const specs = [actions, ...Object.values(workflows).map((workflow) => workflow.actions)].flatMap(
    (each): ActionSpec[] => Object.values(each),
  );
  return [...new Set(specs.flatMap(({ task_queue: queue }) => queue ?? []))];
}
