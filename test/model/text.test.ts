import { expect, it } from 'vitest';
import { boundedText, storableText } from '../../model/text.ts';

it.each([
  ['short', 5, 'short'],
  ['longer', 5, 'long…'],
  ['', 5, ''],
  ['half \ud83d', 100, 'half \ufffd'],
  // A cut within a character removes all of it.
  ['abc👍def', 5, 'abc\ufffd…'],
])('%j is at most %i units', (given, most, bounded) => {
  expect(boundedText(given, most)).toBe(bounded);
});

it('what Postgres cannot store becomes U+FFFD, and nothing else changes', () => {
  expect(storableText('a\0b\ud83dc👍\u202e\uffff')).toBe('a\ufffdb\ufffdc👍\u202e\uffff');
});
