import { expect, it } from 'vitest';
import { createRuleBook } from '../../../service/events/rule-book.ts';
import type { StoredRule } from '../../../store/rules/rule-reads.ts';
import { sampleContent } from '../../language/rules/sample-rules.ts';

it('the authors of a match are those of the revision that has matched, and of the newest one', async () => {
  const content = sampleContent({ type: 'a.b' });
  const newest = { id: 7, ref: 'p.r', revision: 3, content, enabled: true, owner: 1, ownerSubject: 'ann' };
  const stored = { ...newest, writers: ['ann', 'bob'] } as unknown as StoredRule; // no more is read
  const past: Record<number, string[]> = { 1: ['cleo'], 2: ['dan', 'bob'] };
  const book = createRuleBook({
    find: async () => stored,
    findRevision: async (_, __, revision) => ({ content, writers: past[revision]! }),
  });
  const writersOf = async (ruleRevision: number) =>
    (await book.find({ tenant: 't', rule: 7, ruleRef: 'p.r', ruleRevision }))?.writers;
  expect(await writersOf(3)).toEqual(['ann', 'bob']);
  expect(await writersOf(2)).toEqual(['dan', 'bob', 'ann']);
  expect(await writersOf(1)).toEqual(['cleo', 'ann', 'bob']);
  // Who has changed it since counts, although its content is known.
  stored.writers.push('eve');
  expect(await writersOf(3)).toEqual(['ann', 'bob', 'eve']);
  expect(await writersOf(2)).toContain('eve');
});
