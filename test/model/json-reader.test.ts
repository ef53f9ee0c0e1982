import { describe, expect, it } from 'vitest';
import { JsonRefused, parseJson } from '../../model/json-reader.ts';

/** Returns the faults of a text, each as `code pointer`; or its value. */
function outcomeOf(text: string, options?: { bigIntegers: 'text' }): unknown {
  try {
    return parseJson(text, options);
  } catch (error) {
    if (!(error instanceof JsonRefused)) throw error;
    return error.issues.map(({ code, path }) => `${code} ${path}`);
  }
}

/** Each outcome, without and with big integers as texts; the second one only where it is another. */
const TABLE: [text: string, plain: unknown, withTexts?: unknown][] = [
  // Integers, up to those that a double represents.
  ['9007199254740991', 9007199254740991],
  ['-9007199254740991', -9007199254740991],
  ['9007199254740992', ['number_inexact '], '9007199254740992'],
  ['-9007199254740993', ['number_inexact '], '-9007199254740993'],
  ['{"a":[1,{"b":7615917337495251231}]}', ['number_inexact /a/1/b'], { a: [1, { b: '7615917337495251231' }] }],
  ['[18446744073709551615,1]', ['number_inexact /0'], ['18446744073709551615', 1]],
  [`[${'9'.repeat(400)}]`, ['number_inexact /0'], ['9'.repeat(400)]],
  // Fractions are rounded to the nearest double, as by every tool; values outside its range are refused.
  ['0.1000000000000000055511151231257827', 0.1],
  ['1e308', 1e308],
  ['1E20', 1e20],
  ['5e-324', 5e-324],
  ['0e-400', 0],
  ['0.000e999', 0],
  ['[1e400]', ['number_inexact /0'], ['number_inexact /0']],
  ['[-1e309,2]', ['number_inexact /0'], ['number_inexact /0']],
  ['{"x":1e-400}', ['number_inexact /x'], ['number_inexact /x']],
  ['0.0000001e-320', ['number_inexact '], ['number_inexact ']],
  // Digits inside of texts and keys are text.
  ['{"9007199254740993":"9007199254740993"}', { '9007199254740993': '9007199254740993' }],
  ['"1e400"', '1e400'],
  // Keys.
  ['{"a":1,"a":2}', ['key_repeated /a'], ['key_repeated /a']],
  ['{"a":1,"\\u0061":2}', ['key_repeated /a'], ['key_repeated /a']],
  ['{"a":{"a":1},"b":[{"a":1},{"a":1}]}', { a: { a: 1 }, b: [{ a: 1 }, { a: 1 }] }],
  ['[{"x":{},"x":[]},{"y":0}]', ['key_repeated /0/x'], ['key_repeated /0/x']],
  ['{"toString":1,"constructor":2}', { toString: 1, constructor: 2 }],
  ['{"a":{"__proto__":{"x":1}}}', ['key_reserved /a/__proto__'], ['key_reserved /a/__proto__']],
  ['{"\\u005f\\u005fproto__":1}', ['key_reserved /__proto__'], ['key_reserved /__proto__']],
  // Texts.
  ['["\\ud83d\\ude00","\\u0000","\\\\ud800"]', ['😀', '\0', '\\ud800']],
  ['["\\ud83d"]', ['text_malformed /0'], ['text_malformed /0']],
  ['["\\ude00\\ud83d"]', ['text_malformed /0'], ['text_malformed /0']],
  ['["\ud83d"]', ['text_malformed /0'], ['text_malformed /0']],
  ['{"a":{"\\ud800":1}}', ['text_malformed /a/\ufffd'], ['text_malformed /a/\ufffd']],
  // Characters of the structure have no meaning in a text.
  ['{"a\\"b{[,":"}]\\\\","c":[],"d":{}}', { 'a"b{[,': '}]\\', c: [], d: {} }],
  [
    ' [ 1 , { "a" : [ ] , "b" : 99999999999999999 } ] ',
    ['number_inexact /1/b'],
    [1, { a: [], b: '99999999999999999' }],
  ],
  // All at once, in a pointer's own spelling.
  [
    '{"a/b":{"~":1e999,"~":99999999999999999}}',
    ['number_inexact /a~1b/~0', 'key_repeated /a~1b/~0', 'number_inexact /a~1b/~0'],
    ['number_inexact /a~1b/~0', 'key_repeated /a~1b/~0'],
  ],
  ['null', null],
  ['""', ''],
];

describe('parseJson', () => {
  it.each(TABLE)('%s', (text, plain, withTexts = plain) => {
    expect([outcomeOf(text), outcomeOf(text, { bigIntegers: 'text' })]).toEqual([plain, withTexts]);
  });

  it.each(['', '{', '[1,]', "{'a':1}", '01', '1.', 'NaN', '"\u0001"', '1 2'])('%j is not JSON', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  const refusalOf = (text: string, options?: { bigIntegers: 'text' }): JsonRefused | null => {
    try {
      parseJson(text, options);
      return null;
    } catch (error) {
      return error as JsonRefused;
    }
  };

  it('names 20 faults at most, shows little of each, and says how many more there are', () => {
    const deep = `${'['.repeat(900)}${`${'9'.repeat(5_000)},`.repeat(99)}1${']'.repeat(900)}`;
    const { issues, message: text } = refusalOf(deep)!;
    for (const { path, message } of issues) expect(path.length + message.length).toBeLessThan(1_200);
    expect(issues[20]).toEqual({ code: 'more_issues', path: '', message: 'and 79 more', omitted: 79 });
    expect(text.endsWith('; send it as a string; and 79 more')).toBe(true);
  });

  it.each<[string, number, number, [number, number?], [number, number?]]>([
    ['20 keys', 20, 0, [20], [20]],
    ['21 keys', 21, 0, [21, 1], [21, 1]],
    ['20 integers', 0, 20, [20], [0]],
    ['30 integers', 0, 30, [21, 10], [0]],
    ['15 keys and 15 integers', 15, 15, [21, 10], [15]],
    ['25 keys and 25 integers', 25, 25, [21, 30], [21, 5]],
  ])('counts the faults that it does not name: %s', (_, keys, integers, plain, withTexts) => {
    const repeated = Array.from({ length: keys + 1 }, () => '"a":1');
    const text = `{${repeated},"b":[${Array.from({ length: integers }, () => '9'.repeat(16))}]}`;
    const told = (options?: { bigIntegers: 'text' }) => {
      const { issues } = refusalOf(text, options) ?? { issues: [] };
      return [issues.length, issues.at(-1)?.omitted];
    };
    expect([told(), told({ bigIntegers: 'text' })]).toEqual([plain, withTexts].map(([of, more]) => [of, more]));
  });

  it('reads 1,000 levels, and looks no further into more of them', () => {
    const nested = (levels: number, inside: string) => `${'['.repeat(levels)}${inside}${']'.repeat(levels)}`;
    expect(outcomeOf(nested(1_000, '1'))).toBeInstanceOf(Array);
    const [deeper] = outcomeOf(nested(1_001, '1')) as string[];
    expect(deeper).toMatch(/^too_deep (\/0){300}/);
    const repeated = `{${Array.from({ length: 41 }, () => '"a":1').join()}}`;
    expect(outcomeOf(nested(100_000, repeated))).toHaveLength(1);
  });

  it('gives what JSON.parse gives for everything that it takes', () => {
    let seed = 7;
    const next = (below: number) => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    const kinds: ((depth: number) => unknown)[] = [
      () => next(2 ** 31) - 2 ** 30,
      () => (next(1e9) - 5e8) * 10 ** -next(20),
      () => 'a"\\ {}[],:\n0e9é😀'.repeat(next(3)),
      () => next(2) === 0,
      () => null,
      (depth) => Array.from({ length: next(5) }, () => make(depth)),
      (depth) => Object.fromEntries(Array.from({ length: next(5) }, (_, at) => [`k"${at}\\`, make(depth)])),
    ];
    const make = (depth: number): unknown => kinds[next(depth > 4 ? 5 : 7)]!(depth + 1);
    for (let round = 0; round < 2_000; round += 1) {
      const text = JSON.stringify(make(0), null, next(3));
      expect(parseJson(text)).toEqual(JSON.parse(text));
    }
  });
});
