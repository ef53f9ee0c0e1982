import { expect, it } from 'vitest';
import type { Issue } from '../../../model/issue.ts';
import { createStoredExaminations } from '../../../service/definitions/stored-examinations.ts';
import type { StoredWorkflow } from '../../../store/definitions/definitions.ts';

const issue = (code: string): Issue => ({ code, path: '/definition', message: 'x' });

/** Workflows `p.0`, `p.1`, … of which every third would be refused, and every third beginning with the second is read otherwise. */
function examinationsOf(count: number) {
  const pages: number[] = [];
  const found = createStoredExaminations({
    list: async (_, __, { offset, limit }) => {
      pages.push(offset);
      const all = Array.from({ length: count }, (_, n) => ({
        ref: `p.${n}`,
        packRef: 'p',
        label: 'x',
        version: '1.0.0',
        revision: n,
      }));
      return { rows: all.slice(offset, offset + limit) as StoredWorkflow[], total: count };
    },
    validate: async (_, body) => {
      const number = Number((body as { ref: string }).ref.slice(2));
      return {
        issues: number % 3 === 0 ? [issue('unknown_field')] : [],
        warnings: number % 3 === 1 ? [issue('attr_finds_nothing')] : [issue('input_missing')],
      };
    },
  });
  return { found, pages };
}

it('examines a page of stored workflows as if they were written now', async () => {
  const { rows, total } = await examinationsOf(5).found.examine({ tenant: 't' }, { offset: 3, limit: 20 });
  expect(total).toBe(5);
  expect(
    rows.map(({ ref, version, revision, issues, warnings }) => [
      ref,
      version,
      revision,
      issues.length,
      warnings.length,
    ]),
  ).toEqual([
    ['p.3', '1.0.0', 3, 1, 1],
    ['p.4', '1.0.0', 4, 0, 1],
  ]);
});

it.each([
  [5, 100, [0], ['p.0', 'p.3'], ['p.1', 'p.4']],
  [0, 100, [0], [], []],
  [45, 22, [0, 20], 8, 7],
  [45, 100, [0, 20, 40], 15, 15],
])(
  'finds among %i workflows, of which %i are looked at, those that are outdated',
  async (count, limit, pages, refused, otherwise) => {
    const { found, pages: asked } = examinationsOf(count);
    const outdated = await found.findOutdated('t', limit, new AbortController().signal);
    expect(asked).toEqual(pages);
    expect(typeof refused === 'number' ? outdated.refused.length : outdated.refused).toEqual(refused);
    expect(typeof otherwise === 'number' ? outdated.otherwise.length : outdated.otherwise).toEqual(otherwise);
  },
);

it('examines nothing more once it is to stop', async () => {
  const { found, pages } = examinationsOf(45);
  expect(await found.findOutdated('t', 100, AbortSignal.abort())).toEqual({ refused: [], otherwise: [] });
  expect(pages).toEqual([]);
});
