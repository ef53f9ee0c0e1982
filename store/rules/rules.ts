import { and, arrayOverlaps, asc, count, desc, eq, ilike, or, type SQL, sql } from 'drizzle-orm';
import type { EnforcementReason } from '../../model/events/enforcement.ts';
import type { RuleContent } from '../../model/rules/rule.ts';
import type { Database } from '../database.ts';
import { packs, workflows } from '../definitions/tables.ts';
import { againAfterDeadlock } from '../engines/deadlocks.ts';
import { suppressPending } from '../events/enforcements.ts';
import { awaitPlanning } from '../events/locks.ts';
import { likePattern } from '../like.ts';
import { named } from '../named.ts';
import { holdNamedParts } from './named-parts.ts';
import { DISABLED, listStarters, noteChange, retireStarters, writeRuleRevision } from './rule-changes.ts';
import { ruleCounts, ruleRevisions, rules } from './tables.ts';

/** How many of the events that a rule was applied to had which outcome. */
export type RuleCounts = Omit<typeof ruleCounts.$inferSelect, 'rule' | 'tenant'>;

/** A stored rule with its newest revision. */
export interface StoredRule extends RuleFields {
  id: number;
  ref: string;
  pack: number;
  packRef: string;
  revision: number;
  hash: string;
  content: RuleContent;
  /** The subjects that count as authors of its newest revision. */
  writers: string[];
  owner: number;
  ownerSubject: string;
  counts: RuleCounts;
  created: Date;
  updated: Date;
}

/** The fields of a rule that change without a new revision. */
export interface RuleFields {
  label: string;
  description: string | null;
  tags: string[];
  enabled: boolean;
}

/** The content of a revision, with the hash of its canonical JSON. */
export interface HashedContent {
  hash: string;
  content: RuleContent;
}

/** The principal that writes a rule. */
export interface RuleWriter {
  owner: number;
  ownerSubject: string;
}

/** The next state of a rule: `content` of a new revision, null for none; `writers` are the authors of its then newest revision. */
export interface RuleChange {
  fields: RuleFields;
  content: HashedContent | null;
  writers: string[];
}

/** A revision in the list of them. */
export interface RuleRevision extends HashedContent {
  revision: number;
  created: Date;
}

/** Filters of lists of rules; `tags` matches rules that have any of them. */
export interface RuleFilter {
  packRef?: string | undefined;
  type?: string | undefined;
  trigger?: string | undefined;
  workflow?: string | undefined;
  enabled?: boolean | undefined;
  tags?: string[] | undefined;
  search?: string | undefined;
}

/** The rules of tenants. */
export interface RuleStore {
  /** Finds a rule; null when there is none. */
  find(tenant: string, ref: string): Promise<StoredRule | null>;
  /** Finds a rule by its integer id; null when there is none. */
  findById(tenant: string, id: number): Promise<StoredRule | null>;
  /** Finds a revision by the integer id of its rule; null when there is none. */
  findRevision(tenant: string, id: number, revision: number): Promise<Pick<StoredRule, 'content' | 'writers'> | null>;
  /** Lists a page of rules in order of ref; `total` counts all that match. */
  list(
    tenant: string,
    filter: RuleFilter,
    page: { offset: number; limit: number },
  ): Promise<{ rows: StoredRule[]; total: number }>;
  /** Lists the revisions of a rule, newest first. */
  revisions(tenant: string, id: number): Promise<RuleRevision[]>;
  /** Creates a rule with revision 1. Returns why it did not: its ref is taken, or its trigger or its workflow is no longer there. */
  create(
    tenant: string,
    rule: {
      pack: number;
      ref: string;
      fields: RuleFields;
      content: HashedContent;
      writers: string[];
      by: RuleWriter;
    },
  ): Promise<'taken' | 'part_gone' | null>;
  /**
   * Updates a rule to what `change` returns for its present state, under a lock. New content becomes the next revision. Returns why it
   * did not: there is no such rule, or its trigger or its workflow is no longer there.
   */
  update(
    tenant: string,
    ref: string,
    by: RuleWriter,
    change: (stored: StoredRule) => RuleChange,
  ): Promise<'missing' | 'part_gone' | null>;
  /** Deletes a rule with its revisions; returns false when there is none. */
  remove(tenant: string, ref: string): Promise<boolean>;
  /** Lists the refs of enabled rules that start a workflow, in order. */
  startersOf(tenant: string, workflow: string): Promise<string[]>;
  /** Disables the rules that start a workflow. */
  disableStarters(tenant: string, workflow: string): Promise<void>;
  /**
   * Disables a workflow that is to be deleted, and the rules that start it. Without `force`, only if no enabled rule does: otherwise nothing
   * changes. Returns the refs of the enabled rules, in order.
   */
  retireWorkflow(tenant: string, workflow: { id: number; ref: string }, force: boolean): Promise<string[]>;
}

/** Why what is pending of a deleted rule starts nothing any more. */
const DELETED: EnforcementReason = { code: 'rule_deleted', message: 'the rule was deleted' };

const COLUMNS = {
  id: rules.id,
  ref: rules.ref,
  pack: rules.pack,
  packRef: packs.ref,
  label: rules.label,
  description: rules.description,
  tags: rules.tags,
  enabled: rules.enabled,
  revision: rules.revision,
  hash: ruleRevisions.hash,
  content: ruleRevisions.content,
  writers: ruleRevisions.writers,
  owner: rules.owner,
  ownerSubject: rules.ownerSubject,
  counts: {
    matched: ruleCounts.matched,
    started: ruleCounts.started,
    suppressed: ruleCounts.suppressed,
    failed: ruleCounts.failed,
    undefined: ruleCounts.undefined,
    lastMatch: ruleCounts.lastMatch,
  },
  created: rules.created,
  updated: rules.updated,
};

/** Creates the store over an open database. */
export function createRuleStore(db: Database): RuleStore {
  const selectFrom = (source: Pick<Database, 'select'>) =>
    source
      .select(COLUMNS)
      .from(rules)
      .innerJoin(packs, eq(packs.id, rules.pack))
      .innerJoin(ruleRevisions, and(eq(ruleRevisions.rule, rules.id), eq(ruleRevisions.revision, rules.revision)))
      .innerJoin(ruleCounts, eq(ruleCounts.rule, rules.id))
      .$dynamic();
  const that = (tenant: string, ref: string) => and(eq(rules.tenant, tenant), eq(rules.ref, ref));

  return named<RuleStore>('rules', {
    async find(tenant, ref) {
      const [found] = await selectFrom(db).where(that(tenant, ref));
      return found ?? null;
    },

    async findById(tenant, id) {
      const [found] = await selectFrom(db).where(and(eq(rules.tenant, tenant), eq(rules.id, id)));
      return found ?? null;
    },

    async findRevision(tenant, id, revision) {
      const { content, writers } = ruleRevisions;
      const which = and(
        eq(ruleRevisions.tenant, tenant),
        eq(ruleRevisions.rule, id),
        eq(ruleRevisions.revision, revision),
      );
      const [found] = await db.select({ content, writers }).from(ruleRevisions).where(which);
      return found ?? null;
    },

    async list(tenant, filter, page) {
      const where = conditionOf(tenant, filter);
      const rows = await selectFrom(db).where(where).orderBy(asc(rules.ref)).limit(page.limit).offset(page.offset);
      const [counted] = await db
        .select({ total: count() })
        .from(rules)
        .innerJoin(packs, eq(packs.id, rules.pack))
        .where(where);
      return { rows, total: counted?.total ?? 0 };
    },

    async revisions(tenant, id) {
      const { revision, hash, content, created } = ruleRevisions;
      return db
        .select({ revision, hash, content, created })
        .from(ruleRevisions)
        .where(and(eq(ruleRevisions.tenant, tenant), eq(ruleRevisions.rule, id)))
        .orderBy(desc(revision));
    },

    async create(tenant, { pack, ref, fields, content: hashed, writers, by }) {
      return db.transaction(async (transaction) => {
        if (!(await holdNamedParts(transaction, tenant, hashed.content))) return 'part_gone';
        const [inserted] = await transaction
          .insert(rules)
          .values({ tenant, pack, ref, revision: 1, ...fields, ...by, ...foundBy(hashed.content) })
          .onConflictDoNothing()
          .returning({ id: rules.id });
        if (inserted === undefined) return 'taken';
        const { id } = inserted;
        await transaction.insert(ruleRevisions).values({ tenant, rule: id, revision: 1, writers, ...hashed });
        await transaction.insert(ruleCounts).values({ tenant, rule: id });
        await noteChange(transaction, tenant);
        return null;
      });
    },

    update: (tenant, ref, by, change) =>
      againAfterDeadlock(() =>
        db.transaction(async (transaction) => {
          const [locked] = await transaction
            .select({ id: rules.id })
            .from(rules)
            .where(that(tenant, ref))
            .for('update');
          const [stored] = locked === undefined ? [] : await selectFrom(transaction).where(that(tenant, ref));
          if (stored === undefined) return 'missing';
          const { fields, content: hashed, writers } = change(stored);
          const { content } = hashed ?? stored;
          if (!(await holdNamedParts(transaction, tenant, content))) return 'part_gone';
          const revision = await writeRuleRevision(transaction, tenant, stored, hashed, writers);
          await transaction
            .update(rules)
            .set({
              ...fields,
              ...by,
              ...foundBy(content),
              ...sinceOf(stored, fields, content),
              revision,
              updated: new Date(),
            })
            .where(that(tenant, ref));
          if (stored.enabled && !fields.enabled) await suppressPending(transaction, tenant, [stored.id], DISABLED);
          await noteChange(transaction, tenant);
          return null;
        }),
      ),

    remove: (tenant, ref) =>
      againAfterDeadlock(() =>
        db.transaction(async (transaction) => {
          const [found] = await transaction.select({ id: rules.id }).from(rules).where(that(tenant, ref)).for('update');
          if (found === undefined) return false;
          // Planning changes the counts of the rule, which are deleted with it.
          await awaitPlanning(transaction, tenant);
          await transaction.delete(rules).where(that(tenant, ref));
          await suppressPending(transaction, tenant, [found.id], DELETED);
          await noteChange(transaction, tenant);
          return true;
        }),
      ),

    startersOf: (tenant, workflow) => listStarters(db, tenant, workflow),
    disableStarters: (tenant, workflow) =>
      againAfterDeadlock(() => db.transaction((transaction) => retireStarters(transaction, tenant, workflow))),

    retireWorkflow: (tenant, { id, ref }, force) =>
      againAfterDeadlock(() =>
        db.transaction(async (transaction) => {
          const that = and(eq(workflows.tenant, tenant), eq(workflows.id, id));
          await transaction.select({ id: workflows.id }).from(workflows).where(that).for('update');
          const starters = await listStarters(transaction, tenant, ref);
          if (starters.length > 0 && !force) return starters;
          await transaction.update(workflows).set({ enabled: false }).where(that);
          await retireStarters(transaction, tenant, ref);
          return starters;
        }),
      ),
  });
}

function conditionOf(tenant: string, filter: RuleFilter): SQL | undefined {
  const { packRef, type, trigger, workflow, enabled, tags, search } = filter;
  return and(
    eq(rules.tenant, tenant),
    packRef === undefined ? undefined : eq(packs.ref, packRef),
    type === undefined ? undefined : eq(rules.type, type),
    trigger === undefined ? undefined : eq(rules.trigger, trigger),
    workflow === undefined ? undefined : eq(rules.workflow, workflow),
    enabled === undefined ? undefined : eq(rules.enabled, enabled),
    // An empty list is no filter.
    tags === undefined || tags.length === 0 ? undefined : arrayOverlaps(rules.tags, tags),
    search === undefined
      ? undefined
      : or(...[rules.ref, rules.label, rules.description].map((text) => ilike(text, likePattern(search)))),
  );
}

/** Returns the columns by which a rule with a content is found. */
function foundBy({ type, trigger_ref: trigger, webhook, workflow }: RuleContent) {
  return { type, trigger, webhook, workflow };
}

/** Returns since when a rule has its type and is enabled, if an update changes that: no end of a run from before is an event for it. */
function sinceOf(before: StoredRule, { enabled }: RuleFields, { type }: RuleContent) {
  return enabled === before.enabled && type === before.content.type ? {} : { since: sql`now()` };
}
