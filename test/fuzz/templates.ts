import fc from 'fast-check';
import { TemplateError } from '../../expression/errors.ts';
import { LIST_FILTERS } from '../../expression/list-filters.ts';
import { METHODS } from '../../expression/methods.ts';
import { TESTS } from '../../expression/tests.ts';
import { TEXT_FILTERS } from '../../expression/text-filters.ts';
import { TIME_FILTERS } from '../../expression/time-filters.ts';
import type { Value } from '../../expression/values.ts';
import { WorkMeter } from '../../model/work.ts';
import { createValues, FILTER_ARGUMENTS, METHOD_ARGUMENTS, TEST_ARGUMENTS } from '../expression/calls.ts';
import { render } from '../expression/engine.ts';
import type { Part } from './part.ts';

/** The units of work that all templates of a visit may take together. */
const VISIT = 600_000;

/** How many times longer than a plain loop of as much work any template may take, on a machine that does more than this. */
const FACTOR = 8;

const KEYS = ["'a'", "'key-9'", "'first'", "'__class__'", "'constructor'"];
const ARITHMETIC = ['+', '-', '*', '/', '//', '%', '**'];
const COMPARISONS = ['==', '!=', '<', '>=', 'in', 'not in', 'and', 'or'];
const TEXTS = [
  ...["''", "'a'", "'aB'", "'%s {}'", "'(a|b)+c?'", "'[a-z]*$'", "'-1.5'", "'[1, {}]'", "'2026-01-02'", "'\\\\1'"],
];
const SMALL = ['0', '1', '-2', '3', '7', '1.5', 'true'];
const LARGE = ['700', '20000', '-1000000', '1e300'];
const WORDS = Object.keys(TESTS).filter((name) => /^\w+$/.test(name));

type Expressions = Record<'text' | 'list' | 'dict' | 'number' | 'any', string>;

/** Templates in which numbers stand as they are given; most of what they ask for is there. */
function templatesWith(numbers: readonly string[]): fc.Arbitrary<string> {
  const { any, list } = fc.letrec<Expressions>((tie) => {
    const inner = (of: fc.Arbitrary<string>) => of.map((written) => (/^\w+$/.test(written) ? written : `(${written})`));
    const [text, items, dict] = [inner(tie('text')), inner(tie('list')), inner(tie('dict'))];
    const [number, value] = [inner(tie('number')), inner(tie('any'))];
    const random = fc.array(value, { maxLength: 3 }).map((given) => given.join(', '));
    /** A call by name: mostly with arguments that it takes. */
    const call = (names: readonly string[], known: Record<string, string[]>) =>
      fc.constantFrom(...names).chain((name) => {
        const usual = fc.constantFrom(...(known[name] ?? ['']));
        return fc
          .oneof({ weight: 4, arbitrary: usual }, { weight: 1, arbitrary: random })
          .map((given) => `${name}(${given})`);
      });
    const filtered = (of: fc.Arbitrary<string>, table: Record<string, unknown>) =>
      fc.tuple(of, call(Object.keys(table), FILTER_ARGUMENTS)).map((parts) => parts.join(' | '));
    const method = (of: fc.Arbitrary<string>, table: Record<string, unknown>) =>
      fc.tuple(of, call(Object.keys(table), METHOD_ARGUMENTS)).map((parts) => parts.join('.'));
    const between = (a: fc.Arbitrary<string>, operator: string, b: fc.Arbitrary<string>) =>
      fc.tuple(a, b).map((parts) => parts.join(` ${operator} `));
    const cut = (of: fc.Arbitrary<string>) =>
      fc
        .tuple(of, number, number, fc.constantFrom('', '-1', '3'))
        .map(([name, from, to, step]) => `${name}[${from}:${to}:${step}]`);
    const kind = (...ways: fc.Arbitrary<string>[]) =>
      fc.oneof({ maxDepth: 3, depthSize: 'small', withCrossShrink: true }, ...ways);
    return {
      text: kind(
        fc.constantFrom('text', 'same', 'i', 'v', ...TEXTS),
        ...[
          filtered(text, { ...TEXT_FILTERS, ...TIME_FILTERS }),
          method(text, METHODS.text),
          between(text, '~', value),
          between(text, '*', number),
          cut(text),
        ],
        ...[
          between(
            items,
            '|',
            text.map((by) => `join(${by})`),
          ),
          value.map((of) => `${of} | tojson`),
        ],
      ),
      list: kind(
        fc.constantFrom('texts', 'lists', 'i', 'v', '[]'),
        ...[
          filtered(items, LIST_FILTERS),
          method(items, METHODS.list),
          between(items, '+', items),
          between(items, '*', number),
        ],
        ...[cut(items), number.map((size) => `range(${size}) | list`), text.map((of) => `${of} | list`)],
        ...[fc.array(tie('any'), { maxLength: 4 }).map((entries) => `[${entries.join(', ')}]`)],
        dict.map((of) => `${of}.items() | list`),
      ),
      dict: kind(
        fc.constant('dict'),
        ...[
          method(dict, METHODS.dict),
          between(
            dict,
            '|',
            dict.map((other) => `combine(${other})`),
          ),
        ],
        fc.tuple(value, value).map(([a, b]) => `{'a': ${a}, 'b': (${b}, 1)}`),
      ),
      number: kind(
        fc.constantFrom('number', ...numbers),
        ...[items.map((of) => `${of} | length`), method(text, METHODS.text), method(items, METHODS.list)],
        ...ARITHMETIC.map((operator) => between(number, operator, number)),
      ),
      any: kind(
        ...[tie('text'), tie('list'), tie('dict'), tie('number'), fc.constantFrom('none', 'nobody')],
        ...COMPARISONS.map((operator) => between(value, operator, value)),
        fc.tuple(value, call(WORDS, TEST_ARGUMENTS)).map((parts) => parts.join(' is ')),
        fc.tuple(value, value, value).map(([a, b, c]) => `${a} if ${b} else ${c}`),
        fc.tuple(value, fc.oneof(number, fc.constantFrom(...KEYS))).map(([of, key]) => `${of}[${key}]`),
        value.map((of) => `not ${of}`),
      ),
    };
  });
  const { statements } = fc.letrec<{ statements: string }>((tie) => {
    const body = tie('statements');
    const statement = fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      any.map((of) => `{{ ${of} }}`),
      any.map((of) => `{% set v = ${of} %}`),
      fc.tuple(list, body).map(([of, then]) => `{% for i in ${of} %}${then}{% endfor %}`),
      fc.tuple(any, body).map(([of, then]) => `{% if ${of} %}${then}{% else %}-{% endif %}`),
    );
    return {
      statements: fc
        .array(statement, { minLength: 1, maxLength: 3 })
        .map((all) => `{% set i = 'a1' %}{% set v = texts %}${all.join('')}`),
    };
  });
  return statements;
}

const small: Record<string, Value> = {
  text: 'aB <\u{1f600}%1,\n',
  same: 'aaaa',
  texts: ['x1', 'x', 'y'],
  lists: [[1, 2], [1, 2], []],
  dict: { 'key-9': 9, a: { b: [1] } },
  number: 2.5,
};
const large = createValues(1);

/** Renders a template; returns its value or its error, as text. Throws errors that are not a TemplateError. */
function outcomeOf(template: string, data: Record<string, Value>, meter?: WorkMeter): string {
  try {
    return JSON.stringify(render(template, data, {}, meter)) ?? 'nothing';
  } catch (error) {
    if (error instanceof TemplateError) return `${error.kind} at ${error.line}:${error.column}: ${error.message}`;
    throw error;
  }
}

const sizes = fc.oneof(fc.constant(0), fc.integer({ min: 199_800, max: 200_000 }));

/** Throws when counting work changes what a template comes to, or how many steps it takes. */
function verifySteps([template, size]: [string, number]): void {
  // The steps that the range leaves to the template decide whether it ends by their limit.
  const whole = `{% set kept = range(${size}) %}${template}`;
  const before = outcomeOf(whole, small);
  const metered = outcomeOf(whole, small, new WorkMeter(Number.POSITIVE_INFINITY));
  if (metered !== before) throw new Error(`without a meter it gives ${before}, with one ${metered}`);
}

let loopTime: number | undefined;

/** Milliseconds that this machine takes for a loop with the work of a visit. */
function calibrated(): number {
  const loop = '{% set ns = namespace(s=0) %}{% for i in range(15000) %}{% set ns.s = ns.s + i %}{% endfor %}';
  loopTime ??= Math.max(
    ...[0, 1, 2].map(() => {
      const meter = new WorkMeter(Number.POSITIVE_INFINITY);
      return (timeOf(() => render(loop, {}, {}, meter)) * VISIT) / meter.spent;
    }),
  );
  return loopTime;
}

function timeOf(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** Throws when a template costs another time something else, or takes longer than its work allows. */
function verifyWork(template: string): void {
  const limit = calibrated() * FACTOR;
  const runs = [0, 1].map(() => {
    const meter = new WorkMeter(VISIT);
    let outcome = '';
    const time = timeOf(() => {
      outcome = outcomeOf(template, large, meter);
    });
    return { outcome, time, spent: meter.spent };
  });
  const [first, second] = runs as [(typeof runs)[0], (typeof runs)[0]];
  if (first.outcome !== second.outcome) throw new Error('it comes to something else the second time');
  if (first.spent !== second.spent) throw new Error(`it costs ${first.spent} units, and then ${second.spent}`);
  const meter = () => new WorkMeter(VISIT);
  // The garbage of other templates may be collected in any one: the fastest counts.
  if (first.time < limit || second.time < limit || timeOf(() => outcomeOf(template, large, meter())) < limit) return;
  throw new Error(
    `it takes ${(second.time / calibrated()).toFixed(1)} times as long as a loop with the work of a visit`,
  );
}

/**
 * Random templates: over small data a meter changes neither what they come to nor their steps; over large data they end within the
 * work of a visit, and within the time that it stands for.
 */
export const templateParts: readonly Part[] = [
  { name: 'template-steps', runs: 500, property: fc.property(fc.tuple(templatesWith(SMALL), sizes), verifySteps) },
  { name: 'template-work', runs: 400, property: fc.property(templatesWith([...SMALL, ...LARGE]), verifyWork) },
];
