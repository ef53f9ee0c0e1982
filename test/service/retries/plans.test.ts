import { expect, it } from 'vitest';
import type { Definition } from '../../../model/definition.ts';
import { integerId } from '../../../model/execution-id.ts';
import type { PlanPart } from '../../../model/retry-plan.ts';
import { composePlan, demandPlanned, type PlanSources } from '../../../service/retries/plans.ts';
import { madeRun } from '../../fixtures/made.ts';

const task = (rest: object) => ({ name: 'a', action: 'bench.act', ...rest });
const run = (rest: object = {}, more: object = {}) => madeRun({ tasks: [task(rest)] } as Definition, more);

const SOURCES = {
  principal: { subject: 'ann' },
  view: { n: 7, execution: { status: 'failed', inquiries: [] }, retries: [{ id: 9, of: 4 }] },
  from: 'failed',
  outline: {
    counts: { kept: 1, again: 1, dropped: 0, effects: 0 },
    ...{ kept: [], again: [], dropped: [], effects: [], simulated: null, inquiries: [] },
    keys: { kept: ['a'], again: ['b'], dropped: [] },
  },
  last: { runId: 'run-1', number: 40 },
  base: { run: run(), input: { secret: 'x' } },
  target: { run: run(), input: { secret: 'x' } },
  isInputGiven: false,
  problems: [],
} as unknown as PlanSources;

/** Makes a plan of the same retry, of which something is different. */
function planWith(different: object): ReturnType<typeof composePlan> {
  return composePlan({ ...SOURCES, ...different } as PlanSources);
}

const below = (rest: object, more: object = {}) => ({ 'made.below': { ...run(rest), hash: 'h1', ...more } });
const target = (rest: object, more: object = {}, input: object = { secret: 'x' }) => ({
  target: { run: run(rest, more), input },
});

it.each<[what: string, different: object, changed: PlanPart[]]>([
  ['another event is the last one', { last: { runId: 'run-1', number: 41 } }, ['history']],
  ['the chain has another run', { last: { runId: 'run-2', number: 40 } }, ['history']],
  ['the definition is another one', target({ timeout: 3 }), ['definition']],
  ['the input is another one', target({}, {}, { secret: 'y' }), ['input']],
  ['the input was given', { isInputGiven: true }, ['input']],
  ['it has been retried', { view: { ...SOURCES.view, retries: [{ id: 10, of: integerId(7) }] } }, ['retries']],
  ['an action is another one', target({}, { actions: { 'bench.act': { timeout: 51 } } }), ['actions']],
  ['another person asks', { principal: { subject: 'bob' } }, []],
  ['it begins elsewhere', { from: 'start' }, []],
  ...(['kept', 'again', 'dropped'] as const).map((fate): [string, object, PlanPart[]] => [
    `other work is ${fate}`,
    { outline: { ...SOURCES.outline, keys: { ...SOURCES.outline.keys, [fate]: ['c'] } } },
    [],
  ]),
])('a plan is out of date once %s', (_, different, changed) => {
  const { plan, hash } = composePlan(SOURCES);
  // Retries of other runs do not count.
  expect([plan.hash, plan.base.retried_as]).toEqual([hash, []]);
  expect(() => demandPlanned(planWith({}), hash)).not.toThrow();
  const now = planWith(different);
  const stale = expect.objectContaining({ code: 'plan_stale', details: { plan: now.plan, changed } });
  expect(() => demandPlanned(now, hash)).toThrow(stale);
});

it('a sub-workflow counts, with its definition and its actions', () => {
  const { hash } = planWith(target({}, { workflows: below({}) }));
  const rows: [object, PlanPart[]][] = [
    [below({}, { hash: 'h2' }), ['definition']],
    [below({}, { actions: {} }), ['actions']],
  ];
  for (const [workflows, changed] of rows) {
    const stale = expect.objectContaining({ details: expect.objectContaining({ changed }) });
    expect(() => demandPlanned(planWith(target({}, { workflows })), hash)).toThrow(stale);
  }
});

it('a plan with problems has no hash, and nothing starts with the one that it would have', () => {
  const { hash } = composePlan(SOURCES);
  const problem = { code: 'state_kept', path: '/input', message: 'is kept' };
  const refused = planWith({ problems: [problem] });
  expect([refused.plan.hash, refused.plan.problems]).toEqual([null, [problem]]);
  expect(() => demandPlanned(refused, hash)).toThrow(expect.objectContaining({ code: 'plan_stale' }));
});
