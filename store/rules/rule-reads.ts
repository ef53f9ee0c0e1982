import { and, arrayOverlaps, asc, count, desc, eq, ilike, or, type SQL } from 'drizzle-orm';
import type { RuleContent } from '../../model/rules/rule.ts';
import type { Database } from '../database.ts';
import { packs } from '../definitions/tables.ts';
import { likePattern } from '../like.ts';
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

/** Finds the rules of tenants. */
export interface RuleReads {
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
}

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

/** Selects rules with their newest revisions. */
export const selectRules = (db: Pick<Database, 'select'>) =>
  db
    .select(COLUMNS)
    .from(rules)
    .innerJoin(packs, eq(packs.id, rules.pack))
    .innerJoin(ruleRevisions, and(eq(ruleRevisions.rule, rules.id), eq(ruleRevisions.revision, rules.revision)))
    .innerJoin(ruleCounts, eq(ruleCounts.rule, rules.id))
    .$dynamic();

/** Matches the rule with a ref. */
export const hasRef = (tenant: string, ref: string) => and(eq(rules.tenant, tenant), eq(rules.ref, ref));

/** Creates the reads over an open database or a transaction. */
export function createRuleReads(db: Pick<Database, 'select'>): RuleReads {
  return {
    async find(tenant, ref) {
      const [found] = await selectRules(db).where(hasRef(tenant, ref));
      return found ?? null;
    },

    async findById(tenant, id) {
      const [found] = await selectRules(db).where(and(eq(rules.tenant, tenant), eq(rules.id, id)));
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
      const rows = await selectRules(db).where(where).orderBy(asc(rules.ref)).limit(page.limit).offset(page.offset);
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
  };
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
