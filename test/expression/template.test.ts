import { describe, expect, it } from 'vitest';
import { NEWEST_DIALECT } from '../../expression/dialect.ts';
import type { TemplateErrorKind } from '../../expression/errors.ts';
import { compileExpression, renderTemplate } from '../../expression/template.ts';
import type { Value } from '../../expression/values.ts';
import { failure, render } from './engine.ts';

const data: Record<string, Value> = {
  a: { b: [10, { 'c-d': 'deep' }], n: null, t: true, items: 'key', '0': 'zero' },
  text: 'plain',
  xs: [3, 1, 2],
};

it.each<[string, Value]>([
  ['{{ a.b[-1]["c-d"] }}', 'deep'],
  ['{{ a.items }}', 'key'],
  ["{{ a['0'] }}", 'zero'],
  ['x{{ text }}y{{ a.b[0] }}', 'xplainy10'],
  ['{{ a.n }}|{{ a.t }}|{{ a.b }}', "None|True|[10, {'c-d': 'deep'}]"],
  ['no template { here } }}', 'no template { here } }}'],
  ["{{ '123' }}", '123'],
  ['{{ "[1]" | trim }}', '[1]'],
  ['{{ 9007199254740991 }}', 9007199254740991],
  ["{{ '2026-01-02T03:04:05Z' | strftime('%d.%m.%Y %H:%M:%S %j %a %b') }}", '02.01.2026 03:04:05 002 Fri Jan'],
  ["{{ '2026-01-02' | date('%F') }} {{ 0 | date('%F %T') }}", '2026-01-02 1970-01-01 00:00:00'],
  ["{{ '1970-01-01T00:01:40+00:00' | to_timestamp }}", 100],
  ['{{ 93784 | human_duration }} {{ 0 | human_duration }}', '1d 2h 3m 4s 0s'],
  ["{{ 'aGk=' | b64decode }} {{ 'a%20b+c' | urldecode }}", 'hi a b c'],
  ["{{ {'a': {'b': 1}} | dig('a', 'b') }}{{ {} | dig('x', default=2) }}", '12'],
  ['{{ [1, [2, [3]]] | flatten }}{{ [1, [2, [3]]] | flatten(1) }}', '[1, 2, 3][1, 2, [3]]'],
  ["{{ 'a1b22' | regex_findall('[0-9]+') }}", ['1', '22']],
  ["{{ 'ab' | regex_replace('(a)(b)', '\\\\2-\\\\1') }}", 'b-a'],
  ["{{ {'b': 1, 'a': 2} | keys }}{{ {'b': 1} | values }}", "['b', 'a'][1]"],
  ["{{ 'x' | hash }}", '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881'],
  ['{% set q = 5 %}{% with q = 2, r = q + 1 %}{{ q }}{{ r }}{% endwith %}{{ q }}', '265'],
  ['{{ xs | reject("odd") | list }}{{ [{"a": 1}] | rejectattr("a") | list }}', '[2][]'],
  ['{% set t = [] %}{{ t.append(1) }}{{ t.extend([2, 3]) }}{{ t.pop() }}{{ t }}', 'NoneNone3[1, 2]'],
])('%s gives %j', (template, expected) => {
  expect(render(template, data)).toEqual(expected);
});

it('never changes what it was given', () => {
  const before = JSON.stringify(data);
  render('{{ xs.append(9) }}{{ xs.pop() }}{{ a.update({"x": 1}) }}{% set ys = xs %}{{ ys.append(1) }}', data);
  expect(JSON.stringify(data)).toBe(before);
});

it.each(['first', 'last', 'min', 'max', 'default(1)', 'safe', 'dig("l")', 'sum(start=given)', 'get'])(
  'never changes what %s hands on of what it was given',
  (name) => {
    const given: Record<string, Value> = { given: [[1]], dict: { l: [1] } };
    const before = JSON.stringify(given);
    const subject =
      name === 'get'
        ? 'dict.get("l")'
        : name.startsWith('dig')
          ? `(dict | ${name})`
          : name.startsWith('sum')
            ? `([] | ${name})`
            : `(given | ${name})`;
    render(`{% set x = ${subject} %}{{ x.append(2) }}{{ x.extend([3]) }}`, given);
    expect(JSON.stringify(given)).toBe(before);
  },
);

describe('errors tell the kind and the place', () => {
  it.each<[string, TemplateErrorKind, number, number, string]>([
    ['{{ gone }}', 'undefined', 1, 4, "'gone' is not defined; there are: a, text, xs"],
    ['line\n  {{ a.x }}', 'undefined', 2, 8, "no key 'x'; there are: 0, b, n, t, items"],
    ['{{ a.x.y.z }}', 'undefined', 1, 6, "no key 'x'; there are: 0, b, n, t, items"],
    ['{{ a.b[9] }}', 'undefined', 1, 8, 'no element 9 in a list of 2'],
    ['{{ text.x }}', 'undefined', 1, 9, "no key 'x' in a string"],
    ['{{ a.n.x }}', 'undefined', 1, 8, "no key 'x' in none"],
    ['{{ a.toString }}', 'undefined', 1, 6, "no key 'toString'; there are: 0, b, n, t, items"],
    ['{{ constructor }}', 'undefined', 1, 4, "'constructor' is not defined; there are: a, text, xs"],
    ['{{ 1 + text }}', 'type', 1, 4, '+ does not take a number and a string'],
    ['é {{ xs | map("zork") }}', 'unknown', 1, 11, "there is no filter 'zork'"],
    ['{{ xs | join(1, 2, 3) }}', 'type', 1, 9, 'join takes at most 2 arguments, not 3'],
    ['{{ xs | sort(revers=true) }}', 'type', 1, 9, "sort has no argument 'revers'"],
    ['{{ a', 'syntax', 1, 1, 'this {{ is never closed by }}'],
    ['{{ }}', 'syntax', 1, 4, 'a value is expected here, not the end'],
    ['{{ a b }}', 'syntax', 1, 6, "'}}' is expected here, not 'b'"],
    ['{{ a. }}', 'syntax', 1, 7, 'a key is expected here, not the end'],
    ['{{ (1] }}', 'syntax', 1, 6, "']' closes nothing here"],
    ["{{ 'a }}", 'syntax', 1, 4, 'this text is never closed'],
    [
      '{% include "x" %}',
      'syntax',
      1,
      4,
      'include is not supported: a template stands alone; keep what several share in the variables of the workflow',
    ],
    ['{% fro x in y %}', 'syntax', 1, 4, "there is no statement 'fro'"],
    ['{% if a %}', 'syntax', 1, 11, 'endif is missing'],
    ['{% break %}', 'syntax', 1, 4, 'break stands outside a loop'],
    ['{{ 9007199254740993 }}', 'syntax', 1, 4, 'the number is beyond 2^53'],
  ])('%j', (template, kind, line, column, message) => {
    const error = failure(template, data);
    expect({ kind: error.kind, line: error.line, column: error.column, message: error.message }).toEqual({
      kind,
      line,
      column,
      message,
    });
  });
});

describe('an expression that stands by itself', () => {
  const evaluate = (text: string) => {
    const names = () => Object.keys(data);
    return renderTemplate(compileExpression(text), { lookup: (root) => data[root], names, dialect: NEWEST_DIALECT });
  };

  it.each<[string, Value]>([
    ['xs | length > 2', true],
    ['{{ xs | length > 2 }}', true],
    ['-xs[0]', -3],
    ["text ~ '}}'", 'plain}}'],
    ['xs\n  | sum', 6],
  ])('%j', (text, expected) => expect(evaluate(text)).toEqual(expected));

  it.each<[string, number, number, string]>([
    ['a.b.c', 1, 5, "no key 'c' in a list"],
    ['xs\n  | nope', 2, 5, "there is no filter 'nope'"],
    ['sum( > 1', 1, 10, 'something is missing at the end'],
    ['', 1, 2, 'something is missing at the end'],
    ['a b', 1, 3, "the end is expected here, not 'b'"],
    ["'x", 1, 1, 'this text is never closed'],
    ['a }} b {{ c }}', 1, 1, 'exactly one expression is expected'],
    ['{{ a }}!', 1, 1, 'exactly one expression is expected'],
    ['{% if a %}{% endif %}', 1, 1, 'exactly one expression is expected'],
  ])('refuses %j, and says where in its own text', (text, line, column, message) => {
    expect(() => evaluate(text)).toThrow(expect.objectContaining({ line, column, message }));
  });
});
