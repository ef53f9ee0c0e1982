import fc from 'fast-check';
import { expect, it } from 'vitest';
import { writeRevision, writeUpdate, writeWorkflow } from '../../console/pages/workflows/revisions/definition-text.ts';
import { compareTexts } from '../../console/parts/texts/comparison.ts';
import { parseYaml } from '../../model/yaml.ts';
import { formatYaml } from '../../model/yaml-text.ts';
import { draws } from '../seed.ts';

const lines = (word: string, count: number) => Array.from({ length: count }, (_, n) => `${word} ${n}\n`).join('');

it('the lines that differ stand among three others', () => {
  const before = lines('line', 20);
  expect(compareTexts(before, before)).toEqual([]);
  const hunks = compareTexts(before, before.replace('line 9\n', 'changed\n'));
  expect(hunks?.map(({ newStart }) => newStart)).toEqual([7]);
  expect(hunks?.[0]?.lines).toEqual([
    ' line 6',
    ' line 7',
    ' line 8',
    '-line 9',
    '+changed',
    ' line 10',
    ' line 11',
    ' line 12',
  ]);
});

it('texts that differ in too many lines are not compared', () => {
  expect(compareTexts(lines('one', 1_200), lines('other', 1_200))).toBeNull();
});

const SCHEMAS = { param_schema: { type: 'object' }, out_schema: null };

it('a workflow is written as it can be checked, and a revision as it can be compared', () => {
  const definition = 'tasks:\n  - name: a\n';
  const schema = 'param_schema: {\n  "type": "object"\n}\n';
  expect(writeRevision(SCHEMAS, definition)).toBe(`${definition}${schema}`);
  const fields = { label: 'A "b" \n#', version: '1.0.0', description: null, tags: [], enabled: true };
  const rest = 'param_schema: {\n    "type": "object"\n  }\ndefinition:\n  tasks:\n    - name: a\n';
  expect(writeWorkflow({ ...SCHEMAS, ...fields }, definition)).toBe(
    `label: "A \\"b\\" \\n#"\nversion: "1.0.0"\n${rest}`,
  );
  const more = { description: 'Why', tags: ['a'], enabled: false };
  expect(writeWorkflow({ ...SCHEMAS, ...fields, ...more }, definition)).toBe(
    `label: "A \\"b\\" \\n#"\nversion: "1.0.0"\ndescription: "Why"\ntags: ["a"]\nenabled: false\n${rest}`,
  );
});

it.each([
  'tasks:\n  - name: a\n    input:\n      text: |\n        b\n\n        c\noutput: 1\n',
  '# definition: of what\noutput: 1\ntasks :\n- name: a\n',
  '---\ntasks:\n  - name: a\n',
  '# A\n\n--- # the definition\n"tasks":\n  - name: "---"\n',
  "'tasks': []\r\n",
  '{"tasks": [],\n"output": "definition: 1"}',
  '{\n"tasks": [\n]\n}\n',
])('a definition alone is stored as the definition of an update, %j', (text) => {
  expect(parseYaml(writeUpdate(text))).toEqual({ definition: parseYaml(text) });
});

it.each([
  'label: A\ndefinition:\n  tasks:\n    - name: a\n',
  '{"definition": {"tasks": []}}',
  'definition:\n  tasks: []\ntasks: []\n',
  'param_schema:\n  tasks: 1\n',
  '[1]',
  'null',
  '',
])('any other text is stored as it is, %j', (text) => {
  expect(writeUpdate(text)).toBe(text);
});

/** Texts at the end of a definition, which YAML writes as blocks or in quotes. */
const ENDS = ['a\n', 'a\n\n', 'a\nb \n', 'a\n\n\nb\n \n\n', '\n', '\n\n a', ' ', ''];
const ends = fc.oneof(fc.constantFrom(...ENDS), fc.string({ unit: fc.constantFrom('a', ' ', '\n', '#') }));

it('a workflow that nobody has changed is stored as it was, whatever text its definition ends with', () => {
  const fields = { label: 'A', version: '1.0.0', description: null, tags: [], enabled: true };
  fc.assert(
    fc.property(fc.array(ends, { minLength: 1, maxLength: 3 }), (texts) => {
      const definition = { tasks: [{ name: 'a', action: 'core.transform', input: { data: texts } }] };
      const written = writeWorkflow({ ...SCHEMAS, ...fields }, formatYaml(definition));
      expect(parseYaml(written)).toMatchObject({ definition });
    }),
    { numRuns: draws(30), examples: ENDS.map((text) => [[text]]) },
  );
});
