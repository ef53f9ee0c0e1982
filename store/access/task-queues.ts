import { asc, count, eq, type SQL, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { actions } from '../definitions/tables.ts';
import { named } from '../named.ts';
import { taskQueues, tenants } from './tables.ts';

/** A task queue that is assigned to a tenant, by the tenant's ref. */
export interface GivenTaskQueue {
  name: string;
  tenant: string;
  created: Date;
}

/** The assignment of task queues to tenants. */
export interface TaskQueueStore {
  /** Returns the queues among some that do not belong to a tenant. */
  foreign(tenant: string, names: readonly string[]): Promise<string[]>;
  /** Lists actions that cannot start because their queue does not belong to their tenant. */
  unusable(limit: number): Promise<{ tenant: string; ref: string }[]>;
  /** Lists a page of assigned queues in order of name; `total` counts all of them. */
  list(page: { offset: number; limit: number }): Promise<{ rows: GivenTaskQueue[]; total: number }>;
  /** Assigns a queue to a tenant, even if it belonged to another one. */
  assign(name: string, tenant: string): Promise<Date>;
  /** Removes an assignment; returns false when there was none. */
  remove(name: string): Promise<boolean>;
}

/**
 * Matches queues that do not belong to a tenant. A queue belongs to the tenant that it is assigned to; else to the tenant whose ref
 * precedes its first dot; else to the default tenant. The queue of Fermata's workers belongs to nobody.
 */
function isForeign(name: SQL, tenant: SQL): SQL {
  const given = sql`(select ${taskQueues.tenant} from ${taskQueues} where ${taskQueues.name} = ${name})`;
  const named = sql`(select ${tenants.id} from ${tenants} where starts_with(${name}, ${tenants.ref} || '.'))`;
  const first = sql`(select ${tenants.id} from ${tenants} where ${tenants.ref} = 'default')`;
  return sql`(${name} = 'fermata' or ${tenant} is distinct from coalesce(${given}, ${named}, ${first}))`;
}

/** Creates the store over an open database. */
export function createTaskQueueStore(db: Database): TaskQueueStore {
  return named<TaskQueueStore>('task-queues', {
    async foreign(tenant, names) {
      const asked = sql`json_array_elements_text(${JSON.stringify(names)}::json) as asked(name)`;
      const found = await db
        .select({ name: sql<string>`asked.name` })
        .from(asked)
        .where(isForeign(sql`asked.name`, sql`${tenant}::uuid`));
      return found.map(({ name }) => name);
    },

    async unusable(limit) {
      return db
        .select({ tenant: tenants.ref, ref: actions.ref })
        .from(actions)
        .innerJoin(tenants, eq(tenants.id, actions.tenant))
        .where(isForeign(sql`${actions.taskQueue}`, sql`${actions.tenant}`))
        .orderBy(asc(tenants.ref), asc(actions.ref))
        .limit(limit);
    },

    async list({ offset, limit }) {
      const rows = await db
        .select({ name: taskQueues.name, tenant: tenants.ref, created: taskQueues.created })
        .from(taskQueues)
        .innerJoin(tenants, eq(tenants.id, taskQueues.tenant))
        .orderBy(asc(taskQueues.name))
        .limit(limit)
        .offset(offset);
      const [counted] = await db.select({ total: count() }).from(taskQueues);
      return { rows, total: counted?.total ?? 0 };
    },

    async assign(name, tenant) {
      const [row] = await db
        .insert(taskQueues)
        .values({ name, tenant })
        .onConflictDoUpdate({ target: taskQueues.name, set: { tenant } })
        .returning({ created: taskQueues.created });
      return row!.created;
    },

    async remove(name) {
      const removed = await db.delete(taskQueues).where(eq(taskQueues.name, name)).returning({ name: taskQueues.name });
      return removed.length > 0;
    },
  });
}
