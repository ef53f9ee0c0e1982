import { describe, expect, it } from 'vitest';
import { simulate } from '../../interpreter/simulate.ts';
import { INTERPRETER_VERSION } from '../../model/run-input.ts';
import { RECORDED } from '../fixtures/recorded.ts';
import { EARLIER_TEMPLATES, stepsOf } from './earlier-templates.ts';
import { runInput, STARTED } from './rehearse.ts';

const outcomeOf = (rows: Parameters<typeof stepsOf>[0], interpreter: number) =>
  simulate({ ...runInput(stepsOf(rows)), interpreter }, {}, {}, STARTED, {}).close?.outcome;

describe.each(EARLIER_TEMPLATES)('$name', ({ name, rows }) => {
  it.each(rows)('$when$fails is answered otherwise by runs that start now', (row) => {
    expect([7, 9, INTERPRETER_VERSION].map((interpreter) => outcomeOf([row], interpreter))).toEqual([
      ...['completed', 'completed'],
      'failed',
    ]);
  });

  it('is recorded', () => {
    const file = `v7/${name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}.binpb`;
    expect(RECORDED.map((recorded) => recorded.name)).toContain(file);
  });
});
