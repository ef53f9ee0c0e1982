import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Budget } from '../../expression/budget.ts';
import { compare, equals } from '../../expression/equality.ts';
import { Search } from '../../expression/search.ts';
import type { Value } from '../../expression/values.ts';
import { WorkMeter } from '../../model/work.ts';
import { draws } from '../seed.ts';
import { failure, render } from './engine.ts';

/** The work that all templates of a visit may do together. */
const VISIT = 600_000;

/** Returns the milliseconds that work takes. */
function time(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

const loop = '{% set ns = namespace(s=0) %}{% for i in range(15000) %}{% set ns.s = ns.s + i %}{% endfor %}{{ ns.s }}';

/** Milliseconds that this machine takes for the work of one visit: a loop whose steps are work as well. */
const calibrated = Math.max(
  ...[0, 1, 2].map(() => {
    const meter = new WorkMeter(Number.POSITIVE_INFINITY);
    const taken = time(() => render(loop, {}, {}, meter));
    return (taken * VISIT) / meter.spent;
  }),
);

/** How many times longer the same amount of other work may take, on a machine that does more than this test. */
const FACTOR = 5;

/**
 * Returns the least of some factors, which are measured until one is small enough: the garbage of other templates may be collected in any
 * one, and a busy machine disturbs one sometimes.
 */
function leastOf(factor: () => number): number {
  let least = factor();
  for (let again = 0; again < 9 && least >= FACTOR; again += 1) least = Math.min(least, factor());
  return least;
}

const nested = '{% set a = [1] * 1000 %}{% set b = [a] * 1000 %}{% set c = [b] * 1000 %}{% set d = [c] * 1000 %}';
const twice = `${nested}{% set e = [[[[1] * 1000] * 1000] * 1000] * 1000 %}`;
const long = "{% set s = 'a' * 1000000 %}";

describe('what a template does is charged where it is done', () => {
  it.each([
    // Comparing
    `${long}{{ (['b' ~ s, 'b' ~ s ~ 'c'] * 5000) | max | length }}`,
    `${long}{{ (['b' ~ s, 'b' ~ s ~ 'c'] * 5000) | sort | length }}`,
    `${long}{{ ('b' ~ s) in ['b' ~ s ~ 'c', 'c' ~ s ~ 'c'] * 5000 }}{{ ['c' ~ s ~ 'c'] * 5000 == ['c' ~ s ~ 'c'] * 5000 }}{{ s | upper | upper }}{{ s | regex_search('b|c') }}`,
    `{% set d = range(150000) | list %}{% for x in [d, d + [1]] * 9000 %}{{ loop.changed(x[:149999]) }}{% endfor %}`,
    // Indexing
    `${long}{% for i in range(30000) %}{% if s[999999] == 'b' %}{% endif %}{% endfor %}`,
    `${long}{% for i in range(30000) %}{% if s[-999999] == 'b' %}{% endif %}{% endfor %}`,
    `${long}{% for i in range(30000) %}{% for c in s %}{% break %}{% endfor %}{% endfor %}`,
    `${long}{% for i in range(30000) %}{% if ('a' ~ s).find('b') > 0 %}{% endif %}{% endfor %}`,
    // Returning
    `${nested}{{ d }}`,
    `${nested}{{ d | string | length }}`,
    `${nested}{{ d ~ '' }}`,
    `${nested}{{ d | to_json }}`,
    `${nested}{{ d | tojson(20) }}`,
    `${nested}{{ d | pprint }}`,
    `${nested}{{ '%s' % (d,) }}`,
    `${nested}{{ '{}{}'.format(d, d) }}`,
    `${nested}{{ d | join }}`,
    `${nested}{{ d | flatten }}`,
    // Patterns
    `${long}{{ s | regex_findall('a.*b|a') | length }}`,
    `${long}{{ s[:1000] | regex_findall('(a?){500}b|a') | length }}`,
    `{{ ('a' * 400000) | regex_replace('a', '$\`') | length }}`,
    `{{ ('a' * 300) | regex_replace('(a?)' * 900, '\\\\1') | length }}`,
    // Parts of text: the engine's own search takes quadratic time on each
    `${long}{% for i in range(10) %}{{ ('ab' ~ 'a' * 100000) in s }}{% endfor %}{{ s | regex_search('ab' ~ 'a' * 900) }}{{ s | list }}`,
    // Names that exist
    `{% set d = dict(range(100000) | zip(range(100000))) %}{% for i in range(10000) %}{{ d.x is defined }}{% endfor %}`,
    `{% set d = dict(range(100000) | zip(range(100000))) %}{% for i in range(10000) %}{% if d %}{% endif %}{% endfor %}`,
  ])('%s ends by a limit', (template) => {
    const factor = () =>
      time(() => expect(failure(template, {}, new WorkMeter(VISIT))).toMatchObject({ kind: 'limit' })) / calibrated;
    expect(leastOf(factor)).toBeLessThan(FACTOR);
  });

  it.each([
    ["('=' * 1000000 ~ 'x') | b64decode", 'type'],
    ["('%(' * 500000) % 1", 'type'],
    ["('%' ~ '0' * 1000000 ~ '!') % 1", 'type'],
    ["('%(' * 300000 ~ ')' ~ '0' * 300000) % 1", 'type'],
  ])('{{ %s }} takes linear time', (expression, kind) => {
    const factor = () =>
      time(() => expect(failure(`{{ ${expression} }}`, {}, new WorkMeter(VISIT))).toMatchObject({ kind })) / calibrated;
    expect(leastOf(factor)).toBeLessThan(FACTOR);
  });

  it('repeating nothing takes nothing', () => {
    expect(render('{{ [] * 1000000000 }}{{ () * 1000000000 }}')).toBe('[]()');
    expect(render(`${twice}{{ d == e }}{{ d != e }}{{ d <= e }}`)).toBe('TrueFalseTrue');
  });

  it('values leave a template up to 1.5 million characters and 100 levels, where work counts', () => {
    const data = { x: 'x'.repeat(800_000), deep: JSON.parse(`${'['.repeat(100)}${']'.repeat(100)}`) as Value };
    const metered = () => new WorkMeter(Number.POSITIVE_INFINITY);
    expect(render('{{ [x] }}', data, {}, metered())).toEqual([data.x]);
    expect(failure('{{ [x, x] }}', data, metered())).toMatchObject({ kind: 'limit', line: 1, column: 4 });
    expect(render('{{ [x, x] }}', data)).toHaveLength(2);
    expect(render('{{ deep }}', data, {}, metered())).toEqual(data.deep);
    expect(failure('{{ [[deep]] }}', data, metered()).message).toBe('the value is nested deeper than 100 levels');
    expect(render('{{ [[deep]] }}', data)).toHaveLength(1);
  });

  it('a pattern that compiles to more than 5,000 instructions is refused, where work counts', () => {
    const template = "{{ 'x' | regex_search('x{900}' * 6) }}";
    expect(render(template)).toBe(false);
    expect(failure(template, {}, new WorkMeter(VISIT))).toMatchObject({ kind: 'type' });
  });

  it('templates share a meter, and the same template costs the same whatever ran before', () => {
    const meter = new WorkMeter(VISIT);
    const costs = [0, 1, 2].map(() => {
      const before = meter.spent;
      render("{{ 'a1b2' | regex_findall('[0-9]') }}", {}, {}, meter);
      return meter.spent - before;
    });
    expect(new Set(costs).size).toBe(1);
    expect(() => {
      for (;;) render(loop, {}, {}, meter);
    }).toThrow(expect.objectContaining({ kind: 'limit', message: 'the templates take too much work' }));
  });

  it('a pattern is charged again once an evaluation has used too many others to hold it', () => {
    const spent = (rounds: number) => {
      const meter = new WorkMeter(Number.POSITIVE_INFINITY);
      // Twelve patterns of 4,500 instructions are more than are held.
      const patterns = "{% set p = 'x{900}x{900}x{900}x{900}x{900}' %}";
      render(
        `${patterns}{% for i in range(${rounds}) %}{% if '' | regex_search(p ~ i % 12) %}{% endif %}{% endfor %}`,
        {},
        {},
        meter,
      );
      return meter.spent;
    };
    expect(spent(36) / spent(12)).toBeGreaterThan(2.9);
  });

  it('work does not depend on which patterns other evaluations have left', () => {
    const template =
      "{{ ['a', 'b', 'aab'] | map('regex_replace', '(a|b)+c?', '-') | join }}{{ 'x' | regex_search('x|y') }}";
    const spent = () => {
      const meter = new WorkMeter(VISIT);
      render(template, {}, {}, meter);
      return meter.spent;
    };
    const first = spent();
    expect(spent()).toBe(first);
    // More patterns than are kept.
    for (let index = 0; index < 250; index += 1) render(`{{ 'x' | regex_search('x${index}') }}`);
    expect(spent()).toBe(first);
  });
});

describe('steps count as in every earlier interpreter', () => {
  const data = {
    xs: [3, 1, 2],
    d: { b: 1, a: [1, 'x'] },
    t: 'a\u{1f600}b and more',
    rows: [
      { g: 'x', n: 2 },
      { g: 'y', n: 1 },
    ],
  };

  // The number is what a range in front may have, so that all takes exactly as many steps as a template may.
  it.each<[string, number]>([
    ["xs | sort | join(',')", 199964],
    ["rows | groupby('g') | length", 199973],
    ["rows | sort(attribute='n,g') | map(attribute='n') | list", 199961],
    ['(xs * 20) | unique | length', 199860],
    ['[[1], [2], [1]] | unique', 199974],
    ['t[1:] ~ t[-1] ~ (t | upper)', 199977],
    ["t.find('and') + t.count('a')", 199983],
    ['(d | to_json) ~ (d | tojson(2)) ~ (d | pprint)', 199947],
    ["'%s %05.1f' % (d, 2) ~ '{:>9}'.format(t)", 199976],
    ['xs == [3, 1, 2] and 2 in xs and xs < [4]', 199961],
    ["t | regex_replace('[a-z]+', '-') | wordwrap(3)", 199982],
    ['t | b64encode | b64decode | hash | length', 199978],
    ["xs | select('gt', 1) | list | join(d.keys() | first)", 199951],
    ['xs | batch(2, 0) | list | join(xs | slice(2) | join)', 199949],
    ["t is in ['x', t] and t is lower", 199985],
    ["'2026-01-02' | strftime('%d.%m.') ~ (93784 | human_duration)", 199983],
  ])('%s', (expression, left) => {
    const template = (size: number) => `{% set p = range(${size}) %}{% set q = ${expression} %}`;
    expect(render(template(left), data, {}, undefined, 1)).toBeNull();
    expect(failure(template(left + 1), data, undefined, 1)).toMatchObject({ kind: 'limit' });
    expect(render(template(left), data, {}, new WorkMeter(VISIT), 1)).toBeNull();
  });
});

describe('text', () => {
  const unit = fc.constantFrom('a', 'b', '\ud83d', '\ude00', '\u{1f600}', '\uffff', '\ue000');
  const text = fc.string({ unit, maxLength: 8 });
  const free = () => new Budget(Number.POSITIVE_INFINITY);

  it('is ordered by code point, also with half of a pair in it', () => {
    const order = (a: string, b: string): number => {
      const [x, y] = [[...a], [...b]];
      const index = x.findIndex((point, at) => point !== y[at]);
      if (index === -1 || index >= y.length) return Math.sign(x.length - y.length);
      return Math.sign(x[index]!.codePointAt(0)! - y[index]!.codePointAt(0)!);
    };
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compare(a, b, free()))).toBe(order(a, b));
        expect(equals(a, b, free())).toBe(a === b);
      }),
    );
  });

  it('is read, cut and counted by code point', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }), (value, from, to) => {
        const points = [...value];
        expect(render(`{{ (t[${from}],) if t[${from}] is defined else 0 }}`, { t: value })).toEqual(
          points.at(from) === undefined ? 0 : [points.at(from)],
        );
        expect(render(`{{ (t[${from}:${to}],) }}`, { t: value })).toEqual([points.slice(from, to).join('')]);
        expect(render('{{ t | length }}', { t: value })).toBe(points.length);
        expect(render('{{ (t | reverse,) }}', { t: value })).toEqual([[...points].reverse().join('')]);
      }),
    );
  });

  it('is searched as the engine searches it', () => {
    const few = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'a', 'a', 'b'), maxLength });
    fc.assert(
      fc.property(few(200), few(40), fc.nat(200), (value, part, from) => {
        const search = new Search(value, part, free());
        expect(search.first(from)).toBe(value.indexOf(part, from));
        expect(search.last()).toBe(value.lastIndexOf(part));
        expect(render('{{ [t.count(p) if p else 0, t.replace(p, "-") if p else 0] }}', { t: value, p: part })).toEqual(
          part === '' ? [0, 0] : [value.split(part).length - 1, value.replaceAll(part, '-')],
        );
      }),
      { numRuns: draws(500) },
    );
  });
});
