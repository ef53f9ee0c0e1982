import { and, eq, sql } from 'drizzle-orm';
import type { EnforcementReason } from '../../model/events/enforcement.ts';
import type { RuleContent } from '../../model/rules/rule.ts';
import type { Database, Transaction } from '../database.ts';
import { workflows } from '../definitions/tables.ts';
import { againAfterDeadlock } from '../engines/deadlocks.ts';
import { suppressPending } from '../events/enforcements.ts';
import { awaitPlanning } from '../events/locks.ts';
import { named } from '../named.ts';
import { holdNamedParts } from './named-parts.ts';
import { DISABLED, listStarters, noteChange, retireStarters, writeRuleRevision } from './rule-changes.ts';
import {
  createRuleReads,
  type HashedContent,
  hasRef,
  type RuleFields,
  type RuleReads,
  type StoredRule,
  selectRules,
} from './rule-reads.ts';
import { ruleCounts, ruleRevisions, rules } from './tables.ts';

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

/** The rules of tenants. */
export interface RuleStore extends RuleReads {
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
   * Updates a rule to what `next` returns for its present state, under a lock. New content becomes the next revision. Returns why it
   * did not: there is no such rule, or its trigger or its workflow is no longer there.
   */
  update(
    tenant: string,
    ref: string,
    by: RuleWriter,
    next: (stored: StoredRule) => RuleChange,
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

/**
 * Creates the store over an open database; `onSuppressed` is called with the number of enforcements that a change has suppressed, once it is
 * committed.
 */
export function createRuleStore(
  db: Database,
  onSuppressed: (enforcements: number) => void = () => undefined,
): RuleStore {
  /** Changes rules in one transaction; `note` takes the number of enforcements that this suppresses. */
  async function change<T>(
    work: (transaction: Transaction, note: (suppressed: number) => void) => Promise<T>,
  ): Promise<T> {
    const done = await againAfterDeadlock(() =>
      db.transaction(async (transaction) => {
        let suppressed = 0;
        const result = await work(transaction, (more) => {
          suppressed += more;
        });
        return { result, suppressed };
      }),
    );
    if (done.suppressed > 0) onSuppressed(done.suppressed);
    return done.result;
  }

  return named<RuleStore>('rules', {
    ...createRuleReads(db),

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

    update: (tenant, ref, by, next) =>
      change(async (transaction, note) => {
        const [locked] = await transaction
          .select({ id: rules.id })
          .from(rules)
          .where(hasRef(tenant, ref))
          .for('update');
        const [stored] = locked === undefined ? [] : await selectRules(transaction).where(hasRef(tenant, ref));
        if (stored === undefined) return 'missing';
        const { fields, content: hashed, writers } = next(stored);
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
          .where(hasRef(tenant, ref));
        if (stored.enabled && !fields.enabled) note(await suppressPending(transaction, tenant, [stored.id], DISABLED));
        await noteChange(transaction, tenant);
        return null;
      }),

    remove: (tenant, ref) =>
      change(async (transaction, note) => {
        const [found] = await transaction.select({ id: rules.id }).from(rules).where(hasRef(tenant, ref)).for('update');
        if (found === undefined) return false;
        // Planning changes the counts of the rule, which are deleted with it.
        await awaitPlanning(transaction, tenant);
        await transaction.delete(rules).where(hasRef(tenant, ref));
        note(await suppressPending(transaction, tenant, [found.id], DELETED));
        await noteChange(transaction, tenant);
        return true;
      }),

    startersOf: (tenant, workflow) => listStarters(db, tenant, workflow),

    disableStarters: (tenant, workflow) =>
      change(async (transaction, note) => note(await retireStarters(transaction, tenant, workflow))),

    retireWorkflow: (tenant, { id, ref }, force) =>
      change(async (transaction, note) => {
        const that = and(eq(workflows.tenant, tenant), eq(workflows.id, id));
        await transaction.select({ id: workflows.id }).from(workflows).where(that).for('update');
        const starters = await listStarters(transaction, tenant, ref);
        if (starters.length > 0 && !force) return starters;
        await transaction.update(workflows).set({ enabled: false }).where(that);
        note(await retireStarters(transaction, tenant, ref));
        return starters;
      }),
  });
}

/** Returns the columns by which a rule with a content is found. */
function foundBy({ type, trigger_ref: trigger, webhook, workflow }: RuleContent) {
  return { type, trigger, webhook, workflow };
}

/** Returns since when a rule has its type and is enabled, if an update changes that: no end of a run from before is an event for it. */
function sinceOf(before: StoredRule, { enabled }: RuleFields, { type }: RuleContent) {
  return enabled === before.enabled && type === before.content.type ? {} : { since: sql`now()` };
}
