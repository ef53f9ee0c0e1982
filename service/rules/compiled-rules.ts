import { type CompiledRule, compileRule } from '../../language/rules/compiler.ts';
import { createRuleSet, type RuleSet } from '../../language/rules/rule-set.ts';
import { BoundedMap } from '../../model/bounded-map.ts';
import type { EnabledRule, PlannedRuleStore } from '../../store/rules/planned-rules.ts';
import { createPause } from '../background/pauses.ts';

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

/** The rules of a tenant in a version of them, and their compiled revisions by name. */
interface KeptRules {
  version: number;
  set: RuleSet<PlannedRule>;
  compiled: ReadonlyMap<string, CompiledRule>;
}

/** Names a revision, which never changes. */
function nameOf({ id, revision }: Pick<EnabledRule, 'id' | 'revision'>): string {
  return `${id} ${revision}`;
}

/** Compiles the revisions of rules that are not known yet, and returns all by name. */
async function compileChanged(
  rules: readonly EnabledRule[],
  known: ReadonlyMap<string, CompiledRule> | undefined,
): Promise<Map<string, CompiledRule>> {
  const compiled = new Map<string, CompiledRule>();
  const pause = createPause();
  for (const rule of rules) {
    await pause();
    const name = nameOf(rule);
    compiled.set(name, known?.get(name) ?? compileRule(rule, rule.content));
  }
  return compiled;
}

/** Creates the compiled rules, of which none is kept yet. */
export function createCompiledRules(): CompiledRules {
  const kept = new BoundedMap<string, KeptRules>(MAX_KEPT, ({ compiled }) => 1 + compiled.size);

  return {
    async within(store, tenant) {
      // First the version: rules that are newer than it are read again later.
      const version = await store.version(tenant);
      const known = kept.get(tenant);
      if (known?.version === version) return known.set;
      const found = await store.enabled(tenant);
      const compiled = await compileChanged(found, known?.compiled);
      const rules = found.map(({ content: _, ...rule }) => ({ ...rule, compiled: compiled.get(nameOf(rule))! }));
      const set = createRuleSet(rules, ({ compiled: { content } }) => content.type);
      kept.set(tenant, { version, set, compiled });
      return set;
    },
  };
}
