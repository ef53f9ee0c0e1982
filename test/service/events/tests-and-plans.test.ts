import fc from 'fast-check';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { type CompiledRule, compileRule } from '../../../language/rules/compiler.ts';
import { createRuleSet } from '../../../language/rules/rule-set.ts';
import type { Json } from '../../../model/json.ts';
import type { Principal } from '../../../model/principal.ts';
import { createBell } from '../../../service/background/bell.ts';
import { createPlanner } from '../../../service/events/planner.ts';
import { triedEvent } from '../../../service/events/reads/recorded-events.ts';
import { createRestraintTests } from '../../../service/rules/restraint-tests.ts';
import { createRuleTrials, type RuleTest } from '../../../service/rules/rule-trials.ts';
import type { EventRow } from '../../../store/events/events.ts';
import type { Plan, PlannedMatch, PlanningBatch } from '../../../store/events/planning.ts';
import { sampleContent } from '../../language/rules/sample-rules.ts';
import { NO_RUSHES } from './no-rushes.ts';

// A test says what planning does, for any rule and any event, whatever was planned before.

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
  type: fc.constantFrom('x.y', 'x.*', '*', '*', 'io.fermata.*'),
  webhook: fc.constantFrom(null, null, null, 'hook'),
  when: fc.option(condition, { nil: null, freq: 2 }),
  dedupe: fc.option(
    fc.record({
      key: fc.constantFrom('k', '{{ event.type }}', '{{ event.payload.a }}'),
      window: fc.constantFrom(30, 3_600),
    }),
    { nil: null, freq: 2 },
  ),
  throttle: fc.option(
    fc.record({
      limit: fc.constantFrom(1, 2),
      per: fc.constantFrom(1, 60),
      policy: fc.constantFrom('queue' as const, 'skip' as const),
    }),
  ),
  allow_loops: fc.boolean(),
});
const event = fc.record({
  type: fc.constantFrom('x.y', 'x.y.z', 'z', 'io.fermata.q'),
  webhook: fc.constantFrom(null, 'hook', 'other'),
  subject: fc.constantFrom(null, 's'),
  depth: fc.constantFrom(0, 0, 0, 1, 8, 9),
  chain: fc.constantFrom([], [], [], [1], [2, 3]),
  replayOf: fc.constantFrom(null, null, null, 99),
  replayRules: fc.constantFrom(null, null, null, [1], [2, 3]),
  received: fc.constantFrom(0, 29.999, 30, 60, 4_000).map((seconds) => new Date(seconds * 1_000)),
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
  execution: null,
  principal: null,
  erased: null,
};

interface GivenRule {
  id: number;
  compiled: CompiledRule;
}

/** Knows the keys and the starts of what was planned, as a database does. The number of an enforcement is its place, from 1. */
function createMemory() {
  const planned: PlannedMatch[] = [];
  const now = new Date(5_000_000);
  const store: Pick<PlanningBatch, 'keys' | 'starts'> = {
    keys: {
      find: async (_, wanted) =>
        wanted.flatMap(({ rule, hash }) => {
          const place = planned.findLastIndex(({ key }) => key?.rule === rule && key.hash === hash);
          if (place === -1) return [];
          const { event } = planned[place]!;
          return [{ rule, hash, enforcement: place + 1, event: event.id, since: event.received }];
        }),
    },
    starts: {
      async find(_, rule, { limit }) {
        const counted = planned.filter(({ lane, event }) => lane === rule && event.replayOf === null);
        const slots = counted.map(({ notBefore }) => notBefore ?? now).sort((a, b) => a.getTime() - b.getTime());
        return { now, slots: slots.slice(-limit) };
      },
    },
  };
  return { ...store, planned };
}

type Memory = ReturnType<typeof createMemory>;

/** Plans events together, and remembers what was planned. */
async function plan(rules: readonly GivenRule[], events: readonly EventRow[], memory: Memory): Promise<Plan> {
  const { keys, starts } = memory;
  const made: Plan[] = [];
  const planner = createPlanner({
    store: {
      tenants: async () => (made.length === 0 ? ['t'] : []),
      async plan(_, __, decide) {
        made.push(await decide({ events, rules: {}, keys, starts } as unknown as PlanningBatch));
        return events.length;
      },
    },
    rules: { within: async () => createRuleSet(rules as never[], (each) => (each as GivenRule).compiled.content.type) },
    rushes: NO_RUSHES,
    bell: createBell(),
    onPlanned: () => undefined,
    clock: () => 0,
    log: pino({ level: 'silent' }),
  });
  await planner.tick();
  memory.planned.push(...made[0]!.matches);
  return made[0]!;
}

/** Tests a rule on an event, as if that had come in now. */
function test({ keys, starts }: Memory, given: GivenRule, row: EventRow): Promise<RuleTest> {
  const trials = createRuleTrials({
    definitions: { get: async () => ({ enabled: true, version: '1', revision: 1, paramSchema: null }) as never },
    actions: { get: () => Promise.reject(new Error('no rule starts an action')) },
    restraints: createRestraintTests(keys, starts),
  });
  return trials.apply({ tenant: 't' } as Principal, given, triedEvent(row));
}

const SUPPRESSED = ['duplicate', 'loop', 'throttled', 'too_deep'];

/** Returns what planning makes of a match according to a test of it. */
function expectedOf({ reason, dedupe, throttle }: RuleTest) {
  const status = reason === null ? 'pending' : SUPPRESSED.includes(reason.code) ? 'suppressed' : 'failed';
  return { status, reason, duplicateOf: dedupe?.duplicate_of ?? null, notBefore: throttle?.not_before ?? null };
}

const UNMATCHED = ['type_mismatch', 'webhook_mismatch', 'not_asked', 'condition_false', 'undefined'];

/** Returns what a plan says about a match; `duplicateOf` is a number. */
function saidOf({ status, reason, duplicateOf, notBefore }: PlannedMatch, { planned }: Memory) {
  const repeated =
    duplicateOf === null || typeof duplicateOf === 'number' ? duplicateOf : planned.indexOf(duplicateOf) + 1;
  return { status, reason, duplicateOf: repeated, notBefore: notBefore?.toISOString() ?? null };
}

/** Plans an event after tests of the rules on it, which must say what comes of it; returns what they say. */
async function compare(rules: readonly GivenRule[], row: EventRow, memory: Memory): Promise<string[]> {
  const tests: RuleTest[] = [];
  for (const each of rules) tests.push(await test(memory, each, row));
  const { matches, counts } = await plan(rules, [row], memory);
  return tests.map((tested, at) => {
    const code = tested.reason?.code ?? 'pending';
    const planned = matches.find((match) => match.rule.id === at + 1);
    expect(planned && saidOf(planned, memory)).toEqual(UNMATCHED.includes(code) ? undefined : expectedOf(tested));
    expect(tested.would_start !== null).toBe(planned?.status === 'pending');
    const lacking = counts.find((count) => count.rule === at + 1)?.undefined ?? 0;
    expect(lacking).toBe(code === 'undefined' ? 1 : 0);
    return planned?.status === 'failed' ? 'failed' : code;
  });
}

it('for any rules and events, a test says what planning makes of them, one by one or together', async () => {
  const seen = new Set<string>();
  const contents = fc.array(rule, { minLength: 1, maxLength: 3 });
  const sent = fc.array(event, { minLength: 2, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(contents, sent, async (given, received) => {
      const rules = given.map((content, at) => ({
        id: at + 1,
        ref: `p.r${at}`,
        revision: 1,
        compiled: compileRule({ ref: `p.r${at}`, revision: 1 }, sampleContent(content)),
      }));
      const rows = received.map((each, at) => ({ ...ROW, ...each, id: at + 1 }) as unknown as EventRow);
      const apart = createMemory();
      for (const row of rows) for (const said of await compare(rules, row, apart)) seen.add(said);
      const together = createMemory();
      await plan(rules, rows, together);
      const said = (memory: Memory) =>
        memory.planned.map((match) => [match.event.id, match.rule.id, saidOf(match, memory)]);
      expect(said(together)).toEqual(said(apart));
    }),
    { numRuns: 150 },
  );
  expect([...seen].sort()).toEqual([...SUPPRESSED, ...UNMATCHED, 'failed', 'pending'].sort());
});
