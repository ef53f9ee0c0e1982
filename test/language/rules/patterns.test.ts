import { expect, it } from 'vitest';
import { createRuleSet } from '../../../language/rules/rule-set.ts';
import { EventPatternSchema, EventTypeSchema, listPrefixes, matchesPattern } from '../../../model/rules/patterns.ts';

it.each([
  ['com.github.push', 'com.github.push', true],
  ['com.github.push', 'com.github.push.x', false],
  ['com.github.*', 'com.github.push', true],
  ['com.github.*', 'com.github.pull_request.opened', true],
  ['com.github.*', 'com.github', false],
  ['com.github.*', 'com.github.', false],
  ['com.github.*', 'com.github2.push', false],
  ['*', 'push', true],
  ['*', 'a.b.c', true],
  ['*', 'io.fermata.execution.failed', false],
  ['io.*', 'io.fermata.execution.failed', false],
  ['io.*', 'io.other', true],
  ['*', 'io.fermata', true],
  ['io.fermata.*', 'io.fermata.execution.failed', true],
  ['io.fermata.execution.*', 'io.fermata.execution.failed', true],
  ['io.fermata.execution.failed', 'io.fermata.execution.failed', true],
  ['A.*', 'a.b', false],
])('%s and %s: %s', (pattern, type, matches) => {
  expect(matchesPattern(pattern, type)).toBe(matches);
  expect(createRuleSet([pattern], (each) => each).find(type)).toEqual(matches ? [pattern] : []);
});

it('a pattern has `*` as its last segment alone, and a type has none', () => {
  const good = ['*', 'a.*', 'a..*', 'com.example/x:1', '!~'];
  for (const pattern of good) expect(EventPatternSchema.safeParse(pattern).success, pattern).toBe(true);
  const bad = ['', 'a*', 'a.b*', '*.a', 'a.*.b', '**', 'a.**', 'a b', 'ä.*', 'a\n', '\u007f', 'x'.repeat(201)];
  for (const pattern of bad) expect(EventPatternSchema.safeParse(pattern).success, pattern).toBe(false);
  for (const type of ['a.*', '*', ...bad]) expect(EventTypeSchema.safeParse(type).success, type).toBe(false);
});

it('rules are found in their order, by as many lookups as the type has segments', () => {
  const patterns = [
    'a.b.*',
    '*',
    'a.b.c',
    'a.*',
    'b.*',
    'a.b.c',
    ...Array.from({ length: 10_000 }, (_, n) => `x${n}.*`),
  ];
  const set = createRuleSet(patterns, (each) => each);
  expect(set.find('a.b.c')).toEqual(['a.b.*', '*', 'a.b.c', 'a.*', 'a.b.c']);
  expect(listPrefixes('a.b.c')).toEqual(['', 'a.', 'a.b.']);
  expect(listPrefixes('io.fermata.execution.failed')).toEqual(['io.fermata.', 'io.fermata.execution.']);
});

it('a set finds what matches one by one, whatever the types are', () => {
  const words = ['a', 'b', 'io', 'fermata', ''];
  const types = words.flatMap((x) => words.flatMap((y) => words.map((z) => [x, y, z].join('.'))));
  const patterns = [
    '*',
    ...types,
    ...types.map((type) => `${type}.*`),
    ...types.map((type) => type.replace(/[^.]*$/, '*')),
  ];
  const set = createRuleSet(patterns, (each) => each);
  for (const type of types) {
    expect(set.find(type), type).toEqual(patterns.filter((pattern) => matchesPattern(pattern, type)));
  }
});
