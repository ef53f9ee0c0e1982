import fc from 'fast-check';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { compileRule } from '../../../language/rules/compiler.ts';
import { createRuleSet } from '../../../language/rules/rule-set.ts';
import type { Json } from '../../../model/json.ts';
import type { Principal } from '../../../model/principal.ts';
import { createBell } from '../../../service/background/bell.ts';
import { createPlanner } from '../../../service/events/planner.ts';
import { triedEvent } from '../../../service/events/reads/recorded-events.ts';
import { createRuleTrials, type RuleTest } from '../../../service/rules/rule-trials.ts';
import type { EventRow } from '../../../store/events/events.ts';
import type { Plan, PlanningBatch } from '../../../store/events/planning.ts';
import { sampleContent } from '../../language/rules/sample-rules.ts';

// A test says what planning does, for any rule and any event.

const atoms = [
  'event.payload.a == 1',
  "event.payload.a == 'x'",
  'event.payload.b.c > 2',
  'event.payload.b is defined',
  'event.payload.list | length > 1',
  "'x' in event.payload.list",
  "event.type == 'x.y'",
  'event.subject == none',
  'event.payload.a + 1',
  'event.payload.gone.deep',
  'true',
  'false',
];
const condition = fc.letrec<{ any: string; both: string; no: string; atom: string }>((tie) => ({
  any: fc.oneof({ maxDepth: 3 }, tie('atom'), tie('both'), tie('no')),
  atom: fc.constantFrom(...atoms),
  both: fc
    .tuple(tie('any'), fc.constantFrom('and', 'or'), tie('any'))
    .map(([left, word, right]) => `(${left} ${word} ${right})`),
  no: tie('any').map((inner) => `not (${inner})`),
})).any;
const rule = fc.record({
  type: fc.constantFrom('x.y', 'x.*', '*', 'z', 'io.fermata.*'),
  webhook: fc.constantFrom(null, null, 'hook'),
  when: fc.option(condition, { nil: null, freq: 6 }),
  allow_loops: fc.boolean(),
});
const event = fc.record({
  type: fc.constantFrom('x.y', 'x.y.z', 'z', 'io.fermata.q'),
  webhook: fc.constantFrom(null, 'hook', 'other'),
  subject: fc.constantFrom(null, 's'),
  depth: fc.constantFrom(0, 1, 8, 9),
  chain: fc.constantFrom([], [], [1], [2, 3]),
  replayRules: fc.constantFrom(null, null, [1], [2, 3]),
  payload: fc.record(
    {
      a: fc.constantFrom<Json>(1, 'x', null, []),
      b: fc.constantFrom<Json>({ c: 3 }, { c: 1 }, {}, 'x', null),
      list: fc.constantFrom<Json>(['x', 'y'], [], 'xy', 7),
    },
    { requiredKeys: [] },
  ),
});

const ROW = {
  eventId: 'e',
  source: '/s',
  time: null,
  triggerRef: null,
  verified: true,
  headers: {},
  extensions: {},
  contentType: null,
  payloadBytes: 1,
  state: 'received',
  issues: [],
  matches: 0,
  replayOf: null,
  execution: null,
  principal: null,
  received: new Date(0),
  erased: null,
};

const trials = createRuleTrials({
  definitions: { get: async () => ({ enabled: true, version: '1', revision: 1, paramSchema: null }) as never },
  actions: { get: () => Promise.reject(new Error('no rule starts an action')) },
  restraints: { test: async () => ({ reason: null, dedupe: null, throttle: null }) },
});

/** Plans events by rules, and returns the plan. */
async function plan(rules: readonly object[], events: readonly EventRow[]): Promise<Plan> {
  const made: Plan[] = [];
  const planner = createPlanner({
    store: {
      tenants: async () => (made.length === 0 ? ['t'] : []),
      async plan(_, __, decide) {
        made.push(await decide({ events, rules: {}, keys: { find: async () => [] } } as unknown as PlanningBatch));
        return events.length;
      },
    },
    rules: {
      within: async () =>
        createRuleSet(rules as never[], ({ compiled }) => (compiled as never as typeof COMPILED).content.type),
    },
    bell: createBell(),
    onPlanned: () => undefined,
    clock: () => 0,
    log: pino({ level: 'silent' }),
  });
  await planner.tick();
  return made[0]!;
}

/** Returns the status and the reason that planning gives to what a test has found. */
function expectedOf({ reason, loop }: RuleTest): [string, RuleTest['reason']] {
  if (reason === null) return ['pending', null];
  if (['type_mismatch', 'webhook_mismatch', 'not_asked', 'condition_false'].includes(reason.code))
    return ['none', null];
  if (reason.code === 'undefined') return ['undefined', null];
  return [loop.suppressed === null || reason.code !== loop.suppressed ? 'failed' : 'suppressed', reason];
}

const COMPILED = compileRule({ ref: 'p.r', revision: 1 }, sampleContent());

it('for any rule and event, a test says what planning makes of them', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(rule, { minLength: 1, maxLength: 5 }), event, async (given, sent) => {
      const rules = given.map((content, at) => ({
        id: at + 1,
        ref: `p.r${at}`,
        revision: 1,
        compiled: compileRule({ ref: `p.r${at}`, revision: 1 }, sampleContent(content)),
      }));
      const row = { ...ROW, ...sent, id: 1 } as unknown as EventRow;
      const { matches, counts } = await plan(rules, [row]);
      for (const { id, compiled } of rules) {
        const tested = await trials.apply({ tenant: 't' } as Principal, { id, compiled }, triedEvent(row));
        const planned = matches.find((match) => match.rule.id === id);
        const lacks = (counts.find((count) => count.rule === id)?.undefined ?? 0) > 0;
        const outcome = planned === undefined ? (lacks ? 'undefined' : 'none') : planned.status;
        seen.add(outcome);
        expect([outcome, planned?.reason ?? null]).toEqual(expectedOf(tested));
        expect(tested.matched).toBe(outcome === 'pending' || outcome === 'suppressed');
      }
    }),
    { numRuns: 100 },
  );
  expect([...seen].sort()).toEqual(['failed', 'none', 'pending', 'suppressed', 'undefined']);
});
