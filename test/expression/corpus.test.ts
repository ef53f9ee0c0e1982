import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TemplateError } from '../../expression/errors.ts';
import type { Value } from '../../expression/values.ts';
import { render } from './engine.ts';

interface Case {
  name: string;
  template: string;
  context: Record<string, Value>;
  functions?: Record<string, Value>;
  expected?: Value;
  error?: string;
}

/** Templates with the results of the real Jinja2 3.1 (strict, native types). */
const cases = JSON.parse(readFileSync('test/fixtures/jinja.json', 'utf8')) as Case[];

/** The cases in which Fermata differs on purpose, and why. */
const DEVIATIONS: Record<string, string> = {
  'escape-018': 'names such as __class__ are never data',
  'literals-010': 'keys of a dictionary that look like integers come first, as everywhere in JavaScript',
  'extra-008': 'YAML is not read inside workflows',
  'statements-051': 'block is refused, as there is no inheritance',
  'slice-028': 'a number finds the key that is its text, since keys are text',
  'orquesta-012': 'x.items is the key when the data has one',
};

describe('the cases of Jinja2', () => {
  it.each(cases.filter(({ name }) => !Object.hasOwn(DEVIATIONS, name)))(
    '$name: $template',
    ({ template, context, functions, expected, error }) => {
      if (error !== undefined) expect(() => render(template, context, functions)).toThrow(TemplateError);
      else expect(render(template, context, functions)).toEqual(expected);
    },
  );

  it('deviate in no case but those that are listed, at most two in a hundred', () => {
    expect(Object.keys(DEVIATIONS).length / cases.length).toBeLessThan(0.02);
    for (const name of Object.keys(DEVIATIONS)) {
      const { template, context, functions, expected, error } = cases.find((one) => one.name === name)!;
      let given: unknown;
      try {
        given = render(template, context, functions);
      } catch (thrown) {
        given = thrown;
      }
      if (error !== undefined) expect(given, name).not.toBeInstanceOf(TemplateError);
      else expect(JSON.stringify(given), name).not.toBe(JSON.stringify(expected));
    }
  });
});
