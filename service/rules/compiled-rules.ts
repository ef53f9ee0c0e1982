import { type CompiledRule, compileRule } from '../../language/rules/compiler.ts';
import { createRuleSet, type RuleSet } from '../../language/rules/rule-set.ts';
import { BoundedMap } from '../../model/bounded-map.ts';
import type { EnabledRule, PlannedRuleStore } from '../../store/rules/planned-rules.ts';

/** An enabled rule, compiled. */
export interface PlannedRule extends Omit<EnabledRule, 'content'> {
  compiled: CompiledRule;
}

/** The compiled rules of tenants, kept until they change. */
export interface CompiledRules {
  /** Returns the enabled rules of a tenant as a transaction sees them; `store` reads within that transaction. */
  within(store: PlannedRuleStore, tenant: string): Promise<RuleSet<PlannedRule>>;
}

/** The most rules that are kept, of all tenants together. */
const MAX_KEPT = 50_000;

/** Creates the compiled rules, of which none is kept yet. */
export function createCompiledRules(): CompiledRules {
  const kept = new BoundedMap<string, { version: number; set: RuleSet<PlannedRule>; size: number }>(
    MAX_KEPT,
    ({ size }) => 1 + size,
  );

  return {
    async within(store, tenant) {
      // First the version: rules that are newer than it are read again later.
      const version = await store.version(tenant);
      const known = kept.get(tenant);
      if (known?.version === version) return known.set;
      const found = await store.enabled(tenant);
      const rules = found.map(({ content, ...rule }) => ({ ...rule, compiled: compileRule(rule, content) }));
      const set = createRuleSet(rules, ({ compiled }) => compiled.content.type);
      kept.set(tenant, { version, set, size: rules.length });
      return set;
    },
  };
}
