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

/** Returns the microseconds that a plain loop takes for the work of a call: the slowest of three. */
function calibrate(): number {
  const loop = '{% set ns = namespace(s=0) %}{% for i in range(15000) %}{% set ns.s = ns.s + i %}{% endfor %}';
  const times = [0, 1, 2].map(() => {
    const meter = new WorkMeter(Number.POSITIVE_INFINITY);
    return (timeOf(loop, meter) * WORK) / meter.spent;
  });
  return Math.max(...times);
}

it('no filter, test, method or operator takes longer than its work allows, also on the largest values', () => {
  // Garbage of other templates, or a machine that is slow for a moment, may take the time of any: a call is slow that is so in each of
  // five rounds, next to a loop of the same moment.
  let slow = templates.map((template) => ({ template, factor: 0 }));
  for (let round = 0; round < 5; round += 1) {
    const calibrated = calibrate();
    slow = slow
      .map(({ template }) => ({ template, factor: timeOf(template, new WorkMeter(WORK)) / calibrated }))
      .filter(({ factor }) => factor >= FACTOR);
  }
  expect(slow).toEqual([]);
});
