import { asc, count, eq, type SQL, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { actions, taskQueues, tenants } from '../schema.ts';

/** A task queue that was given to a tenant, by the tenant's ref. */
export interface GivenTaskQueue {
  name: string;
  tenant: string;
  created: Date;
}

/** Which task queues belong to whom. */
export interface TaskQueueStore {
  /** Returns those of some queues that are not a tenant's own. */
  foreign(tenant: string, names: readonly string[]): Promise<string[]>;
  /** The actions that no longer start, since their queue is not their tenant's. */
  unusable(limit: number): Promise<{ tenant: string; ref: string }[]>;
  /** A page of the queues that were given, in order of name, and how many there are. */
  list(page: { offset: number; limit: number }): Promise<{ rows: GivenTaskQueue[]; total: number }>;
  /** Gives a queue to a tenant, also when it was another's. */
  assign(name: string, tenant: string): Promise<Date>;
  /** Takes a queue from whom it was given to; false when it was given to nobody. */
  remove(name: string): Promise<boolean>;
}

/**
 * Whether the queue with this name is another's than the tenant's. A queue belongs to whom it was given; without that, to the tenant
 * whose ref stands before its first dot, and any other to the first tenant. That of Fermata's workers belongs to nobody.
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
