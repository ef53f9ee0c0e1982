import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Json } from '../../model/json.ts';
import { parseYaml } from '../../model/yaml.ts';
import { Ambiguities } from '../../model/yaml-ambiguity.ts';
import { formatYaml } from '../../model/yaml-text.ts';
import { character } from '../seed.ts';

/** Texts that some reader of YAML takes for another value. */
const DOUBTFUL = [
  'no',
  'Yes',
  'on',
  'null',
  '~',
  '',
  '1e3',
  '0x1f',
  '012',
  '1_000',
  '12:30:00',
  '2026-01-01',
  '.inf',
  '<<',
  '=',
];
const texts = fc.oneof(
  fc.constantFrom(
    ...DOUBTFUL,
    '{{ x }}',
    '# no comment',
    'a: b',
    '- a',
    '&a',
    '*a',
    '!t',
    '%',
    '@',
    '`',
    "'",
    '"',
    '|',
    '>',
    'a\n  b\n',
  ),
  fc.string({ unit: character }),
  fc.string({ unit: fc.constantFrom(' ', '\n', '\t', 'a', '#', ':', '-', '\\', '"') }),
);
const values = fc
  .letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      ...[
        texts,
        fc.integer(),
        fc.double({ min: -(2 ** 53), max: 2 ** 53, minExcluded: true, maxExcluded: true, noNaN: true }),
        fc.boolean(),
        fc.constant(null),
      ],
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(
        texts.filter((key) => key !== '__proto__' && key.isWellFormed()),
        tie('value'),
        { maxKeys: 4, noNullPrototype: true },
      ),
    ),
  }))
  .value.map((value) => JSON.parse(JSON.stringify(value)) as Json);

it('YAML is read as the value of which it was written, without doubt about it', () => {
  fc.assert(
    fc.property(values, (value) => {
      const ambiguities = new Ambiguities();
      expect(parseYaml(formatYaml(value), undefined, ambiguities)).toEqual(value);
      expect(ambiguities.warnings()).toEqual([]);
    }),
  );
});

it.each([' \n', '\n\n  a\n\na \n', ' a\nb', '\t\n '])('a text of several lines is kept: %j', (text) => {
  for (const value of [text, [text], { a: { b: [text] } }]) expect(parseYaml(formatYaml(value))).toEqual(value);
});

it('the texts of templates and scripts stay readable', () => {
  expect(formatYaml({ tasks: [{ name: 'a', input: { data: '{{ x }}', script: 'one\ntwo\n', on: 'no' } }] })).toBe(
    [
      ...[
        'tasks:',
        '  - name: a',
        '    input:',
        '      data: "{{ x }}"',
        '      script: |',
        '        one',
        '        two',
      ],
      ...['      "on": "no"', ''],
    ].join('\n'),
  );
});
