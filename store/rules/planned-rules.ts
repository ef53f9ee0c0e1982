import { and, asc, eq, sql } from 'drizzle-orm';
import type { RuleContent } from '../../model/rules/rule.ts';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { ruleCounts, ruleRevisions, rules, ruleVersions } from './tables.ts';

/** An enabled rule, as planning needs it. */
export interface EnabledRule extends Pick<typeof rules.$inferSelect, 'owner' | 'ownerSubject'> {
  id: number;
  ref: string;
  revision: number;
  content: RuleContent;
}

/** Numbers that are added to the counts of a rule. */
export interface AddedCounts {
  rule: number;
  matched?: number;
  started?: number;
  suppressed?: number;
  failed?: number;
  undefined?: number;
}

/** The rules of tenants as planning reads them, within one transaction or without. */
export interface PlannedRuleStore {
  /** Returns a number that grows with each change of a tenant's rules. To be read before the rules, in the same transaction. */
  version(tenant: string): Promise<number>;
  /** Lists the enabled rules of a tenant with their newest revisions, in order of id. */
  enabled(tenant: string): Promise<EnabledRule[]>;
  /** Adds to the counts of rules, each of which is named once; those that were deleted are left out. */
  count(tenant: string, added: readonly AddedCounts[]): Promise<void>;
}

/** Creates the store over an open database or a transaction. */
export function createPlannedRuleStore(db: Pick<Database, 'select' | 'execute'>): PlannedRuleStore {
  return named<PlannedRuleStore>('planned-rules', {
    async version(tenant) {
      const { version } = ruleVersions;
      const [found] = await db.select({ version }).from(ruleVersions).where(eq(ruleVersions.tenant, tenant));
      return found?.version ?? 0;
    },

    async enabled(tenant) {
      const { id, ref, revision, owner, ownerSubject } = rules;
      return db
        .select({ id, ref, revision, owner, ownerSubject, content: ruleRevisions.content })
        .from(rules)
        .innerJoin(ruleRevisions, and(eq(ruleRevisions.rule, id), eq(ruleRevisions.revision, revision)))
        .where(and(eq(rules.tenant, tenant), eq(rules.enabled, true)))
        .orderBy(asc(id));
    },

    async count(tenant, added) {
      if (added.length === 0) return;
      // Locked in one order, so that two processes do not wait for each other.
      await db.execute(sql`
        with added as materialized (
          select * from json_to_recordset(${JSON.stringify(added)}::json) as given(rule integer, matched bigint, started bigint,
            suppressed bigint, failed bigint, undefined bigint)
        ), locked as materialized (
          select rule from ${ruleCounts} where tenant = ${tenant} and rule in (select rule from added) order by rule for update
        )
        update ${ruleCounts} as kept set
          matched = kept.matched + coalesce(added.matched, 0),
          started = kept.started + coalesce(added.started, 0),
          suppressed = kept.suppressed + coalesce(added.suppressed, 0),
          failed = kept.failed + coalesce(added.failed, 0),
          undefined = kept.undefined + coalesce(added.undefined, 0),
          last_match = case when added.matched > 0 then now() else kept.last_match end
        from added join locked using (rule)
        where kept.tenant = ${tenant} and kept.rule = added.rule`);
    },
  });
}
