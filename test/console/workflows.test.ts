import { expect, it } from 'vitest';
import { describeFields } from '../../console/pages/catalog/fields.ts';
import { sumUp } from '../../console/pages/workflows/runs/latest.ts';
import { daysBefore, recentRunsPath } from '../../console/pages/workflows/runs/recent.ts';
import { explainNoDecision, listVisitTemplates } from '../../console/pages/workflows/simulation/simulation.ts';

// Everything that the pages of workflows and of the catalog compute by themselves.

const ran = (state: 'completed' | 'failed' | 'cancelled' | 'running', duration_ms: number | null) => ({
  state,
  duration_ms,
});

it('the latest runs are summed up: the median is that of those which succeeded, and open ones count for nothing', () => {
  expect(sumUp([])).toEqual({ open: 0, ended: 0, succeeded: 0, percent: null, median: null });
  const runs = [ran('completed', 10), ran('completed', 300), ran('completed', 20), ran('failed', 9_000)];
  expect(sumUp(runs)).toEqual({ open: 0, ended: 4, succeeded: 3, percent: 75, median: 20 });
  const more = [...runs, ran('running', null), ran('cancelled', 1), ran('completed', 400)];
  expect(sumUp(more)).toEqual({ open: 1, ended: 6, succeeded: 4, percent: 66, median: 20 });
  expect(sumUp([ran('failed', 5)]).median).toBeNull();
  const most = Array.from({ length: 50 }, (_, n) => ran(n < 29 ? 'completed' : 'failed', 1));
  expect(sumUp(most).percent).toBe(58);
});

it('the last seven days are counted from the beginning of a UTC day', () => {
  const since = daysBefore(Date.parse('2026-03-09T17:30:00Z'));
  expect(since).toBe('2026-03-03T00:00:00.000Z');
  expect(recentRunsPath(since)).toBe(
    '/executions/stats?group_by=action_ref&created_after=2026-03-03T00%3A00%3A00.000Z',
  );
});

it('the fields of a schema are described in a few words', () => {
  const properties = {
    url: { type: 'string', format: 'uri', title: 'Address', description: 'Where the request goes' },
    method: { enum: ['GET', 'POST'], default: 'GET' },
    sizes: { type: 'array', items: { type: 'integer' } },
    rows: { type: 'array', items: {} },
    token: { type: ['string', 'null'], writeOnly: true },
    many: { enum: [1, 2, 3, 4, 5, 6, 7], type: 'integer' },
    site: { format: 'uri' },
    code: { writeOnly: true },
    level: { enum: ['low', 'high'], writeOnly: true },
    keys: { type: 'array', items: { type: 'string' }, writeOnly: true },
    anything: true,
  };
  expect(describeFields({ properties, required: ['url', 'sizes'] })).toEqual([
    { name: 'url', words: 'string (uri), required', note: 'Address. Where the request goes' },
    { name: 'method', words: '"GET" or "POST", default "GET"', note: '' },
    { name: 'sizes', words: 'list of integer, required', note: '' },
    { name: 'rows', words: 'list', note: '' },
    { name: 'token', words: 'string or null, hidden', note: '' },
    { name: 'many', words: 'integer', note: '' },
    { name: 'site', words: 'uri', note: '' },
    { name: 'code', words: 'hidden', note: '' },
    { name: 'level', words: '"low" or "high", hidden', note: '' },
    { name: 'keys', words: 'list of string, hidden', note: '' },
    { name: 'anything', words: '', note: '' },
  ]);
  expect([describeFields({}), describeFields({ properties: 'odd' })]).toEqual([[], []]);
});

it('the templates of a simulated visit stand with the values at their places', () => {
  const tasks = [
    { name: 'a', action: 'core.noop' },
    { name: 'b', action: 'core.noop', input: { text: 'Hello {{ name }}', kept: 'as it is', list: [1, '{{ n }}'] } },
  ];
  const templates = (key: string, input: unknown) =>
    listVisitTemplates({ key, input } as Parameters<typeof listVisitTemplates>[0], { tasks });
  expect(templates('b#2', { text: 'Hello you', kept: 'as it is', list: [1, 7] })).toEqual([
    { path: '/text', template: 'Hello {{ name }}', value: 'Hello you' },
    { path: '/list/1', template: '{{ n }}', value: 7 },
  ]);
  expect([templates('b', null), templates('a', {}), templates('gone', {})]).toEqual([[], [], []]);
});

it.each([
  ['last', 'succeeded', 'No transition leads on from last.'],
  ['last#2', 'cancelled', 'No transition leads on from last#2.'],
  ['a', 'running', 'a has not ended, so no transition was decided upon.'],
  ['a#2', 'cancelled', 'a#2 was cancelled, so no transition was decided upon.'],
  ['a', 'succeeded', 'No transition of a was decided upon.'],
] as const)('why no transition of %s was decided upon once it is %s', (key, status, words) => {
  expect(explainNoDecision({ key, status }, { edges: [{ from: 'a' }] })).toBe(words);
});
