import { expect, it } from 'vitest';
import { EXECUTION_STATUSES, EXECUTION_WORDS, executionWord, statusesNamed } from '../../model/status.ts';

it('every word of document 000 filters, and every status has one of them', () => {
  for (const word of EXECUTION_WORDS) expect(statusesNamed(word)?.length, word).toBeGreaterThan(0);
  for (const status of EXECUTION_STATUSES) expect(EXECUTION_WORDS).toContain(executionWord(status));
});

it.each([
  ['cancelled', ['cancelled', 'terminated']],
  ['canceled', ['cancelled', 'terminated']],
  ['CANCELLED', ['cancelled', 'terminated']],
  ['terminated', ['terminated']],
  ['running', ['running', 'waiting', 'paused']],
  ['completed', ['completed', 'skipped']],
  ['waiting', ['waiting']],
  ['scheduling', ['scheduled']],
  ['nonsense', undefined],
  ['constructor', undefined],
])('the word %s means %j', (word, statuses) => {
  expect(statusesNamed(word)).toEqual(statuses);
});
