import { describe, expect, it } from 'vitest';
import type { Issue } from '../../model/issue.ts';
import { parseYaml } from '../../model/yaml.ts';
import { Ambiguities } from '../../model/yaml-ambiguity.ts';

function warningsOf(text: string): Issue[] {
  const ambiguities = new Ambiguities();
  parseYaml(text, undefined, ambiguities);
  return ambiguities.warnings();
}

describe('a plain scalar that YAML 1.1 reads otherwise', () => {
  it.each<[string, string]>([
    ...['yes', 'YES', 'Yes', 'yEs', 'on', 'ON', 'y', 'Y'].map((word): [string, string] => [
      word,
      `is the text "${word}"; write true or "${word}"`,
    ]),
    ...['no', 'No', 'off', 'OFF', 'n', 'N'].map((word): [string, string] => [
      word,
      `is the text "${word}"; write false or "${word}"`,
    ]),
    ['0755', 'is the number 755; write 755, 0o755 or "0755"'],
    ['+0755', 'is the number 755; write 755, 0o755 or "+0755"'],
    ['-010', 'is the number -10; write -10 or "-010"'],
    ['01089', 'is the number 1089; write 1089 or "01089"'],
    ['08', 'is the number 8; write 8 or "08"'],
    ['1_000', 'is the text "1_000"; write 1000 or "1_000"'],
    ['-1_000.5', 'is the text "-1_000.5"; write -1000.5 or "-1_000.5"'],
    ['0_17', 'is the text "0_17"; write 15 or "0_17"'],
    ['0_9', 'is the text "0_9"; write "0_9"'],
    ['0b101', 'is the text "0b101"; write 5 or "0b101"'],
    ['0x1_F', 'is the text "0x1_F"; write 31 or "0x1_F"'],
    ['12:30', 'is the text "12:30"; write 750 or "12:30"'],
    ['-1:30', 'is the text "-1:30"; write -90 or "-1:30"'],
    ['22:22:22', 'is the text "22:22:22"; write 80542 or "22:22:22"'],
    ['1:30.5', 'is the text "1:30.5"; write 90.5 or "1:30.5"'],
    ['9_999_999_999_999_999', 'is the text "9_999_999_999_999_999"; write "9_999_999_999_999_999"'],
  ])('%s', (source, message) => {
    expect(warningsOf(`a: ${source}`)).toEqual([{ code: 'yaml_ambiguous', path: '/a', message }]);
  });

  it.each([
    ...['true', 'null', '~', '', '0', '00', '7', '07', '-0', '10', '0.5', '01.5', '1e3', '0o17', '0x1F', '100'],
    ...['yesterday', 'not', 'o', 'none', 'y n', '09:30', '00:30', '12:60', '12:3x', '1:2:3:x', '_1', '1__x', '0bx'],
    ...[
      '2026-11-29',
      '12:30 h',
      'v1_000',
      '1.2.3',
      '127.0.0.1',
      '"yes"',
      "'0755'",
      '!!str yes',
      '|\n  yes',
      '>-\n  yes',
    ],
    ...['"{{ yes }}"', 'x: "no"'.slice(3), `1${'_0'.repeat(40)}`, `1${':1'.repeat(40)}`],
  ])('is none of: %j', (source) => {
    expect(warningsOf(`a: ${source}`)).toEqual([]);
  });
});

describe('the places of ambiguous scalars', () => {
  it.each<[string, string, string[]]>([
    ['lists and maps', 'a: [yes, { b: no }]\nc/d:\n  - on', ['/a/0', '/a/1/b', '/c~1d/0']],
    ['the whole document', 'yes', ['']],
    ['keys are left out', 'yes: 1\nno: { on: off }\n? 0755\n: 1', ['/no/on']],
    ['an anchor, once, and none of its aliases', 'a: &x { b: yes }\nc: *x\nd: [*x, *x]', ['/a/b']],
    ['an anchor of a scalar', 'a: &x yes\nb: *x', ['/a']],
    ['an alias in a place that is read before', 'a: { b: &x no, c: *x }', ['/a/b']],
    ['a map that is merged', 'a:\n  <<: { b: yes }\n  c: 1', ['/a/b']],
    ['maps that are merged', 'a:\n  <<: [{ b: yes }, { c: [on] }]', ['/a/b', '/a/c/0']],
    ['a map that is merged by its alias', 'x: &x { b: yes }\na:\n  <<: *x', ['/x/b']],
    ['a key that is << in quotes', '"<<": [yes]', ['/<</0']],
    ['a text of several lines', 'a: yes\n  no\nb: |\n  yes\nc:\n  on # comment', ['/c']],
    ['JSON', '{"a": "yes", "b": 12, "c": true}', []],
  ])('%s', (_, text, places) => {
    expect(warningsOf(text).map(({ path }) => path)).toEqual(places);
  });

  it('are 100 at most, and the others are counted', () => {
    const warnings = warningsOf(`a:\n${'  - yes\n'.repeat(10_000)}`);
    expect(warnings).toHaveLength(101);
    expect(warnings[99]).toMatchObject({ code: 'yaml_ambiguous', path: '/a/99' });
    expect(warnings[100]).toEqual({ code: 'more_issues', path: '', message: 'and 9900 more', omitted: 9900 });
  });
});
