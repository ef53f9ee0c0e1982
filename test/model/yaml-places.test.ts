import { expect, it } from 'vitest';
import { findValuePlaces } from '../../model/yaml-places.ts';

const TEXT = `# a comment
first: one
list:
  - 1
  - { inside: &anchor [2, 3] }
other: *anchor
"quoted/~key":
  empty:
deep: { a: { b: "x" } }
`;

it.each<[pointer: string, line: number, column: number]>([
  ['', 2, 1],
  ['/first', 2, 8],
  ['/list', 3, 1],
  ['/list/0', 4, 5],
  ['/list/1', 5, 5],
  ['/list/1/inside', 5, 7],
  ['/list/1/inside/1', 5, 27],
  ['/other', 6, 8],
  ['/other/0', 5, 24],
  ['/quoted~1~0key', 7, 1],
  ['/quoted~1~0key/empty', 8, 9],
  ['/deep/a', 9, 9],
  ['/deep/a/b', 9, 17],
  ['/deep/a/missing/more', 9, 9],
  ['/list/9', 3, 1],
  ['/missing', 2, 1],
])('%s stands in line %i, column %i', (pointer, line, column) => {
  expect(findValuePlaces(TEXT, [pointer])).toEqual([{ line, column }]);
});

it('JSON has places, whatever white space it has', () => {
  const text = '{\r\n\t"a": {"b":\t[1,\n"x"]}}';
  expect(findValuePlaces(text, ['/a', '/a/b', '/a/b/1'])).toEqual([
    { line: 2, column: 2 },
    { line: 2, column: 8 },
    { line: 3, column: 1 },
  ]);
});

it('a text with too much in it has no places', () => {
  expect(findValuePlaces('['.repeat(300), ['/0'])).toEqual([null]);
  expect(findValuePlaces(`[${'1,'.repeat(200_000)}1]`, ['/0', '/1'])).toEqual([null, null]);
  expect(findValuePlaces('', [''])).toEqual([null]);
});
