import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { EVENT_FIELDS } from '../../model/rules/event-fields.ts';

const page = readFileSync('docs/rules.md', 'utf8');
const refusals = readFileSync('docs/refusals.md', 'utf8');

it('every code of an issue, a warning or a reason of rules is explained', () => {
  const text = readdirSync('language/rules')
    .map((file) => readFileSync(`language/rules/${file}`, 'utf8'))
    .join('\n');
  const codes = [...text.matchAll(/code: '(\w+)'/g), ...text.matchAll(/code: '\w+' \| '(\w+)'/g)].map(
    ([, code]) => code!,
  );
  expect(codes.length).toBeGreaterThan(15);
  expect(codes.filter((code) => !page.includes(`\`${code}\``) && !refusals.includes(`### \`${code}\``))).toEqual([]);
});

it('every field of an event is named', () => {
  for (const field of EVENT_FIELDS) expect(page).toContain(`\`${field}\``);
});
