import { expect, it } from 'vitest';
import {
  EXECUTION_STATUSES,
  EXECUTION_WORDS,
  executionWord,
  STATUS_FILTER_WORDS,
  type StatusDialect,
  statusesNamed,
} from '../../model/status.ts';

it('every word of the Executions API filters, and every status has one of them', () => {
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
  ['success', ['completed', 'skipped']],
  ['error', ['failed', 'timeout', 'abandoned']],
  ['new', ['requested', 'scheduled']],
  ['crashed', ['abandoned']],
  ['pending', ['requested', 'scheduled']],
  ['skipped', ['skipped']],
  ['paused', ['paused']],
  ['failed', ['failed']],
  ['nonsense', undefined],
  ['toString', undefined],
  ['constructor', undefined],
])('the word %s means %j', (word, statuses) => {
  expect(statusesNamed(word)).toEqual(statuses);
});

it.each<[StatusDialect, string, string[] | undefined]>([
  ['automation', 'failed', ['failed', 'abandoned']],
  ['automation', 'completed', ['completed']],
  ['automation', 'cancelled', ['cancelled', 'terminated']],
  ['automation', 'canceled', ['cancelled', 'terminated']],
  ['automation', 'pending', ['requested', 'scheduled']],
  ['automation', 'abandoned', ['abandoned']],
  ['automation', 'success', ['completed', 'skipped']],
  ['management', 'running', ['requested', 'scheduled', 'running', 'waiting', 'paused', 'canceling']],
  ['management', 'cancelled', ['cancelled']],
  ['mcp', 'waiting', ['waiting', 'paused']],
  ['mcp', 'error', ['failed', 'timeout', 'abandoned']],
  ['mcp', 'canceled', ['cancelled', 'terminated']],
  ['mcp', 'cancelled', ['cancelled', 'terminated']],
  ['mcp', 'failed', ['failed']],
  ['mcp', 'nonsense', undefined],
])('in the words of %s, %s means %j', (dialect, word, statuses) => {
  expect(statusesNamed(word, dialect)).toEqual(statuses);
});

it('every word that filters take means something in every dialect', () => {
  for (const dialect of ['execution', 'automation', 'management', 'mcp'] as const) {
    for (const word of STATUS_FILTER_WORDS) expect(statusesNamed(word, dialect), `${dialect} ${word}`).toBeDefined();
  }
});
