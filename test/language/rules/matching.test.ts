import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { explainRule } from '../../../language/rules/explanation.ts';
import { type Match, matchRule, renderDedupeKey, renderParameters } from '../../../language/rules/matching.ts';
import type { Json } from '../../../model/json.ts';
import { sampleEvent, sampleRule } from './sample-rules.ts';

const MATCHED = { outcome: 'matched' };
const FALSE = { outcome: 'none', reason: { code: 'condition_false' } };
const absent = (path: string) => ({ outcome: 'none', reason: { code: 'undefined', path } });
const failed = (message: string, line = 1, column = 1) => ({
  outcome: 'failed',
  reason: { code: 'template_error', message, path: '/when', line, column },
});
const notBoolean = (kind: string) => ({
  outcome: 'failed',
  reason: {
    code: 'condition_not_boolean',
    message: `must be true or false, not ${kind}; the filter bool makes one of it`,
    path: '/when',
  },
});

const PAYLOAD = { a: 1, none: null, list: [{ x: 5 }], flag: true, 'two words': { b: 2 } };

describe('a condition', () => {
  it.each<[string, object]>([
    ['event.payload.a == 1', MATCHED],
    ['{{ event.payload.a == 1 }}', MATCHED],
    ['event.payload.flag', MATCHED],
    ['event.payload.a == 2', FALSE],
    ['event.type == "t" and rule.ref == "p.r" and rule.revision == 3', MATCHED],
    ["event.payload['two words'].b == 2", MATCHED],
    ['event.payload.b == 1', absent('event.payload.b')],
    ['event.payload.b.c.d == 1', absent('event.payload.b')],
    ['event.payload.none.x == 1', absent('event.payload.none.x')],
    ["event.payload['two words'].c == 1", absent('event.payload["two words"].c')],
    ['event.payload.list[3].x == 1', absent('event.payload.list[3]')],
    ['event.payload.b', absent('event.payload.b')],
    ['event.headers.x == "y"', absent('event.headers.x')],
    ['event.payload.b | length > 1', absent('event.payload.b')],
    ['event.payload.b == 1 or event.payload.a == 1', absent('event.payload.b')],
    ['event.payload.a == 1 or event.payload.b == 1', MATCHED],
    ['not event.payload.b', absent('event.payload.b')],
    ['event.payload.b is defined and event.payload.b == 1', FALSE],
    ["event.payload.b | default('x') == 'x'", MATCHED],
    ['event.payload.a', notBoolean('a number')],
    ['event.payload.list', notBoolean('a list')],
    ['event.payload', notBoolean('an object')],
    ['event.payload.none', notBoolean('none')],
    ['event.type', notBoolean('a text')],
    ['event.payload.none > 1', failed("'>' compares none with a number", 1, 1)],
    ['range(100000) | length > 1', failed('the templates take too much work', 1, 1)],
  ])('%s', (when, match) => {
    const found = matchRule(sampleRule({ when }), sampleEvent({ payload: PAYLOAD }));
    const loose = found.outcome === 'failed' && 'line' in found.reason;
    expect(loose ? { ...found, reason: { ...found.reason, message: '', line: 0, column: 0 } } : found).toEqual(
      loose ? { ...match, reason: { ...(match as typeof found).reason, message: '', line: 0, column: 0 } } : match,
    );
  });

  it('is asked only of events of the type and the webhook', () => {
    const rule = sampleRule({ type: 'a.*', webhook: 'gh', when: 'event.payload' });
    expect(matchRule(rule, sampleEvent({ type: 'b.c', webhook: 'gh' }))).toEqual({
      outcome: 'none',
      reason: { code: 'type_mismatch' },
    });
    expect(matchRule(rule, sampleEvent({ type: 'a.c', webhook: 'other' }))).toEqual({
      outcome: 'none',
      reason: { code: 'webhook_mismatch' },
    });
    expect(matchRule(rule, sampleEvent({ type: 'a.c', webhook: 'gh', payload: true }))).toEqual(MATCHED);
  });

  it('that another version accepted is a failure of each event', () => {
    const rule = sampleRule({ when: 'event.payload ==' });
    expect(matchRule(rule, sampleEvent())).toMatchObject({
      outcome: 'failed',
      reason: { code: 'template_error', path: '/when', line: 1 },
    });
    expect(matchRule(rule, sampleEvent({ type: 'x' }))).toMatchObject({ outcome: 'none' });
  });
});

describe('hostile payloads', () => {
  const deep = (levels: number): Json => {
    let value: Json = 1;
    for (let level = 0; level < levels; level += 1) value = { a: value };
    return value;
  };

  it.each<[string, Json, string, object]>([
    ['names of prototypes are not there', {}, 'event.payload.constructor == 1', absent('event.payload.constructor')],
    ['nor those that only look so', {}, 'event.payload.toString == 1', absent('event.payload.toString')],
    ['own keys of such names', JSON.parse('{"constructor": 1}'), 'event.payload.constructor == 1', MATCHED],
    [
      'private names are never data',
      JSON.parse('{"__proto__": {"a": 1}}'),
      'event.payload.__proto__.a == 1',
      absent('event.payload.__proto__'),
    ],
    ['deep ones are followed', deep(90), `event.payload${'.a'.repeat(90)} == 1`, MATCHED],
  ])('%s', (_, payload, when, match) => {
    expect(matchRule(sampleRule({ when }), sampleEvent({ payload }))).toEqual(match);
  });

  it('conditions over huge ones stop at 20,000 units of work', () => {
    const payload = { list: Array.from({ length: 50_000 }, (_, n) => n), text: 'x'.repeat(1_000_000) };
    for (const when of [
      'event.payload.list | select("gt", 3) | list | length > 1',
      '(event.payload.text * 3) | upper == "X"',
      'event.payload | tojson == ""',
      'event.payload.text | regex_search("(x+x+)+y") | length > 0',
    ]) {
      const found = matchRule(sampleRule({ when }), sampleEvent({ payload }));
      expect(found, when).toMatchObject({ outcome: 'failed', reason: { code: 'template_error', path: '/when' } });
    }
  });

  it('a template in a payload is data', () => {
    const payload = { x: '{{ event.id }}' };
    expect(
      renderParameters(sampleRule({ parameters: { y: '{{ event.payload.x }}' } }), sampleEvent({ payload })),
    ).toEqual({
      parameters: { y: '{{ event.id }}' },
    });
  });
});

describe('parameters', () => {
  const event = sampleEvent({ payload: PAYLOAD });

  it('are rendered with their types, or as one template', () => {
    const parameters = {
      n: '{{ event.payload.a }}',
      text: 'n{{ event.payload.a }}',
      deep: [{ x: '{{ rule.ref }}' }],
      k: 1,
    };
    expect(renderParameters(sampleRule({ parameters }), event)).toEqual({
      parameters: { n: 1, text: 'n1', deep: [{ x: 'p.r' }], k: 1 },
    });
    expect(renderParameters(sampleRule({ parameters: '{{ event.payload }}' }), event)).toEqual({ parameters: PAYLOAD });
  });

  it('are strict', () => {
    expect(renderParameters(sampleRule({ parameters: { a: { b: '{{ event.payload.x }}' } } }), event)).toEqual({
      error: {
        code: 'template_error',
        message: expect.stringContaining("no key 'x'"),
        path: '/parameters/a/b',
        line: 1,
        column: expect.any(Number),
      },
    });
    expect(renderParameters(sampleRule({ parameters: '{{ event.payload.list }}' }), event)).toEqual({
      error: { code: 'template_error', message: 'must evaluate to an object, not a list', path: '/parameters' },
    });
  });
});

it('a key is a text; an absent path is an error', () => {
  const event = sampleEvent({ payload: PAYLOAD });
  const key = (text: string) => renderDedupeKey(sampleRule({ dedupe: { key: text, window: 60 } }), event);
  expect(key('{{ event.source }}/{{ event.payload.a }}')).toEqual({ key: '/test/1' });
  expect(key('{{ event.payload.a }}')).toEqual({ key: '1' });
  expect(key('{{ event.payload.list }}')).toMatchObject({ error: { code: 'template_error', path: '/dedupe/key' } });
  expect(key('{{ event.payload.x }}')).toMatchObject({
    error: { code: 'template_error', path: '/dedupe/key', line: 1 },
  });
  expect(key(`{{ 'x' * 1001 }}`)).toMatchObject({ error: { message: 'must have at most 1000 characters, not 1001' } });
  expect(renderDedupeKey(sampleRule(), event)).toBeNull();
});

describe('an explanation', () => {
  const explain = (when: string, payload: Json = PAYLOAD) =>
    explainRule(sampleRule({ when }), sampleEvent({ payload }));

  it('evaluates every part and operand, also those that a match leaves out', () => {
    expect(explain('event.payload.a == 2 and (event.payload.flag or not event.payload.b > 3)')).toEqual({
      text: 'event.payload.a == 2 and (event.payload.flag or not event.payload.b > 3)',
      value: false,
      parts: [
        {
          text: 'event.payload.a == 2',
          value: false,
          operands: [
            { text: 'event.payload.a', value: 1 },
            { text: '2', value: 2 },
          ],
        },
        {
          text: 'event.payload.flag or not event.payload.b > 3',
          value: true,
          parts: [
            { text: 'event.payload.flag', value: true },
            {
              text: 'not event.payload.b > 3',
              error: { code: 'undefined', message: expect.stringContaining("no key 'b'") },
              parts: [
                {
                  text: 'event.payload.b > 3',
                  error: { code: 'undefined', message: expect.stringContaining("no key 'b'") },
                  operands: [
                    { text: 'event.payload.b', error: { code: 'undefined', message: expect.any(String) } },
                    { text: '3', value: 3 },
                  ],
                },
              ],
            },
          ],
        },
      ],
    });
    expect(explainRule(sampleRule(), sampleEvent())).toBeNull();
  });

  it('has three parts for `a and b and c`, and cuts values and texts at 1,024 characters', () => {
    expect(explain('true and false and true')?.parts?.map(({ text }) => text)).toEqual(['true', 'false', 'true']);
    const cut = explain("event.payload == 'x'", 'x'.repeat(5_000))!;
    expect(cut.operands![0]).toEqual({ text: 'event.payload', value: `"${'x'.repeat(1_023)}…`, cut: true });
    expect(explain(`event.payload == '${'y'.repeat(2_000)}'`)!.text).toHaveLength(1_025);
  });

  it('of a condition with hundreds of parts ends', () => {
    const when = Array.from({ length: 400 }, (_, n) => `event.payload.a == ${n}`).join(' or ');
    const { parts } = explain(when)!;
    expect(parts).toHaveLength(400);
    // The first parts are explained further, and the others by their values alone.
    expect(parts!.filter(({ operands }) => operands !== undefined).length).toBeLessThan(100);
  });
});

/** Draws numbers from a seed, the same everywhere. */
function createChance(seed: number) {
  let state = seed;
  const next = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  return { pick: <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)]! };
}

describe('for random rules and events', () => {
  const NAMES = ['a', 'b', 'c', 'd'];
  const LITERALS: Json[] = [null, true, false, 0, 1, 'x', '', [], [1], { a: 1 }];

  function drawCondition(chance: ReturnType<typeof createChance>, depth: number): string {
    const path = () => `event.payload.${chance.pick(NAMES)}${chance.pick(['', '', '.a', '[0]'])}`;
    const literal = () => chance.pick(['1', '0', "'x'", 'true', 'none', '[1]']);
    const inner = () => drawCondition(chance, depth - 1);
    if (depth === 0) {
      return chance.pick([
        () => path(),
        () => `${path()} == ${literal()}`,
        () => `${path()} > ${literal()}`,
        () => `${path()} in ${path()}`,
        () => `${path()} is defined`,
        () => `${path()} | default(${literal()}) == ${literal()}`,
        () => `${path()} | length > 0`,
      ])();
    }
    return chance.pick([
      () => `(${inner()} and ${inner()})`,
      () => `(${inner()} or ${inner()})`,
      () => `not ${inner()}`,
      () => `(${inner()} if ${inner()} else ${inner()})`,
      inner,
    ])();
  }

  it('the same rule and event always give the same match, and its explanation agrees', () => {
    const chance = createChance(20_261_129);
    const outcomes = new Map<string, number>();
    const wrong: string[] = [];
    for (let round = 0; round < 1_000; round += 1) {
      const when = drawCondition(chance, chance.pick([0, 0, 1, 2, 3]));
      const payload = Object.fromEntries(
        NAMES.filter(() => chance.pick([true, true, false])).map((name) => [name, chance.pick(LITERALS)]),
      );
      const event = sampleEvent({ payload });
      const rule = sampleRule({ when });
      const found = matchRule(rule, event);
      const again = matchRule(sampleRule({ when: `{{ ${when} }}` }), structuredClone(event));
      if (!isDeepStrictEqual(again, shiftedBy(found, 3))) wrong.push(`another result: ${when}`);
      if (explainedAs(explainRule(rule, event)) !== summary(found)) wrong.push(`explained otherwise: ${when}`);
      const name = summary(found);
      outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
    }
    expect(wrong).toEqual([]);
    // Each outcome is common enough that the comparison means something.
    for (const name of ['true', 'false', 'undefined', 'failed', 'not boolean']) {
      expect(outcomes.get(name), name).toBeGreaterThan(20);
    }
  });

  function summary(match: Match): string {
    if (match.outcome === 'matched') return 'true';
    if (match.outcome === 'none') return match.reason.code === 'condition_false' ? 'false' : match.reason.code;
    return match.reason.code === 'condition_not_boolean' ? 'not boolean' : 'failed';
  }

  function explainedAs(explanation: ReturnType<typeof explainRule>): string {
    if (explanation === null) return 'none';
    if ('error' in explanation) return explanation.error.code === 'undefined' ? 'undefined' : 'failed';
    return typeof explanation.value === 'boolean' ? String(explanation.value) : 'not boolean';
  }

  /** A template in braces has its places so many columns further to the right. */
  function shiftedBy(match: Match, columns: number): Match {
    if (match.outcome !== 'failed' || match.reason.column === undefined) return match;
    return { ...match, reason: { ...match.reason, column: match.reason.column + columns } };
  }
});
