import { type CompiledRule, compileRule } from '../../language/rules/compiler.ts';
import { BoundedMap } from '../../model/bounded-map.ts';
import type { EnforcementRow } from '../../store/events/enforcements.ts';
import type { StoredRule } from '../../store/rules/rule-reads.ts';
import type { RuleStore } from '../../store/rules/rules.ts';

/** The revision of a rule that an enforcement was planned from, with what its rule is now. */
export interface RuleOfMatch {
  enabled: boolean;
  /** Whoever wrote the rule last. */
  owner: number;
  ownerSubject: string;
  /** The authors of that revision, and of the newest one. */
  writers: string[];
  compiled: CompiledRule;
}

/** Finds the rules of enforcements. */
export interface RuleBook {
  /** Finds the revision of an enforcement; null when its rule was deleted. */
  find(match: Pick<EnforcementRow, 'tenant' | 'rule' | 'ruleRef' | 'ruleRevision'>): Promise<RuleOfMatch | null>;
}

/** The most compiled revisions that are kept. */
const KEPT = 500;

/** Creates the book over a store. Revisions never change, so that they are compiled once. */
export function createRuleBook(store: Pick<RuleStore, 'find' | 'findRevision'>): RuleBook {
  const kept = new BoundedMap<string, CompiledRule>(KEPT);

  function compiledOf(rule: number, ref: string, revision: number, content: StoredRule['content']): CompiledRule {
    const name = `${rule} ${revision}`;
    const known = kept.get(name);
    if (known !== undefined) return known;
    const compiled = compileRule({ ref, revision }, content);
    kept.set(name, compiled);
    return compiled;
  }

  return {
    async find({ tenant, rule, ruleRef, ruleRevision }) {
      const stored = await store.find(tenant, ruleRef);
      // Another rule may have the ref by now.
      if (stored === null || stored.id !== rule) return null;
      const planned = stored.revision === ruleRevision ? stored : await store.findRevision(tenant, rule, ruleRevision);
      if (planned === null) return null;
      const { enabled, owner, ownerSubject } = stored;
      const writers = [...new Set([...planned.writers, ...stored.writers])];
      return {
        enabled,
        owner,
        ownerSubject,
        writers,
        compiled: compiledOf(rule, ruleRef, ruleRevision, planned.content),
      };
    },
  };
}
