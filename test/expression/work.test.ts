import { expect, it } from 'vitest';
import { TemplateError } from '../../expression/errors.ts';
import { FUNCTION_NAMES } from '../../expression/functions.ts';
import { WorkMeter } from '../../model/work.ts';
import { createValues, GLOBAL_CALLS, templates } from './calls.ts';
import { render } from './engine.ts';

/** Units of work that each call may take: a sixth of the limit for all templates of a visit. */
const WORK = 100_000;

const data = createValues(1 / 10);

/** How many times longer than a plain loop the same amount of any other work may take the processor. */
const FACTOR = 8;

/** Microseconds of the processor that a template takes with what a meter has left. Other processes do not add to them. */
function timeOf(template: string, meter: WorkMeter): number {
  const start = process.cpuUsage();
  try {
    render(template, data, {}, meter);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
  }
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

it('has a call for each function of the language', () => {
  expect(Object.keys(GLOBAL_CALLS).sort()).toEqual([...FUNCTION_NAMES].sort());
});

it('no filter, test, method or operator takes longer than its work allows, also on the largest values', () => {
  const loop = '{% set ns = namespace(s=0) %}{% for i in range(15000) %}{% set ns.s = ns.s + i %}{% endfor %}';
  const calibrated = Math.max(
    ...[0, 1, 2].map(() => {
      const meter = new WorkMeter(Number.POSITIVE_INFINITY);
      return (timeOf(loop, meter) * WORK) / meter.spent;
    }),
  );
  const slow = templates.flatMap((template) => {
    // The garbage of other templates may take the time of any one: the fastest of five counts.
    const limit = calibrated * FACTOR;
    let taken = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < 5 && taken >= limit; tries += 1) {
      taken = Math.min(taken, timeOf(template, new WorkMeter(WORK)));
    }
    return taken < limit ? [] : [`${template}: ${taken / calibrated}`];
  });
  expect(slow).toEqual([]);
});
