import { expect, it } from 'vitest';
import { createCompiledRules } from '../../../service/rules/compiled-rules.ts';
import type { EnabledRule, PlannedRuleStore } from '../../../store/rules/planned-rules.ts';
import { sampleContent } from '../../language/rules/sample-rules.ts';

const rule = (id: number, type: string): EnabledRule => {
  return { id, ref: `p.r${id}`, revision: 1, owner: 1, ownerSubject: 'ann', content: sampleContent({ type }) };
};

it('the compiled rules of a tenant are kept until its version changes, and other tenants have theirs', async () => {
  const tables: Record<string, { version: number; rules: EnabledRule[] }> = {
    one: { version: 1, rules: [rule(1, 'a.*'), rule(2, 'a.b')] },
    two: { version: 0, rules: [] },
  };
  let reads = 0;
  const store: PlannedRuleStore = {
    version: async (tenant) => tables[tenant]!.version,
    enabled: async (tenant) => {
      reads += 1;
      return tables[tenant]!.rules;
    },
    count: async () => undefined,
  };
  const compiled = createCompiledRules();
  const find = async (tenant: string) => (await compiled.within(store, tenant)).find('a.b').map(({ ref }) => ref);
  expect(await find('one')).toEqual(['p.r1', 'p.r2']);
  expect(await find('one')).toEqual(['p.r1', 'p.r2']);
  expect(await find('two')).toEqual([]);
  expect(reads).toBe(2);
  tables.one = { version: 2, rules: [rule(2, 'a.b'), rule(3, '*')] };
  expect(await find('one')).toEqual(['p.r2', 'p.r3']);
  expect(reads).toBe(3);
});

it('a revision is compiled once, whatever else the tenant writes', async () => {
  let version = 1;
  let rules = [rule(1, 'a.b'), rule(2, 'a.b')];
  const store: PlannedRuleStore = {
    version: async () => version,
    enabled: async () => rules,
    count: async () => undefined,
  };
  const kept = createCompiledRules();
  const compiled = async () => (await kept.within(store, 'one')).find('a.b').map((each) => each.compiled);
  const before = await compiled();
  version = 2;
  rules = [{ ...rule(1, 'a.b'), label: 'other' } as EnabledRule, { ...rule(2, 'a.b'), revision: 2 }];
  const after = await compiled();
  expect(after[0]).toBe(before[0]);
  expect(after[1]).not.toBe(before[1]);
  expect(after[1]!.name.revision).toBe(2);
});
