import { expect, it } from 'vitest';
import { toggleRun } from '../../console/pages/runs/bulk/selection.ts';

const PAGE = [9, 8, 7];

it.each<[string, number[], boolean, number, number[]]>([
  ['selects a run', [], false, 8, [8]],
  ['selects a run besides others, also of other pages', [7, 3], false, 8, [3, 7, 8]],
  ['no longer selects a run', [8, 7, 3], false, 8, [3, 7]],
  ['leaves the others of the page where everything was selected', [], true, 8, [7, 9]],
])('a click on the box of a run %s', (_, ids, isAll, clicked, expected) => {
  const after = toggleRun({ ids: new Set(ids), isAll }, clicked, PAGE);
  expect([...after.ids].sort((one, other) => one - other)).toEqual(expected);
  expect(after.isAll).toBe(false);
});
