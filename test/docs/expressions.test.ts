import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FILTERS } from '../../expression/filters.ts';
import { METHODS } from '../../expression/methods.ts';
import { TESTS } from '../../expression/tests.ts';
import { render } from '../expression/engine.ts';

const page = readFileSync('docs/expressions.md', 'utf8');
const rows = [...page.matchAll(/^\| `(.+)` \| `(.+)` \|$/gm)].map(([, template, gives]): [string, string] => [
  template!.replaceAll('\\|', '|'),
  gives!,
]);

describe('docs/expressions.md', () => {
  it.each(rows)('%s gives %s', (template, gives) => {
    expect(render(template)).toEqual(JSON.parse(gives));
  });

  it('has an example of every filter, test and method', () => {
    const templates = rows.map(([template]) => template).join('\n');
    for (const name of Object.keys(FILTERS)) expect(templates, name).toMatch(new RegExp(`\\| ${name}\\b`));
    for (const name of Object.keys(TESTS).filter((test) => /^\w/.test(test))) {
      expect(templates, name).toMatch(new RegExp(`is ${name}\\b`));
    }
    for (const name of Object.values(METHODS).flatMap(Object.keys)) {
      expect(templates, name).toMatch(new RegExp(`\\.${name}\\(`));
    }
  });
});
