import { createRandom } from '../seed.ts';

/** The data that the templates read. */
export const CONTEXT = {
  n: 5,
  z: 0,
  neg: -7,
  f: 2.5,
  g: 0.125,
  big: 123456789.0625,
  s: 'Hello World',
  u: 'Straße é 😀 ß',
  w: ' \ta-b  c_d \n',
  h: '<b class="x">Tom &amp; <!-- no --> Jerry</b>',
  e: '',
  xs: [3, 1, 2],
  ys: [2.5, -1, 4],
  ts: ['b', 'A', 'c', 'a'],
  nested: [[1, 2], [3], []],
  empty: [],
  d: { a: 1, b: 'x', c: [1, 2] },
  users: [
    { name: 'ann', age: 30, team: { id: 1 } },
    { name: 'Bob', age: 25, team: { id: 2 } },
    { name: 'cy', age: 30, team: { id: 1 } },
  ],
  yes: true,
  no: false,
  nul: null,
};

type Kind = 'number' | 'text' | 'list' | 'dict' | 'flag';

/** Makes templates from a seed: the same for the same seed. */
export function createGenerator(seed: number): () => string {
  const random = createRandom(seed);
  const upTo = (size: number): number => Math.floor(random() * size);
  const pick = <T>(list: readonly T[]): T => list[upTo(list.length)]!;
  const chance = (share: number): boolean => random() < share;

  const ATOMS: Record<Kind, readonly string[]> = {
    number: [
      'n',
      'z',
      'neg',
      'f',
      'g',
      'big',
      'd.a',
      'xs[0]',
      'users[1].age',
      '0',
      '1',
      '2',
      '7',
      '10',
      '1.5',
      '0.5',
      '2.675',
      '1e3',
      '12345.678',
    ],
    text: [
      's',
      'u',
      'w',
      'h',
      'e',
      'd.b',
      "'abc'",
      "'a,b,,c'",
      "'12'",
      "' 4.50 '",
      "'0x1F'",
      "'é\\n2'",
      "'%'",
      's[0]',
      'ts[1]',
    ],
    list: [
      'xs',
      'ys',
      'ts',
      'nested',
      'empty',
      'users',
      'd.c',
      '[1, 2, 3]',
      "['x', 1, none]",
      '(1, 2)',
      '[true, 0]',
      '(range(4) | list)',
    ],
    dict: ['d', '{}', "{'k': 1, 'j': 2}", 'users[0]', 'dict(a=1)', "dict([('p', 1), ['q', 2]])", "{'k': [1]}"],
    flag: ['yes', 'no', 'true', 'false', 'nul', '(n > 2)', '(nope is defined)', "('a' in d)", 'xs'],
  };
  const any = (depth: number): string => expression(pick(['number', 'text', 'list', 'dict', 'flag'] as const), depth);
  const number = (depth: number): string => expression('number', depth);
  const text = (depth: number): string => expression('text', depth);
  const list = (depth: number): string => expression('list', depth);
  const dict = (depth: number): string => expression('dict', depth);
  const small = (): string => pick(['0', '1', '2', '3', '5', '-1', '-2', 'n']);
  const word = (): string =>
    pick(["'l'", "' '", "'o'", "'a'", "'b'", "'-'", "','", "'lo'", "'é'", "'😀'", "'xyz'", "''"]);

  const NUMBERS: readonly ((depth: number) => string)[] = [
    (d) => `(${number(d)} ${pick(['+', '-', '*', '/', '//', '%'])} ${number(d)})`,
    (d) => `(${number(d)} ** ${pick(['2', '3', '0', '0.5', '-1'])})`,
    (d) => `(-${number(d)})`,
    (d) =>
      `(${number(d)} | ${pick(['abs', 'int', 'float', 'round', 'round(1)', 'round(2)', 'round(-1)', 'round(3)'])})`,
    (d) => `(${number(d)} | round(${pick(['0', '1', '2', '-1'])}, '${pick(['ceil', 'floor', 'common'])}'))`,
    (d) => `(${any(d)} | length)`,
    (d) =>
      `(${text(d)} | ${pick(['int', 'int(7)', 'float', 'float(1)', 'int(base=16)', 'int(3, 0)', 'wordcount', 'count'])})`,
    (d) => `(${list(d)} | ${pick(['sum', 'min', 'max', 'first', 'last', 'sum(start=2)', 'length'])})`,
    (d) =>
      `(users | ${pick(["sum('age')", "map(attribute='age') | max", "map(attribute='team.id') | sum", "sum(attribute='age', start=1)"])} + ${number(d)})`,
    (d) =>
      `${text(d)}.${pick(['find', 'rfind', 'count', 'index', 'rindex'])}(${word()}${pick(['', ', 1', ', 1, 4', ', -3'])})`,
    (d) => `${list(d)}.${pick(['count', 'index'])}(${any(0)})`,
    (d) => `(${number(d)} if ${expression('flag', d)} else ${number(d)})`,
    (d) => `${list(d)}[${small()}]`,
    (d) => `${dict(d)}.get(${pick(["'a'", "'k'", "'zz', 9", "'zz'"])})`,
    (d) => `(${pick(['nope', 'd.zz', 'xs[9]', 'users[7]'])} | default(${number(d)}))`,
  ];
  const PERCENT = [
    '%s',
    '%d',
    '%5d',
    '%-5d|',
    '%05d',
    '%+d',
    '% d',
    '%x',
    '%X',
    '%#x',
    '%o',
    '%f',
    '%.2f',
    '%08.3f',
    '%.0f',
    '%e',
    '%.1e',
    '%g',
    '%.3g',
    '%G',
    '%5s|',
    '%-5s|',
    '%.2s',
    '%r',
    '%c',
    '%%',
    '%i',
    '%#o',
    '%+.1f',
    '%a',
  ];
  const BRACES = [
    '',
    ':>6',
    ':<6',
    ':^6',
    ':*^7',
    ':05',
    ':,',
    ':_',
    ':.2f',
    ':.0f',
    ':,.2f',
    ':e',
    ':.2e',
    ':g',
    ':.3g',
    ':.3',
    ':%',
    ':.1%',
    ':x',
    ':#x',
    ':b',
    ':o',
    ':c',
    ':d',
    ':+d',
    ': d',
    ':08,',
    '!r',
    '!s',
    '!r:>8',
    ':=+6',
    ':é>5',
    ':n',
    ':#b',
    ':010.3f',
    ':_x',
  ];
  const TEXTS: readonly ((depth: number) => string)[] = [
    (d) => `(${any(d)} ~ ${any(d)})`,
    (d) => `(${text(d)} + ${text(d)})`,
    (d) => `(${text(d)} * ${pick(['0', '1', '2', '3', '-1'])})`,
    (d) =>
      `(${any(d)} | ${pick(['string', 'upper', 'lower', 'title', 'capitalize', 'trim', 'escape', 'e', 'striptags', 'urlencode', 'tojson'])})`,
    (d) => `(${text(d)} | replace(${word()}, ${word()}${pick(['', ', 1', ', 0', ', count=2'])}))`,
    (d) =>
      `(${text(d)} | truncate(${pick(['3', '5', '8', '20'])}${pick(['', ', true', ", false, '…'", ', leeway=0', ", true, '', 0"])}))`,
    (d) =>
      `(${text(d)} | wordwrap(${pick(['1', '3', '5', '8', '20'])}${pick(['', ', false', ", true, '/'", ', break_on_hyphens=false', ", wrapstring='|'"])}))`,
    (d) =>
      `(${text(d)} | ${pick(['center', 'center(9)', 'center(14)', 'indent', 'indent(2)', 'indent(3, true)', "indent('> ')", 'indent(1, blank=true)', "trim('ab ')", 'trim(chars=none)'])})`,
    (d) =>
      `(${list(d)} | ${pick(['join', "join(',')", "join('-', attribute='name')", "join(d='+')", "map('string') | join"])})`,
    (d) => `(${number(d)} | ${pick(['filesizeformat', 'filesizeformat(true)', 'string', 'tojson', 'pprint'])})`,
    (d) => `('${pick(PERCENT)}' % ${chance(0.8) ? `(${number(d)},)` : text(d)})`,
    (d) => `('${pick(PERCENT)} ${pick(PERCENT)}' | format(${number(d)}, ${chance(0.5) ? number(d) : text(d)}))`,
    (d) => `('%(a)${pick(PERCENT).slice(1)}' % {'a': ${number(d)}})`,
    (d) => `('{${pick(BRACES)}}').format(${chance(0.7) ? number(d) : any(d)})`,
    (d) => `('{a${pick(BRACES)}} {0${pick(BRACES)}}').format(${number(d)}, a=${chance(0.5) ? text(d) : number(d)})`,
    (d) =>
      `${text(d)}.${pick(['upper', 'lower', 'title', 'capitalize', 'swapcase', 'casefold', 'strip', 'lstrip', 'rstrip'])}()`,
    (d) => `${text(d)}.${pick(['strip', 'lstrip', 'rstrip', 'removeprefix', 'removesuffix'])}(${word()})`,
    (d) => `${text(d)}.replace(${word()}, ${word()}${pick(['', ', 1', ', -1'])})`,
    (d) =>
      `${text(d)}.${pick(['center', 'ljust', 'rjust'])}(${pick(['3', '8', '13'])}${pick(['', ", '*'", ", 'é'", ", '😀'", ", 'ab'"])})`,
    (d) => `${text(d)}.zfill(${pick(['3', '7', '12'])})`,
    (d) => `${word()}.join(${list(d)})`,
    (d) => `${text(d)}[${pick(['0', '-1', '1:', ':2', '::-1', '1:4', '-3:', '::2', '9'])}]`,
    (d) => `(${text(d)} | ${pick(['first', 'last', 'reverse', 'min', 'max', 'list | join("|")'])})`,
    (d) => `(${dict(d)} | ${pick(['urlencode', 'tojson', 'xmlattr', 'tojson(2)', 'xmlattr(false)'])})`,
    (d) => `(${text(d)} if ${expression('flag', d)} else ${text(d)})`,
  ];
  const LISTS: readonly ((depth: number) => string)[] = [
    (d) => `(${list(d)} + ${list(d)})`,
    (d) => `(${list(d)} * ${pick(['0', '1', '2'])})`,
    (d) => `[${any(d)}, ${any(d)}]`,
    (d) => `(${any(d)} | list)`,
    (d) =>
      `(${list(d)} | ${pick(['sort', 'sort(reverse=true)', 'sort(case_sensitive=true)', 'unique | list', 'reverse | list', 'unique(true) | list'])})`,
    () =>
      `(users | ${pick(["sort(attribute='name')", "sort(attribute='age,name')", "sort(true, true, 'team.id')", "unique(attribute='age') | list", "selectattr('age', 'gt', 26) | list", "rejectattr('team.id', 'eq', 1) | list", "selectattr('name') | list", "selectattr('zz', 'undefined') | list", "groupby('age')", "groupby('name', case_sensitive=true)", "groupby('zz', 'none')", "map(attribute='name') | list", "map(attribute='zz', default=0) | list", "map(attribute='team.id') | list"])})`,
    (d) =>
      `(${list(d)} | ${pick(['batch(2) | list', "batch(2, 'x') | list", 'slice(2) | list', "slice(2, 'x') | list", 'slice(3, fill_with=0) | list'])})`,
    (d) =>
      `(${list(d)} | ${pick(["select('odd')", "select('gt', 1)", "reject('none')", 'select', 'reject', "select('in', [1, 2])", "reject('string')", "select('divisibleby', 2)", "select('eq', 2)"])} | list)`,
    (d) =>
      `(${list(d)} | map('${pick(['string', 'upper', 'length', 'abs', 'int', 'round', 'first', 'list', 'title'])}') | list)`,
    (d) =>
      `(${list(d)} | map('${pick(["replace', 'a', 'b", "join', '-", "default', 'x", "truncate', 3, true, '"])}') | list)`,
    (d) =>
      `${text(d)}.${pick(['split()', "split(',')", "split(' ', 1)", 'rsplit(none, 1)', "rsplit('-', 1)", 'splitlines()', 'splitlines(true)', "partition('-')", "rpartition(' ')", 'split(maxsplit=1)', "split('')"])}`,
    (d) =>
      `(${dict(d)} | ${pick(['dictsort', "dictsort(by='value')", 'dictsort(reverse=true)', 'items | list', 'list', "dictsort(true, 'key', true)"])})`,
    (d) => `(${dict(d)}.${pick(['items', 'keys', 'values'])}() | list)`,
    (d) => `${list(d)}[${pick(['1:', ':2', '::-1', '::2', '-2:', '5:', '1:1'])}]`,
    () => `(range(${small()}${pick(['', ', 6', ', 9, 2', ', -4, -1'])}) | list)`,
  ];
  const DICTS: readonly ((depth: number) => string)[] = [
    (d) => `{'k': ${any(d)}, 'm': ${any(d)}}`,
    (d) => `dict(${dict(d)}, z=${any(d)})`,
    (d) => `dict([('a', ${any(d)}), ('b', ${any(d)})])`,
    (d) => `dict(${dict(d)}.items())`,
    (d) => `${dict(d)}.copy()`,
  ];
  const TESTS = [
    'defined',
    'undefined',
    'none',
    'number',
    'string',
    'mapping',
    'iterable',
    'sequence',
    'odd',
    'even',
    'boolean',
    'integer',
    'float',
    'true',
    'false',
    'lower',
    'upper',
    'divisibleby 2',
    'divisibleby(3)',
    'in [1, 2]',
    "in('abc')",
    'eq 5',
    'ne(1)',
    'gt 2',
    'lt(3)',
    'ge 1',
    'le 0',
    'sameas true',
  ];
  const FLAGS: readonly ((depth: number) => string)[] = [
    (d) => `(${any(d)} is ${chance(0.2) ? 'not ' : ''}${pick(TESTS)})`,
    (d) => `(${number(d)} ${pick(['<', '<=', '>', '>=', '==', '!='])} ${number(d)})`,
    (d) => `(${any(d)} ${pick(['==', '!=', '<', 'in', 'not in'])} ${any(d)})`,
    (d) => `(${text(d)} ${pick(['==', '<', '>', 'in', 'not in'])} ${text(d)})`,
    (d) => `(not ${any(d)})`,
    (d) => `(${any(d)} ${pick(['and', 'or'])} ${any(d)})`,
    (d) =>
      `${text(d)}.${pick(['startswith', 'endswith'])}(${pick([word(), `(${word()}, ${word()})`, `${word()}, 1`])})`,
    (d) =>
      `${text(d)}.${pick(['isdigit', 'isalpha', 'isalnum', 'isspace', 'isupper', 'islower', 'isdecimal', 'isnumeric', 'isascii'])}()`,
    (d) => `(1 < ${number(d)} < 9)`,
  ];
  const MAKERS: Record<Kind, readonly ((depth: number) => string)[]> = {
    number: NUMBERS,
    text: TEXTS,
    list: LISTS,
    dict: DICTS,
    flag: FLAGS,
  };

  function expression(kind: Kind, depth: number): string {
    // Now and then, a value of another kind than is wanted: both must refuse the same templates.
    const wanted = chance(0.05) ? pick(['number', 'text', 'list', 'dict', 'flag'] as const) : kind;
    if (chance(0.02)) return pick(['nope', 'd.zz', 'nul.x', 'xs[9]']);
    return depth <= 0 || chance(0.25) ? pick(ATOMS[wanted]) : pick(MAKERS[wanted])(depth - 1);
  }

  const STATEMENTS: readonly (() => string)[] = [
    () => `{% if ${any(2)} %}a{% elif ${any(1)} %}b{% else %}{{ ${any(1)} }}{% endif %}`,
    () => `{% for x in ${list(2)} %}{{ loop.index }}{{ x }}{{ loop.last }}{% else %}none{% endfor %}`,
    () =>
      `{% for x in ${list(2)} if x is ${pick(['number', 'string', 'odd', 'defined'])} %}{{ loop.revindex0 }}:{{ loop.previtem | default('-') }},{% endfor %}`,
    () => `{% for k, v in ${dict(2)}.items() %}{{ k }}={{ v }}{{ loop.cycle('a', 'b') }}{% endfor %}`,
    () =>
      `{% for x in ${list(1)} recursive %}{{ loop.depth0 }}[{{ loop(x) if x is iterable and x is not string else x }}]{% endfor %}`,
    () =>
      `{% for g in users | groupby('${pick(['age', 'name', 'team.id'])}') %}{{ g.grouper }}:{{ g.list | length }}{{ g[0] }}{% endfor %}`,
    () =>
      `{% for x in ${list(1)} %}{% if loop.index > 2 %}{% ${pick(['break', 'continue'])} %}{% endif %}{{ x }}{{ loop.changed(x) }}{% endfor %}`,
    () => `{% set q = ${any(2)} %}{{ q }}{{ q is defined }}`,
    () =>
      `{% set q = ${pick(['nope', 'd.zz', number(1)])} %}{{ q | default('x') }}{% set p, r = ${pick(['(1, 2)', "'ab'", 'xs', '[1, nul]'])} %}{{ p }}{{ r }}`,
    () => `{% with a = ${any(1)}, b = ${any(1)} %}{{ a }}{{ b }}{% endwith %}`,
    () => `{% set t %}${pick([' x ', 'ab'])}{{ ${any(1)} }}{% endset %}{{ t | upper }}`,
    () =>
      `{% filter ${pick(['upper', 'title', 'trim', 'replace("a", "b")', 'indent(2)'])} %}{{ ${text(1)} }}\n b{% endfilter %}`,
    () =>
      `{% set ns = namespace(c=0) %}{% for x in ${list(1)} %}{% set ns.c = ns.c + loop.index %}{% endfor %}{{ ns.c }}`,
    () => `{% set l = [] %}{% do l.append(${any(1)}) %}{% do l.extend(${list(1)}) %}{{ l }}{{ l.pop() }}`,
    () => ` {%- if ${any(0)} -%} x {%- endif %} y\n{%+ if true %} z{% endif %}\n`,
    () => `{# no #}{{ ${any(1)} }}{% raw %}{{ x }}{% endraw %}`,
  ];
  return () => (chance(0.2) ? pick(STATEMENTS)() : `{{ ${any(1 + upTo(3))} }}`) + (chance(0.5) ? '' : '|');
}
