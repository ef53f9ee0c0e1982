import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TemplateError } from '../../expression/errors.ts';
import type { Value } from '../../expression/values.ts';
import { draws } from '../seed.ts';
import { render } from './engine.ts';

const big = 'x'.repeat(1_000_000);
const data: Record<string, Value> = {
  big,
  xs: Array.from({ length: 1000 }, (_, index) => index),
  d: { a: 1 },
  s: 'text',
};

/** Each of them ends in a value or an error; none takes long or reaches outside the data. */
const HOSTILE: string[] = [
  ...['{{', '{{ a', '{%', '{#', '{{ ( }}', '{{ [ }}', '{{ { }}', '{{ ) }}', '{{ "', "{{ '\\", '{{ . }}', '{{ | }}'],
  ...['{', '(', '[', '{{', '{%', '{#', 'x', '{{ x }}', '{{ (', '{{ [', '{{ -'].map((part) => part.repeat(50_000)),
  ...['(', '[', '-', 'not ', '{"a":', '1 if '].map((part) => `{{ ${part.repeat(30_000)} }}`),
  ...['a.', 'a[0]', 'a|upper'].map((part) => `{{ ${part.repeat(20_000)} }}`),
  `{{ ${'1+'.repeat(40_000)}1 }}`,
  `{{ ${'"a"~'.repeat(20_000)}"" }}`,
  `${'{% if true %}'.repeat(5_000)}${'{% endif %}'.repeat(5_000)}`,
  `${'{% for x in xs %}'.repeat(50)}x${'{% endfor %}'.repeat(50)}`,
  '{% for a in range(100000) %}{% for b in range(100000) %}{{ a }}{% endfor %}{% endfor %}',
  '{% for a in xs %}{% for b in xs %}{% for c in xs %}{{ a }}{% endfor %}{% endfor %}{% endfor %}',
  '{% for a in xs %}{{ big | upper }}{% endfor %}',
  '{% for a in xs %}{{ big }}{% endfor %}',
  '{% set ns = namespace(s="x") %}{% for a in xs %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}',
  '{% set ns = namespace(l=[1]) %}{% for a in xs %}{% set ns.l = ns.l + ns.l %}{% endfor %}{{ ns.l }}',
  '{% set l = [1] %}{% for a in xs %}{{ l.extend(l) }}{% endfor %}',
  '{% set l = [] %}{{ l.append(l) }}{{ l }}',
  '{% set l = [] %}{{ l.append(l) }}{{ l | tojson }}',
  '{% set l = [] %}{{ l.append(l) }}{{ l == l }}',
  '{{ ("1" * 1000000 ~ "x") | float }}',
  '{{ ("1" * 1000000 ~ "x") | int }}',
  '{{ ("a b " * 200000).rsplit(none, 99999) | length }}',
  '{{ ("&" * 1000000) | striptags }}',
  '{{ ("<!--" * 200000) | striptags }}',
  '{{ ("a-" * 300000) | wordwrap(3) | length }}',
  '{{ ("{" * 300000).format(1) }}',
  '{{ "{:0999999,}".format(1) | length }}',
  '{{ range(1000000000) }}',
  '{{ range(0, 1, 0) }}',
  '{{ range(10 ** 15) | length }}',
  '{{ "x" * 1000000000 }}',
  '{{ [1] * 1000000000 }}',
  '{{ 10 ** 1000 }}',
  '{{ 2 ** 2 ** 2 ** 2 ** 2 ** 2 }}',
  '{{ -(9007199254740991) - 2 }}',
  '{{ "%1000000000d" % 1 }}',
  '{{ "%.1000000000f" % 1 }}',
  '{{ "{:>1000000000}".format(1) }}',
  '{{ "{:.1000000000f}".format(1.5) }}',
  '{{ "x" | center(1000000000) }}',
  '{{ "x".ljust(1000000000) }}',
  '{{ "1".zfill(1000000000) }}',
  '{{ "x" | indent(1000000000) }}',
  '{{ xs | slice(1000000000) }}',
  '{{ xs | batch(1000000000, 1) }}',
  '{{ 1.5 | round(1000000000) }}',
  '{{ big | replace("x", big) }}',
  '{{ big | replace("", big) }}',
  '{{ big.replace("x", "yyyyyyyyyy") }}',
  '{{ xs | join(big) }}',
  '{{ big.join(["a", "b", "c", "d"]) }}',
  '{{ big | list | sort | join | length }}',
  '{{ big | wordwrap(1) | length }}',
  '{{ big | truncate(10) }}',
  '{{ big | title | length }}',
  '{{ big | regex_replace("x", "yyyyy") }}',
  '{{ big | regex_search("(x+x+)+y") }}',
  '{{ big | regex_search("(a|a)*b") }}',
  '{{ big | regex_match("(.*)*$") }}',
  '{{ "x" | regex_search("(") }}',
  '{{ "x" | regex_search("(?=x)") }}',
  '{{ "x" | regex_search("\\\\1") }}',
  '{{ "x" | regex_search("x{1000000}") }}',
  `{{ "${'<'.repeat(90_000)}" | striptags }}`,
  '{{ big | b64encode | b64decode | length }}',
  '{{ big | tojson | from_json | length }}',
  '{{ "[" * 100000 | from_json }}',
  `{{ '${'['.repeat(40_000)}' | from_json }}`,
  '{{ big | hash("md5") }}',
  '{{ xs | map("zork") | list }}',
  '{{ xs | map("map", "upper") | list }}',
  '{{ xs | sum(start="") }}',
  '{{ xs | sort(attribute="__class__") }}',
  '{{ xs | unique | map("string") | join | length }}',
  '{{ d.__proto__ }}',
  '{{ d["__proto__"]["polluted"] }}',
  '{{ d.constructor("return process")() }}',
  '{{ d.constructor.constructor("return this")() }}',
  '{{ s.constructor }}',
  '{{ "".sub.call }}',
  '{{ xs.map.constructor }}',
  '{{ s | attr("constructor") }}',
  '{{ d | attr("__proto__") }}',
  '{{ xs | map(attribute="constructor") | list }}',
  '{{ dict(__proto__=1) }}',
  '{{ {"__proto__": 1}.polluted }}',
  '{% set d2 = {} %}{{ d2.update({"__proto__": {"polluted": 1}}) }}{{ d2.polluted }}',
  '{% set ns = namespace() %}{% set ns.__proto__ = 1 %}{{ ns.polluted }}',
  '{{ self }}',
  '{{ self.__init__.__globals__ }}',
  '{{ globalThis }}',
  '{{ process.exit() }}',
  '{{ require("fs") }}',
  '{{ cycler.__init__ }}',
  '{{ loop }}',
  '{{ range }}',
  '{{ range.constructor }}',
  '{{ "{0.__class__}".format(s) }}',
  '{{ "{0[__proto__]}".format(d) }}',
  '{{ "%(__proto__)s" % d }}',
  '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}',
  '{% raw %}',
  '\u0000{{ s }}\u0000',
  '{{ "\ud800" | urlencode }}',
  '{{ "\ud800" | b64encode }}',
];

it('there are enough of them', () => {
  expect(new Set(HOSTILE).size).toBe(HOSTILE.length);
  expect(HOSTILE.length).toBeGreaterThanOrEqual(75);
});

describe('a hostile template ends within the bound', () => {
  it.each(HOSTILE.map((template) => [template.length > 80 ? `${template.slice(0, 77)}…` : template, template]))(
    '%j',
    (_, template) => {
      let result: unknown;
      try {
        result = render(template, data);
      } catch (error) {
        expect(error).toBeInstanceOf(TemplateError);
        return;
      }
      expect(typeof result).not.toBe('function');
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      JSON.stringify(result);
    },
  );
});

it('random text between the braces is a value or an error, and nothing else', () => {
  const token = fc.constantFrom(
    ...[
      'xs',
      'd',
      's',
      'big',
      '.',
      '[',
      ']',
      '(',
      ')',
      '{',
      '}',
      '|',
      '~',
      '+',
      '-',
      '*',
      '/',
      '%',
      ',',
      ':',
      '=',
      '<',
    ],
    ...['==', '**', ' if ', ' else ', ' and ', ' or ', ' not ', ' in ', ' is ', '1', '2.5', '"a"', "'", 'upper', 'map'],
    ...[
      'join',
      'default',
      'defined',
      'length',
      'constructor',
      '__proto__',
      'range',
      'items',
      'append',
      '{{',
      '}}',
      '{%',
    ],
    ...['%}', '{% if ', '{% for x in ', '{% endif %}', '{% endfor %}', '{% set y = ', 'replace', 'sort', 'sum', '0'],
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 14 }), (tokens) => {
      for (const template of [`{{ ${tokens.join('')} }}`, `{{ ${tokens.join(' ')} }}`]) {
        try {
          JSON.stringify(render(template, data));
        } catch (error) {
          if (!(error instanceof TemplateError)) throw error;
        }
      }
    }),
    { numRuns: draws(300) },
  );
});
