import { and, arrayOverlaps, asc, count, desc, eq, ilike, inArray, or, type SQL, sql } from 'drizzle-orm';
import type { Definition } from '../../model/definition.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Database } from '../database.ts';
import { likePattern } from '../like.ts';
import { named } from '../named.ts';
import { rules, triggers } from '../rules/tables.ts';
import { actions, packs, revisions, workflows } from './tables.ts';

/** A stored workflow with one of its revisions. */
export interface StoredWorkflow {
  id: number;
  ref: string;
  pack: number;
  packRef: string;
  label: string;
  description: string | null;
  version: string;
  revision: number;
  hash: string;
  definition: Definition;
  paramSchema: JsonObject | null;
  outSchema: JsonObject | null;
  tags: string[];
  enabled: boolean;
  created: Date;
  updated: Date;
}

/** The content of a revision: any change creates the next revision. */
export type RevisionContent = Pick<StoredWorkflow, 'version' | 'hash' | 'definition' | 'paramSchema' | 'outSchema'>;

/** The fields of a workflow that change without a new revision. */
export type WorkflowFields = Pick<StoredWorkflow, 'label' | 'description' | 'tags' | 'enabled'>;

/** Filters of lists of workflows; `tags` matches workflows that have any of them. */
export interface WorkflowFilter {
  packRef?: string | undefined;
  tags?: string[] | undefined;
  enabled?: boolean | undefined;
  search?: string | undefined;
}

/** A stored pack. */
export type StoredPack = typeof packs.$inferSelect;

/** The fields of a pack that can be changed. */
export type PackFields = Pick<StoredPack, 'label' | 'description' | 'version' | 'tags'>;

/** The version label of a revision, and the label of its workflow. */
export interface WorkflowName extends Pick<StoredWorkflow, 'id' | 'revision' | 'version' | 'label'> {}

/** A revision without its content. */
export type RevisionInfo = Pick<StoredWorkflow, 'revision' | 'version' | 'hash' | 'created'>;

/** The packs and workflows of tenants. */
export interface DefinitionStore {
  /** Returns the integer id of a pack; null when there is none. */
  findPack(tenant: string, ref: string): Promise<number | null>;
  /** Finds a pack; null when there is none. */
  getPack(tenant: string, ref: string): Promise<StoredPack | null>;
  /** Lists a page of packs in order of ref; `total` counts all of them. */
  listPacks(tenant: string, page: { offset: number; limit: number }): Promise<{ rows: StoredPack[]; total: number }>;
  /** Creates a pack; returns null when its ref is taken. */
  createPack(tenant: string, fields: PackFields & { ref: string }): Promise<StoredPack | null>;
  /** Updates a pack; returns null when there is none. */
  updatePack(tenant: string, ref: string, fields: Partial<PackFields>): Promise<StoredPack | null>;
  /** Deletes a pack without workflows, actions, triggers and rules; returns false when it has any. */
  removePack(tenant: string, id: number): Promise<boolean>;
  /** Lists the revisions of a workflow, newest first. */
  listRevisions(tenant: string, id: number): Promise<RevisionInfo[]>;
  /** Creates packs unless they exist. */
  ensurePacks(tenant: string, wanted: readonly { ref: string; label: string }[]): Promise<void>;
  /** Finds the newest revision of a workflow, the revision with a number, or the newest with a version label; null when there is none. */
  find(
    tenant: string,
    ref: string,
    pick?: { version?: string | undefined; revision?: number | undefined },
  ): Promise<StoredWorkflow | null>;
  /** Finds the newest revision of a workflow by its integer id; null when there is none. */
  findById(tenant: string, id: number): Promise<StoredWorkflow | null>;
  /** Finds the newest revisions of workflows; unknown refs are left out. */
  findAll(tenant: string, refs: readonly string[]): Promise<StoredWorkflow[]>;
  /** Names revisions of workflows by the integer ids of these; those that are no longer stored are left out. */
  names(tenant: string, wanted: readonly Pick<WorkflowName, 'id' | 'revision'>[]): Promise<WorkflowName[]>;
  /** Lists a page of workflows with their newest revisions, in order of ref; `total` counts all that match. */
  list(
    tenant: string,
    filter: WorkflowFilter,
    page: { offset: number; limit: number },
  ): Promise<{ rows: StoredWorkflow[]; total: number }>;
  /** Lists at most a thousand refs of a tenant's workflows, in order, for suggestions. */
  refs(tenant: string): Promise<string[]>;
  /** Deletes a workflow with all its revisions; returns false when there is none. */
  remove(tenant: string, id: number): Promise<boolean>;
  /** Creates a workflow with revision 1; returns false when its ref is taken. */
  create(tenant: string, pack: number, ref: string, fields: WorkflowFields, content: RevisionContent): Promise<boolean>;
  /**
   * Updates a workflow to what `change` returns for its present state, under a lock. New content becomes the next revision. Returns
   * false when there is no such workflow.
   */
  update(
    tenant: string,
    ref: string,
    change: (stored: StoredWorkflow) => { fields: WorkflowFields; content: RevisionContent | null },
  ): Promise<boolean>;
}

const COLUMNS = {
  id: workflows.id,
  ref: workflows.ref,
  pack: workflows.pack,
  packRef: packs.ref,
  label: workflows.label,
  description: workflows.description,
  version: revisions.version,
  revision: revisions.revision,
  hash: revisions.hash,
  definition: revisions.definition,
  paramSchema: revisions.paramSchema,
  outSchema: revisions.outSchema,
  tags: workflows.tags,
  enabled: workflows.enabled,
  created: workflows.created,
  updated: workflows.updated,
};

/** The most refs that suggestions are chosen from. */
const MAX_SUGGESTED = 1_000;

/** Creates the store over an open database. */
export function createDefinitionStore(db: Database): DefinitionStore {
  const select = () =>
    db
      .select(COLUMNS)
      .from(workflows)
      .innerJoin(packs, eq(packs.id, workflows.pack))
      .innerJoin(revisions, eq(revisions.workflow, workflows.id))
      .$dynamic();
  const current = eq(revisions.revision, workflows.revision);
  const newest = select()
    .where(and(eq(workflows.tenant, sql.placeholder('tenant')), eq(workflows.ref, sql.placeholder('ref')), current))
    .prepare('newest_definition');

  return named<DefinitionStore>('definitions', {
    async findPack(tenant, ref) {
      const found = await db
        .select({ id: packs.id })
        .from(packs)
        .where(and(eq(packs.tenant, tenant), eq(packs.ref, ref)));
      return found[0]?.id ?? null;
    },

    async getPack(tenant, ref) {
      const [found] = await db
        .select()
        .from(packs)
        .where(and(eq(packs.tenant, tenant), eq(packs.ref, ref)));
      return found ?? null;
    },

    async listPacks(tenant, page) {
      const where = eq(packs.tenant, tenant);
      const rows = await db
        .select()
        .from(packs)
        .where(where)
        .orderBy(asc(packs.ref))
        .limit(page.limit)
        .offset(page.offset);
      const [counted] = await db.select({ total: count() }).from(packs).where(where);
      return { rows, total: counted?.total ?? 0 };
    },

    async createPack(tenant, fields) {
      const [created] = await db
        .insert(packs)
        .values({ tenant, ...fields })
        .onConflictDoNothing()
        .returning();
      return created ?? null;
    },

    async updatePack(tenant, ref, fields) {
      const [updated] = await db
        .update(packs)
        .set({ ...fields, updated: new Date() })
        .where(and(eq(packs.tenant, tenant), eq(packs.ref, ref)))
        .returning();
      return updated ?? null;
    },

    async removePack(tenant, id) {
      return db.transaction(async (transaction) => {
        for (const parts of [workflows, actions, triggers, rules]) {
          const held = await transaction.select({ id: parts.id }).from(parts).where(eq(parts.pack, id)).limit(1);
          if (held.length > 0) return false;
        }
        await transaction.delete(packs).where(and(eq(packs.tenant, tenant), eq(packs.id, id)));
        return true;
      });
    },

    async listRevisions(tenant, id) {
      return db
        .select({
          revision: revisions.revision,
          version: revisions.version,
          hash: revisions.hash,
          created: revisions.created,
        })
        .from(revisions)
        .where(and(eq(revisions.tenant, tenant), eq(revisions.workflow, id)))
        .orderBy(desc(revisions.revision));
    },

    async ensurePacks(tenant, wanted) {
      await db
        .insert(packs)
        .values(wanted.map((pack) => ({ ...pack, tenant })))
        .onConflictDoNothing();
    },

    async find(tenant, ref, pick = {}) {
      const { version, revision } = pick;
      if (version === undefined && revision === undefined) {
        const [found] = await newest.execute({ tenant, ref });
        return found ?? null;
      }
      const which = revision === undefined ? eq(revisions.version, version!) : eq(revisions.revision, revision);
      const found = await select()
        .where(and(eq(workflows.tenant, tenant), eq(workflows.ref, ref), which))
        .orderBy(desc(revisions.revision))
        .limit(1);
      return found[0] ?? null;
    },

    async findById(tenant, id) {
      const [found] = await select().where(and(eq(workflows.tenant, tenant), eq(workflows.id, id), current));
      return found ?? null;
    },

    async findAll(tenant, refs) {
      if (refs.length === 0) return [];
      return select().where(and(eq(workflows.tenant, tenant), inArray(workflows.ref, [...refs]), current));
    },

    async names(tenant, wanted) {
      if (wanted.length === 0) return [];
      const pairs = wanted.map(({ id, revision }) => sql`(${id}::integer, ${revision}::integer)`);
      return db
        .select({ id: workflows.id, revision: revisions.revision, version: revisions.version, label: workflows.label })
        .from(revisions)
        .innerJoin(workflows, eq(workflows.id, revisions.workflow))
        .where(
          and(
            eq(workflows.tenant, tenant),
            sql`(${revisions.workflow}, ${revisions.revision}) in (${sql.join(pairs, sql`, `)})`,
          ),
        );
    },

    async list(tenant, filter, page) {
      const { packRef, tags, enabled, search } = filter;
      const conditions: (SQL | undefined)[] = [
        eq(workflows.tenant, tenant),
        packRef === undefined ? undefined : eq(packs.ref, packRef),
        // An empty list is no filter.
        tags === undefined || tags.length === 0 ? undefined : arrayOverlaps(workflows.tags, tags),
        enabled === undefined ? undefined : eq(workflows.enabled, enabled),
        search === undefined
          ? undefined
          : or(
              ...[workflows.ref, workflows.label, workflows.description].map((text) =>
                ilike(text, likePattern(search)),
              ),
            ),
      ];
      const where = and(...conditions);
      const rows = await select()
        .where(and(where, current))
        .orderBy(asc(workflows.ref))
        .limit(page.limit)
        .offset(page.offset);
      const counted = await db
        .select({ total: count() })
        .from(workflows)
        .innerJoin(packs, eq(packs.id, workflows.pack))
        .where(where);
      return { rows, total: counted[0]?.total ?? 0 };
    },

    async refs(tenant) {
      const found = await db
        .select({ ref: workflows.ref })
        .from(workflows)
        .where(eq(workflows.tenant, tenant))
        .orderBy(asc(workflows.ref))
        .limit(MAX_SUGGESTED);
      return found.map(({ ref }) => ref);
    },

    async remove(tenant, id) {
      const removed = await db
        .delete(workflows)
        .where(and(eq(workflows.tenant, tenant), eq(workflows.id, id)))
        .returning({ id: workflows.id });
      return removed.length > 0;
    },

    async create(tenant, pack, ref, fields, content) {
      return db.transaction(async (transaction) => {
        const inserted = await transaction
          .insert(workflows)
          .values({ tenant, pack, ref, revision: 1, ...fields })
          .onConflictDoNothing()
          .returning({ id: workflows.id });
        const id = inserted[0]?.id;
        if (id === undefined) return false;
        await transaction.insert(revisions).values({ tenant, workflow: id, revision: 1, ...content });
        return true;
      });
    },

    async update(tenant, ref, change) {
      return db.transaction(async (transaction) => {
        const locked = await transaction
          .select({ id: workflows.id })
          .from(workflows)
          .where(and(eq(workflows.tenant, tenant), eq(workflows.ref, ref)))
          .for('update');
        const id = locked[0]?.id;
        if (id === undefined) return false;
        const [stored] = await transaction
          .select(COLUMNS)
          .from(workflows)
          .innerJoin(packs, eq(packs.id, workflows.pack))
          .innerJoin(revisions, eq(revisions.workflow, workflows.id))
          .where(and(eq(workflows.id, id), current));
        if (stored === undefined) return false;
        const { fields, content } = change(stored);
        const revision = content === null ? stored.revision : stored.revision + 1;
        if (content !== null)
          await transaction.insert(revisions).values({ tenant, workflow: id, revision, ...content });
        await transaction
          .update(workflows)
          .set({ ...fields, revision, updated: new Date() })
          .where(eq(workflows.id, id));
        return true;
      });
    },
  });
}
