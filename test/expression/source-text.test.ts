import { expect, it } from 'vitest';
import { parseExpression } from '../../expression/parser.ts';
import { writeExpression } from '../../expression/source-text.ts';

const withoutPlaces = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, each) => (key === 'line' || key === 'column' ? undefined : each)));

it.each([
  ['a', 'a'],
  ["a['b c'].d[0]", 'a["b c"].d[0]'],
  ['a.b [ c ]', 'a.b[c]'],
  ['a[1:2], a[:], a[::2]', '(a[1:2], a[:], a[::2])'],
  ['(a,)', '(a,)'],
  ["{'k': [1, 2.0, none, true]}", '{"k": [1, 2.0, none, true]}'],
  ['a or b and not c', 'a or b and not c'],
  ['(a or b) and not (c and d)', '(a or b) and not (c and d)'],
  ['not not a', 'not not a'],
  ['a - (b - c) - d', 'a - (b - c) - d'],
  ['(a + b) * c ** d ** e', '(a + b) * c ** d ** e'],
  ['a ~ b + c', 'a ~ b + c'],
  ['-a.b', '-a.b'],
  ['-(a|abs)', '-(a | abs)'],
  ['-a|abs', '-a | abs'],
  ['(a + b)|round(1, method="ceil")', '(a + b) | round(1, method="ceil")'],
  ['a|first|last', 'a | first | last'],
  ['a < b <= c in d not in e', 'a < b <= c in d not in e'],
  ['(a < b) == c', '(a < b) == c'],
  ['a is defined and b is not none', 'a is defined and not b is none'],
  ['a is divisibleby(3)', 'a is divisibleby(3)'],
  ['a.items() | list', 'a.items() | list'],
  ['(a if b else c) or d', '(a if b else c) or d'],
  ['a if b', 'a if b'],
  ["'it''s \\n'", '"its \\n"'],
])('%s', (source, written) => {
  const expression = parseExpression(source);
  expect(writeExpression(expression)).toBe(written);
  expect(withoutPlaces(parseExpression(written))).toEqual(withoutPlaces(expression));
});
