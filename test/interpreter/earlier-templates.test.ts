import { describe, expect, it } from 'vitest';
import { simulate } from '../../interpreter/simulate.ts';
import { INTERPRETER_VERSION } from '../../model/run-input.ts';
import { RECORDED } from '../fixtures/recorded.ts';
import { buildSteps, EARLIER_TEMPLATES } from './earlier-templates.ts';
import { runInput, STARTED } from './rehearse.ts';

const outcomeOf = (rows: Parameters<typeof buildSteps>[0], interpreter: number) =>
  simulate({ ...runInput(buildSteps(rows)), interpreter }, {}, {}, STARTED, {}).close?.outcome;

/** The versions whose templates follow a dialect, the first and the last, and the version that follows it. */
const SPAN = { 7: [7, 9, 10], 10: [10, 10, 11] } as const;

describe.each(EARLIER_TEMPLATES)('$name', ({ name, interpreter, rows }) => {
  it.each(rows)('$when$fails is answered otherwise by later runs', (row) => {
    const versions = [...SPAN[interpreter], INTERPRETER_VERSION];
    expect(versions.map((version) => outcomeOf([row], version))).toEqual([
      'completed',
      'completed',
      'failed',
      'failed',
    ]);
  });

  it('is recorded', () => {
    const file = `v${interpreter}/${name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}.binpb`;
    expect(RECORDED.map((recorded) => recorded.name)).toContain(file);
  });
});
