import { describe, expect, it } from 'vitest';
import type { Dialect } from '../../expression/dialect.ts';
import { TemplateError } from '../../expression/errors.ts';
import type { Value } from '../../expression/values.ts';
import { render } from './engine.ts';

/** Returns the result of a template: a value, or the message of its error. */
function answer(template: string, dialect: Dialect): Value {
  try {
    return render(template, data, {}, undefined, dialect);
  } catch (error) {
    if (error instanceof TemplateError) return `error: ${error.message}`;
    throw error;
  }
}

const data: Record<string, Value> = { numbers: [1, 2], one: { a: 1 } };

/** Templates with their results in the first dialect, which open runs keep, and in the second. */
const DIFFERENCES: Record<string, [string, Value, Value][]> = {
  'replacements of regular expressions': [
    ["{{ 'price X' | regex_replace('X', '$5.00') }}", 'price \\$5.00', 'price $5.00'],
    ["{{ 'a-b' | regex_replace('(?P<l>\\\\w)-(?P<r>\\\\w)', '\\\\g<r>-\\\\g<l>') }}", '$\u007br}-$\u007bl}', 'b-a'],
    ["{{ 'a-b' | regex_replace('(\\\\w)', '<\\\\g<0>\\\\1>') }}", '<$\u007b0}a>-<$\u007b0}b>', '<aa>-<bb>'],
    ["{{ 'ab' | regex_replace('(a)', '\\\\2') }}", '$2b', 'error: the pattern has no group 2'],
    ["{{ 'ab' | regex_replace('a', '\\\\\\\\') }}", '\\\\b', '\\b'],
    ["{{ 'ab' | regex_replace('(x)?a', '[\\\\1]') }}", '[]b', '[]b'],
    [
      "{{ 'ab' | regex_replace('a', '\\\\q') }}",
      '\\qb',
      'error: \\q means nothing in a replacement; a backslash is written \\\\',
    ],
    ["{{ 'abxd' | regex_replace('x*', '-') }}", '-a-b--d-', '-a-b--d-'],
  ],
  'groups that regex_findall gives': [
    [
      "{{ 'a1b22' | regex_findall('([a-z])([0-9]+)') }}",
      ['a1', 'b22'],
      [
        ['a', '1'],
        ['b', '22'],
      ],
    ],
    ["{{ 'a1b22' | regex_findall('[a-z]([0-9]+)') }}", ['a1', 'b22'], ['1', '22']],
    [
      "{{ 'ab' | regex_findall('(a)|(b)') }}",
      ['a', 'b'],
      [
        ['a', ''],
        ['', 'b'],
      ],
    ],
  ],
  rounding: [
    ['{{ 1.25 | round(1) }}', 1.3, 1.2],
    ['{{ -0.125 | round(2) }}', -0.13, -0.12],
    ['{{ 2.675 | round(2) }}', 2.67, 2.67],
    ['{{ 25 | round(-1) }}', 20, 20],
    ['{{ 1e22 | round(2) }}', 1e22, 1e22],
    ["{{ '%.0f' % 2.5 }}", '3', '2'],
    ["{{ '%.0e' % 25.0 }}", '3e+01', '2e+01'],
    ["{{ '%.1f' | format(0.25) }}", '0.3', '0.2'],
    ["{{ '{:.1f}'.format(0.25) }}", '0.3', '0.2'],
    ["{{ '{:.2}'.format(0.125) }}", '0.13', '0.12'],
    ["{{ 5 | round(0, 'ceil') ~ '' }}", '5', '5.0'],
    ['{{ 1.0 // 0.1 }}', 10, 9],
  ],
  formats: [
    ["{{ '%%|%-3d|%#x|%.f|%*d' % (1, 255, 2.5, 3, 4) }}", 'error: the format has fewer places', '%|1  |0xff|2|  4'],
    ["{{ '%g' % 1e20 }}", '100000000000000000000', '1e+20'],
    ["{{ '%d' % 1e20 }}", '100000000000000000000', '100000000000000000000'],
    ["{{ '%x' % 1.5 }}", '1', 'error: an integer is expected here, not a fraction'],
    ["{{ '%y' % 1 }}", "error: there is no format 'y'", "error: there is no format '%y'; a percent sign is written %%"],
    ["{{ '100%' % () }}", '100%', 'error: the format ends within a place; a percent sign is written %%'],
    ["{{ '{:{}}|{:>5}|{:010,}'.format('a', 3, 'é', 1234567) }}", '{:a}|    3|é000000000', 'a  |    é|01,234,567'],
    ["{{ '{:.3}'.format(3.0) }}", '3', '3.0'],
    ["{{ '{'.format(1) }}", '{', 'error: the format has a place that no } closes'],
  ],
  'days that do not exist': [
    ["{{ '2026-02-29' | date }}", '2026-03-01', "error: '2026-02-29' is not a time in ISO 8601 that exists"],
    ["{{ '2026-04-31' | to_timestamp }}", 1777593600, "error: '2026-04-31' is not a time in ISO 8601 that exists"],
    ["{{ '2024-02-29' | date }}", '2024-02-29', '2024-02-29'],
    ["{{ '2000-02-29T23:59:59+00:00' | date }}", '2000-02-29', '2000-02-29'],
    ["{{ '1900-02-29' | date }}", '1900-03-01', "error: '1900-02-29' is not a time in ISO 8601 that exists"],
    [
      "{{ '2026-01-01T24:00' | date }}",
      '2026-01-02',
      "error: '2026-01-01T24:00' is not a time in ISO 8601 that exists",
    ],
    [
      "{{ '2026-01-01T23:59:60Z' | date }}",
      "error: '2026-01-01T23:59:60Z' is no time in ISO 8601",
      "error: '2026-01-01T23:59:60Z' is not a time in ISO 8601 that exists",
    ],
    ["{{ '2026-01-01T00:00+02:00' | strftime('%F %T') }}", '2025-12-31 22:00:00', '2025-12-31 22:00:00'],
    ["{{ '2026-01-01T00:00-0130' | strftime('%T') }}", '01:30:00', '01:30:00'],
    ["{{ '2026-01-01T00:00:00.123456789Z' | strftime('%f') }}", '123000', '123456'],
    ["{{ '2026-01-01T00:00:00.123456Z' | to_timestamp }}", 1767225600.123, 1767225600.123],
    ["{{ '0001-01-01' | to_timestamp }}", -62135596800, -62135596800],
    ["{{ 0.9999996 | strftime('%T.%f') }}", '00:00:00.999000', '00:00:01.000000'],
    ["{{ 59.9999994 | strftime('%T.%f') }}", '00:00:59.999000', '00:00:59.999999'],
    [
      "{{ '0001-01-01T00:00+01:00' | date }}",
      '0000-12-31',
      "error: '0001-01-01T00:00+01:00' is not a time in ISO 8601 that exists",
    ],
    ['{{ 1e20 | date }}', 'error: the time is out of range', 'error: the time is outside the years 1 to 9999'],
  ],
  'numbers without an end': [
    ['{{ 1e308 * 10 }}', Number.POSITIVE_INFINITY, 'error: the number is too large'],
    ['{{ [1e308, 1e308] | sum }}', Number.POSITIVE_INFINITY, 'error: the number is too large'],
    ['{{ 1e308 + 1e308 - 1e308 }}', Number.POSITIVE_INFINITY, 'error: the number is too large'],
    ['{{ 1.0 / 1e-320 }}', Number.POSITIVE_INFINITY, 'error: the number is too large'],
  ],
  'arguments that nothing takes': [
    ['{{ 1 is odd(5) }}', true, 'error: odd takes no arguments'],
    ['{{ 1 is eq }}', false, "error: eq needs the argument 'other'"],
    ["{{ one | combine({'b': 2}, deep=true) }}", { a: 1, b: 2 }, "error: combine has no argument 'deep'"],
    ["{{ one | merge({'b': 2}, recursive=true) }}", { a: 1, b: 2 }, "error: merge has no argument 'recursive'"],
    ["{{ one | dig('a', fallback=1) }}", 1, "error: dig has no argument 'fallback'"],
    ["{{ numbers | join('-', d='+') }}", "error: join is given 'd' twice", "error: join is given 'd' twice"],
    ["{{ numbers | join(d='-', d='+') }}", '1+2', "error: join is given 'd' twice"],
    [
      "{{ numbers | map('join', '-', wrong=1) }}",
      "error: join has no argument 'wrong'",
      "error: join has no argument 'wrong'",
    ],
    [
      "{{ numbers | map(attribute='a', wrong=1) }}",
      "error: no key 'a'",
      "error: map has no argument 'wrong' next to attribute",
    ],
    ["{{ numbers | select('gt', 1, 2) }}", [2], 'error: gt takes at most 1 arguments, not 2'],
    ['{{ range(1, 2, 1, 9) }}', [1], 'error: range takes at most 3 arguments, not 4'],
    ['{{ range() }}', [], "error: range needs the argument 'start'"],
    ["{{ 'a'.upper(1) }}", 'error: upper takes at most 0', 'error: upper takes no arguments'],
    ["{{ 'a' | replace('a') }}", '', "error: replace needs the argument 'new'"],
    ['{{ numbers.append() }}', null, "error: append needs the argument 'entry'"],
  ],
  'pairs in dict and namespace': [
    ["{{ dict([('a', 1), ['b', 2]], c=3) }}", { 0: ['a', 1], 1: ['b', 2], c: 3 }, { a: 1, b: 2, c: 3 }],
    ["{{ dict({'a': 1}, b=2) }}", { a: 1, b: 2 }, { a: 1, b: 2 }],
    ["{{ dict(['x', 'y'] | zip([1, 2])) }}", { 0: ['x', 1], 1: ['y', 2] }, { x: 1, y: 2 }],
    ['{{ dict(5) }}', {}, 'error: a number cannot be gone through'],
    ['{{ dict([1]) }}', { 0: 1 }, 'error: pairs of a key and a value are expected, not a number'],
    ["{{ namespace([('a', 1)]).a }}", 'error: no key', 1],
  ],
  'dictionaries that are combined': [
    ["{{ {'a': {'x': 1}} | combine({'a': {'y': 2}}, recursive=true) }}", { a: { y: 2 } }, { a: { x: 1, y: 2 } }],
    ["{{ {'a': [1]} | combine({'a': [2]}, list_merge='append') }}", { a: [2] }, { a: [1, 2] }],
    ["{{ {'a': [1]} | combine({'a': [2]}, list_merge='prepend') }}", { a: [2] }, { a: [2, 1] }],
    ["{{ {'a': [1]} | combine({'a': [2]}, list_merge='keep') }}", { a: [2] }, { a: [1] }],
    [
      "{{ {'a': {'l': [1]}} | combine({'a': {'l': [2]}}, recursive=true, list_merge='append') }}",
      { a: { l: [2] } },
      { a: { l: [1, 2] } },
    ],
    [
      "{{ {} | combine({}, list_merge='mix') }}",
      {},
      "error: there is no list_merge 'mix'; there are: replace, keep, append, prepend",
    ],
  ],
  'groups, keys and attributes': [
    [
      "{% for g in [{'a': 1}, {'a': 2}] | groupby('a') %}{{ g.grouper }}{{ g.list | length }}{% endfor %}",
      "error: no key 'grouper'",
      '1121',
    ],
    ["{{ ([{'a': 1}] | groupby('a'))[0][0] }}", 1, 1],
    ["{{ {1: 'a'}[1] }}", 'error: no key 1 in a dictionary', 'a'],
    ["{{ {1.5: 'a', none: 'b'}[1.5] }}", 'error: no key 1.5 in a dictionary', 'a'],
    ["{{ {1: 'a'}.get(1) }}", null, 'a'],
    ["{{ 1 in {1: 'a'} and 2 not in {1: 'a'} }}", false, true],
    ["{{ one | attr('a') }}", 1, "error: attr finds no 'a' in a dictionary: a key is x['a']"],
    ["{{ namespace(a=1) | attr('a') }}", 1, 1],
  ],
  'what does not exist': [
    ['{% set q = nope %}ok', "error: 'nope' is not defined; there are: numbers, one", 'ok'],
    [
      '{% set q = nope %}\n{{ q }}',
      "error: 'nope' is not defined",
      "error: 'nope' is not defined; there are: numbers, one",
    ],
    ["{% set q = nope %}{{ q | default('x') }}", "error: 'nope' is not defined", 'x'],
    ['{% with q = one.b %}{{ q is defined }}{% endwith %}', "error: no key 'b'", false],
    ['{{ [nope] | length }}', "error: 'nope' is not defined", 1],
    ['{{ 5 | default(nope) }}', "error: 'nope' is not defined", 5],
    ["{% for a, b in ['xy'] %}{{ b }}{% endfor %}", 'error: 2 values are expected here, not 0', 'y'],
  ],
  'text by code point, as Python has it': [
    ["{{ '😀😀😀 b' | wordwrap(2) }}", '😀\n😀\n😀\nb', '😀😀\n😀\nb'],
    ["{{ 'well-known thing' | wordwrap(6) }}", 'well-k\nnown\nthing', 'well-\nknown\nthing'],
    ["{{ '😀'.center(4, '*') ~ '|' ~ '😀'.ljust(3, '-') ~ '|' ~ '😀'.rjust(3) }}", ' 😀  |😀-| 😀', '*😀**|😀--|  😀'],
    ["{{ 'a'.center(3, 'xy') }}", ' a ', 'error: what fills up a text is one character'],
    ["{{ '-5'.zfill(4) ~ '😀'.zfill(3) }}", '-0050😀', '-00500😀'],
    ["{{ 'a \x85b'.split() }}", ['a', '\x85b'], ['a', 'b']],
    ["{{ ' a  b  c '.rsplit(none, 1) }}", ['a b', 'c'], [' a  b', 'c']],
    ["{{ 'aXbX'.find('X', 2) }}", 'error: find takes at most 1', 3],
    ["{{ '²'.isdigit() }}", false, true],
  ],
  'text of HTML': [
    ["{{ 'a &amp; b' | striptags }}", 'a &amp; b', 'a & b'],
    [
      "{{ '<!-- a > b -->x<br/> y &eacute;&#x20ac;&#128;&notit;' | striptags }}",
      'b -->x y &eacute;&#x20ac;&#128;&notit;',
      'x y é€€¬it;',
    ],
    ["{{ '&unknown; &lt;b&gt;' | striptags }}", '&unknown; &lt;b&gt;', '&unknown; <b>'],
  ],
  versions: [
    ["{{ '1.0.0-alpha.1' | version_compare('1.0.0-alpha.beta') }}", 1, -1],
    ["{{ '1.0.0-alpha' | version_compare('1.0.0-alpha.1') }}", -1, -1],
    ["{{ '1.0.0-rc.11' | version_compare('1.0.0-rc.2') }}", 1, 1],
    ["{{ '1.0.0-rc.1' | version_compare('1.0.0') }}", -1, -1],
    ["{{ '1.0.0+b1' | version_compare('1.0.0+b2') }}", -1, 0],
    ["{{ '1.10' | version_compare('1.9') }}", 1, 1],
  ],
  'recursive loops': [
    [
      '{% for n in [[1, [2, 3]], 4] recursive %}{{ loop.depth }}{{ loop(n) if n is iterable else n }};{% endfor %}',
      'error: a dictionary cannot be called',
      '121;232;33;;;14;',
    ],
    [
      '{% for n in [1] %}{{ loop([]) }}{% endfor %}',
      'error: a dictionary cannot be called',
      'error: loop(…) is there in a recursive loop',
    ],
  ],
  'numbers that text holds': [
    ["{{ '9007199254740993' | float ~ '' }}", '9007199254740992.0', '9007199254740992.0'],
    ["{{ '0x20000000000001' | int(0, 16) }}", 'error: the number is beyond 2^53', 'error: the number is beyond 2^53'],
    ["{{ '1e400' | float }}", 0, 'error: the number is too large'],
    ["{{ 'inf' | float }}", 0, 'error: the number is too large'],
    ["{{ '1_0' | int + ('٣' | int(7)) }}", 17, 17],
    ["{{ '1__0' | int(5) }}", 10, 5],
    ["{{ '0b101' | int(0, 2) + ('0x1f' | int(0, 16)) }}", 36, 36],
    [
      '{{ \'{"a": 9007199254740993}\' | from_json }}',
      { a: 9007199254740992 },
      'error: the JSON changes on its way: /a is 9007199254740993',
    ],
    ["{{ 'QQ' | b64decode ~ ('A' | b64decode) }}", 'A', 'error: the text is no Base64'],
    ["{{ '/w==' | b64decode }}", 'error: what the Base64 holds is no text', 'error: what the Base64 holds is no text'],
    ["{{ '77u/QQ==' | b64decode | length }}", 1, 2],
    ['{{ 1e400 }}', Number.POSITIVE_INFINITY, 'error: the number is too large'],
  ],
};

/** Templates with what the second dialect keeps giving to runs of interpreter 10, and what the third gives. */
const SECOND_DIFFERENCES: Record<string, [string, Value, Value][]> = {
  'values of with': [
    ['{% set q = 5 %}{% with q = 2, r = q + 1 %}{{ q }}{{ r }}{% endwith %}{{ q }}', '235', '265'],
    ['{% with q = 2, r = q %}{{ r }}{% endwith %}', 2, "error: 'q' is not defined"],
    ['{% with q = none, r = 1 %}{{ q }}{{ r }}{% endwith %}', 'None1', 'None1'],
  ],
  'quotients of large integers': [
    ['{{ 9007199254740991 // -3 }}', -3002399751580330, -3002399751580331],
    ['{{ -9007199254740991 // 2 }}', -4503599627370496, -4503599627370496],
    ['{{ 9007199254740991 // -2 }}', -4503599627370496, -4503599627370496],
    ['{{ -9007199254740991 // 4 }}', -2251799813685248, -2251799813685248],
    ['{{ 9007199254740991 // 9007199254740990 }}', 1, 1],
    ['{{ [7 // -2, -7 // 2, 7 // 2, -7 // -2] }}', [-4, -4, 3, 3], [-4, -4, 3, 3]],
    ['{{ [1.0 // 0.1, -1.0 // 0.1, 7.5 // -2] }}', [9, -10, -4], [9, -10, -4]],
  ],
  'reciprocals of integers': [
    ['{{ 9 ** -3 }}', 9 ** -3, 1 / 729],
    ['{{ [2 ** -2, (-2) ** -3, 10 ** -1] }}', [0.25, -0.125, 0.1], [0.25, -0.125, 0.1]],
    ['{{ 0 ** -1 }}', 'error: the number is too large', 'error: the number is too large'],
  ],
  'bounds of integers': [
    ["{{ 9007199254740991 | round(1, 'floor') }}", 9007199254740990, 9007199254740991],
    ["{{ 9007199254740991 | round(2, 'ceil') }}", 9007199254740991, 9007199254740991],
    ["{{ '%.1f' % (-0.5 | round(0, 'ceil')) }}", '-0.0', '0.0'],
    [
      "{{ [1234 | round(-2, 'floor'), 1.25 | round(1, 'ceil'), -1.25 | round(1, 'floor')] }}",
      [1200, 1.3, -1.3],
      [1200, 1.3, -1.3],
    ],
  ],
  'zeros with a sign': [
    ["{{ '%.1f' % (0 * -3) }}", '-0.0', '0.0'],
    ["{{ '{:.1f}'.format(-0.5 | int) }}", '-0.0', '0.0'],
    ["{{ '%.1f' % -0.0 }}", '-0.0', '-0.0'],
    ["{{ '%.0f' % -0.4 }}", '-0', '-0'],
  ],
  'text in quotes': [
    ["{{ ['a\u00a0b'] ~ '' }}", "['a\u00a0b']", "['a\\xa0b']"],
    ["{{ ['\u200b', '\u2028', '\u0085'] ~ '' }}", "['\u200b', '\u2028', '\u0085']", "['\\u200b', '\\u2028', '\\x85']"],
    ["{{ ['\u{e0001}'] ~ '' }}", "['\u{e0001}']", "['\\U000e0001']"],
    ["{{ ['é ½ 😀', '\\n\\x01'] ~ '' }}", "['é ½ 😀', '\\n\\x01']", "['é ½ 😀', '\\n\\x01']"],
    ["{{ ['it\\'s \"\u00a0\"'] ~ '' }}", "['it\\'s \"\u00a0\"']", "['it\\'s \"\\xa0\"']"],
  ],
  'digits of every script': [
    ["{{ '１２' | int }}", 0, 12],
    ["{{ '٣٫' | int(7) }}", 7, 7],
    ["{{ '-٣.٥' | float }}", 0, -3.5],
    ["{{ '𝟗𝟎' | int(base=16) }}", 0, 144],
    ["{{ '²' | int(7) }}", 7, 7],
  ],
  'what is the same': [
    ['{{ 1 is sameas true }}', true, false],
    ['{{ 1 is sameas 1.0 }}', true, false],
    ['{{ [0, 1] | select("sameas", 1) | list }}', [1], [1]],
    ['{{ 1.0 is sameas 1.0 and none is sameas none and true is sameas true }}', true, true],
    ['{{ numbers is sameas numbers and one is not sameas {"a": 1} }}', true, true],
  ],
  'what changed from round to round': [
    [
      '{% for x in [1, 1.0, true, 2] %}{{ loop.changed(x) }} {% endfor %}',
      'True True True True ',
      'True False False True ',
    ],
    ["{% for x in ['1', 1] %}{{ loop.changed(x) }} {% endfor %}", 'True True ', 'True True '],
  ],
  'characters in places of a format': [
    ["{{ '{0[1]}{0[0]}'.format('aé') }}", "error: the format names '0[1]', which is not given", 'éa'],
    [
      "{{ '{0[9]}'.format('a') }}",
      "error: the format names '0[9]', which is not given",
      "error: the format names '0[9]'",
    ],
  ],
  'spaces between words': [
    ["{{ 'a\u0085b\u001cc d' | title }}", 'A\u0085b\u001cc D', 'A\u0085B\u001cC D'],
    ["{{ 'abcdefgh' | truncate(5, leeway=none) }}", 'error: an integer is expected, not none', 'abcdefgh'],
  ],
  'methods that were added': [
    ["{{ 'ﬁ ŉ ẞ ΣΑΣ İ ı Ꭰꭰ ᾳ'.casefold() }}", 'ﬁ ŉ ß σασ i̇ ı ꭰꭰ ᾳ', 'fi ʼn ss σασ i̇ ı ᎠᎠ αι'],
    ["{{ 'a\\tbc\\n\\td'.expandtabs(4) }}", "error: no key 'expandtabs' in a string", 'a   bc\n    d'],
    ["{{ 'a\\t'.expandtabs(0) ~ 'a\\tb'.expandtabs(-1) }}", 'error', 'aab'],
    [
      "{{ ['Ab Cd'.istitle(), 'AB'.istitle(), 'aB'.istitle(), '1A'.istitle(), ''.istitle(), 'ǅa'.istitle()] }}",
      'error',
      [true, false, false, true, false, true],
    ],
    [
      "{{ ['a1'.isidentifier(), '1a'.isidentifier(), ''.isidentifier(), 'é_'.isidentifier()] }}",
      'error',
      [true, false, false, true],
    ],
    ["{{ ['a b'.isprintable(), 'a\u00a0'.isprintable(), ''.isprintable()] }}", 'error', [true, false, true]],
    ['{% set l = [1, 2, 1] %}{% do l.remove(1) %}{% do l.reverse() %}{{ l }}', 'error', [1, 2]],
    ['{{ numbers.remove(9) }}', 'error', 'error: the list does not have that entry'],
    ['{% do numbers.clear() %}{% do one.clear() %}{{ numbers }}{{ one }}', 'error', "[1, 2]{'a': 1}"],
    [
      "{% set d = {'a': 1} %}{{ d.pop('a') }}{{ d.pop('a', 2) }}{{ d.setdefault('b', 3) }}{{ d.setdefault('b', 4) }}{{ d }}",
      'error',
      "1233{'b': 3}",
    ],
    [
      "{% set d = {'a': 1} %}{% do d.update([('b', 2)], c=3) %}{{ d }}",
      'error: a dictionary is expected',
      { a: 1, b: 2, c: 3 },
    ],
    ["{% set d = {} %}{% do d.update('') %}{% do d.update() %}{{ d }}", 'error', {}],
    ['{{ one.update(5) }}', 'error', 'error: a number cannot be gone through'],
    ["{{ one.pop('zz') }}", 'error', "error: the dictionary has no key 'zz'"],
    ["{{ one.pop('a') ~ one }}", 'error', "1{'a': 1}"],
  ],
};

/** Asserts what dialects give: a value, or how the message of an error begins. */
function expectAnswers(template: string, expected: [Dialect, Value][]): void {
  for (const [dialect, value] of expected) {
    const given = answer(template, dialect);
    if (typeof value !== 'string' || !value.startsWith('error')) expect(given).toEqual(value);
    else expect(String(given).slice(0, value.length)).toBe(value);
  }
}

describe.each(Object.entries(DIFFERENCES))('%s', (_, rows) => {
  it.each(rows)('%s gave %j, and gives %j', (template, earlier, now) => {
    expectAnswers(template, [
      [1, earlier],
      [2, now],
    ]);
  });
});

describe.each(Object.entries(SECOND_DIFFERENCES))('%s', (_, rows) => {
  it.each(rows)('%s gave %j in dialect 2, and gives %j', (template, earlier, now) => {
    expectAnswers(template, [
      [2, earlier],
      [3, now],
    ]);
  });
});
