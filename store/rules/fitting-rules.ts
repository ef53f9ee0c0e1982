import { and, asc, eq, gt, inArray } from 'drizzle-orm';
import type { RuleContent } from '../../model/rules/rule.ts';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { ruleRevisions, rules } from './tables.ts';

/** A rule with its newest revision. */
export interface FittingRule {
  id: number;
  ref: string;
  revision: number;
  enabled: boolean;
  content: RuleContent;
}

/** Finds rules by what they are about. */
export interface FittingRuleStore {
  /** Lists the rules about some types or patterns, also disabled ones: those after an integer id, in order of id. */
  list(tenant: string, types: readonly string[], page: { after: number; limit: number }): Promise<FittingRule[]>;
}

/** Creates the store over an open database. */
export function createFittingRuleStore(db: Database): FittingRuleStore {
  return named<FittingRuleStore>('fitting-rules', {
    list(tenant, types, { after, limit }) {
      const { id, ref, revision, enabled } = rules;
      return db
        .select({ id, ref, revision, enabled, content: ruleRevisions.content })
        .from(rules)
        .innerJoin(ruleRevisions, and(eq(ruleRevisions.rule, id), eq(ruleRevisions.revision, revision)))
        .where(and(eq(rules.tenant, tenant), inArray(rules.type, [...types]), gt(id, after)))
        .orderBy(asc(id))
        .limit(limit);
    },
  });
}
