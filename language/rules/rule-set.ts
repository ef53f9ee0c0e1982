import { patternPrefix } from '../../model/events/type-pattern.ts';
import { listPrefixes } from '../../model/rules/patterns.ts';

/** Rules of a tenant, found by the type of an event: the cost depends on the segments of the type, and not on the number of rules. */
export interface RuleSet<Rule> {
  /** Returns the rules whose type or pattern matches a type, in the order in which they were given. */
  find(type: string): readonly Rule[];
}

/** Creates the set; `patternOf` returns the type or the pattern of a rule. */
export function createRuleSet<Rule>(rules: readonly Rule[], patternOf: (rule: Rule) => string): RuleSet<Rule> {
  const exact = new Map<string, Entry<Rule>[]>();
  const prefixed = new Map<string, Entry<Rule>[]>();
  for (const [order, rule] of rules.entries()) {
    const pattern = patternOf(rule);
    const prefix = patternPrefix(pattern);
    const [index, key] = prefix === null ? [exact, pattern] : [prefixed, prefix];
    const entries = index.get(key);
    if (entries === undefined) index.set(key, [{ order, rule }]);
    else entries.push({ order, rule });
  }
  return {
    find(type) {
      const found = [...(exact.get(type) ?? []), ...listPrefixes(type).flatMap((prefix) => prefixed.get(prefix) ?? [])];
      return found.sort((a, b) => a.order - b.order).map(({ rule }) => rule);
    },
  };
}

interface Entry<Rule> {
  order: number;
  rule: Rule;
}
