import { and, asc, count, eq, inArray, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { likePattern } from '../like.ts';
import { named } from '../named.ts';
import { actions, packs, revisions, workflows } from './tables.ts';

/** A stored action of workers outside Fermata. */
export type StoredAction = typeof actions.$inferSelect & { packRef: string };

/** The fields of an action that can be changed. */
export type ActionFields = Omit<typeof actions.$inferInsert, 'id' | 'tenant' | 'pack' | 'ref' | 'created' | 'updated'>;

/** The actions of tenants. */
export interface ActionStore {
  /** Finds an action; null when there is none. */
  find(tenant: string, ref: string): Promise<StoredAction | null>;
  /** Finds actions; unknown refs are left out. */
  findAll(tenant: string, refs: readonly string[]): Promise<StoredAction[]>;
  /** Lists a page of actions in order of ref; `total` counts all that match. */
  list(
    tenant: string,
    options: { packRef?: string | undefined },
    page: { offset: number; limit: number },
  ): Promise<{ rows: StoredAction[]; total: number }>;
  /** Creates an action; returns false when its ref is taken, also by a workflow. */
  create(tenant: string, pack: number, ref: string, fields: ActionFields): Promise<boolean>;
  /** Updates an action; returns false when there is none. */
  update(tenant: string, ref: string, fields: Partial<ActionFields>): Promise<boolean>;
  /** Finds a workflow whose newest revision names an action; null when there is none. */
  userOf(tenant: string, ref: string): Promise<string | null>;
  /** Deletes an action. */
  remove(tenant: string, ref: string): Promise<void>;
}

/** Creates the store over an open database. */
export function createActionStore(db: Database): ActionStore {
  const select = () =>
    db
      .select({ action: actions, packRef: packs.ref })
      .from(actions)
      .innerJoin(packs, eq(packs.id, actions.pack))
      .$dynamic();
  const stored = ({ action, packRef }: { action: typeof actions.$inferSelect; packRef: string }): StoredAction => ({
    ...action,
    packRef,
  });

  const byRef = select()
    .where(and(eq(actions.tenant, sql.placeholder('tenant')), eq(actions.ref, sql.placeholder('ref'))))
    .prepare('action_by_ref');

  return named<ActionStore>('actions', {
    async find(tenant, ref) {
      const [found] = await byRef.execute({ tenant, ref });
      return found === undefined ? null : stored(found);
    },

    async findAll(tenant, refs) {
      if (refs.length === 0) return [];
      const found = await select().where(and(eq(actions.tenant, tenant), inArray(actions.ref, [...refs])));
      return found.map(stored);
    },

    async list(tenant, { packRef }, page) {
      const where = and(eq(actions.tenant, tenant), packRef === undefined ? undefined : eq(packs.ref, packRef));
      const rows = await select().where(where).orderBy(asc(actions.ref)).limit(page.limit).offset(page.offset);
      const [counted] = await db
        .select({ total: count() })
        .from(actions)
        .innerJoin(packs, eq(packs.id, actions.pack))
        .where(where);
      return { rows: rows.map(stored), total: counted?.total ?? 0 };
    },

    async create(tenant, pack, ref, fields) {
      return db.transaction(async (transaction) => {
        const [workflow] = await transaction
          .select({ id: workflows.id })
          .from(workflows)
          .where(and(eq(workflows.tenant, tenant), eq(workflows.ref, ref)));
        if (workflow !== undefined) return false;
        const created = await transaction
          .insert(actions)
          .values({ tenant, pack, ref, ...fields })
          .onConflictDoNothing()
          .returning({ id: actions.id });
        return created.length > 0;
      });
    },

    async update(tenant, ref, fields) {
      const updated = await db
        .update(actions)
        .set({ ...fields, updated: new Date() })
        .where(and(eq(actions.tenant, tenant), eq(actions.ref, ref)))
        .returning({ id: actions.id });
      return updated.length > 0;
    },

    async userOf(tenant, ref) {
      // The text is as JSON.stringify wrote it.
      const named = likePattern(`"action":${JSON.stringify(ref)}`);
      const [found] = await db
        .select({ ref: workflows.ref })
        .from(workflows)
        .innerJoin(revisions, and(eq(revisions.workflow, workflows.id), eq(revisions.revision, workflows.revision)))
        .where(and(eq(workflows.tenant, tenant), sql`${revisions.definition}::text like ${named}`))
        .limit(1);
      return found?.ref ?? null;
    },

    async remove(tenant, ref) {
      await db.delete(actions).where(and(eq(actions.tenant, tenant), eq(actions.ref, ref)));
    },
  });
}
