import type { Draw } from './draw.ts';

const LOOP = 'index index0 revindex revindex0 first last length depth depth0 previtem nextitem zz'.split(' ');

/** Makers of whole statements, and of text around them. */
export function statementMakers(draw: Draw): readonly (() => string)[] {
  return [...conditions(draw), ...loops(draw), ...assignments(draw), ...blocks(draw)];
}

function conditions({ pick, any }: Draw): readonly (() => string)[] {
  return [
    () => `{% if ${any(2)} %}a{% elif ${any(1)} %}b{% else %}{{ ${any(1)} }}{% endif %}`,
    () => `{% if not ${any(1)} %}{% if ${any(0)} %}x{% endif %}{% elif ${any(0)} %}{{ ${any(0)} }}{% endif %}`,
    () => `{% if nope is defined and nope.x %}a{% else %}{{ ${pick(['nope', '1'])} if ${any(0)} else 'z' }}{% endif %}`,
  ];
}

function loops({ pick, any, of }: Draw): readonly (() => string)[] {
  return [
    () => `{% for x in ${of('list', 2)} %}{{ loop.index }}{{ x }}{{ loop.last }}{% else %}none{% endfor %}`,
    () => `{% for x in ${any(1)} %}{{ loop.${pick(LOOP)} }}{{ x }},{% else %}none{% endfor %}`,
    () =>
      `{% for x in ${of('list', 2)} if x is ${pick(['number', 'string', 'odd', 'defined'])} %}{{ loop.revindex0 }}:{{ loop.previtem | default('-') }}:{{ loop.nextitem | default('+') }},{% endfor %}`,
    () => `{% for k, v in ${of('dict', 2)}.items() %}{{ k }}={{ v }}{{ loop.cycle('a', 'b') }}{% endfor %}`,
    () =>
      `{% for a, b in ${pick(['nested', "[(1, 2), ['x', none]]", "['ab', 'cd']", 'd | dictsort', 'd'])} %}{{ a }}{{ b }}{% endfor %}{{ a is defined }}`,
    () =>
      `{% for x in ${of('list', 1)} %}{% for y in ${pick(['xs', 'x', '[x, n]', 'range(2)'])} %}{{ loop.index }}{{ y }}{{ loop.depth }}{% endfor %}{{ loop.index0 }};{% endfor %}`,
    () =>
      `{% for x in ${of('list', 1)} %}{% set outer = loop %}{% for y in ts %}{{ outer.index }}{{ y }}{% endfor %}{% endfor %}`,
    () =>
      `{% for x in ${of('list', 1)} recursive %}{{ loop.depth0 }}[{{ loop(x) if x is iterable and x is not string else x }}]{% else %}-{% endfor %}`,
    () =>
      `{% for g in users | groupby('${pick(['age', 'name', 'team.id'])}') %}{{ g.grouper }}:{{ g.list | length }}{{ g[0] }}{% endfor %}`,
    () =>
      `{% for name, us in users | groupby('${pick(['age', 'name'])}') %}{{ name }}{{ us | map(attribute='name') | join }}{% endfor %}`,
    () =>
      `{% for x in ${of('list', 1)} %}{% if loop.index > 2 %}{% ${pick(['break', 'continue'])} %}{% endif %}{{ x }}{{ loop.changed(x) }}{% endfor %}`,
    () => `{% set x = 1 %}{% for y in xs %}{% set x = y %}{{ x }}{% endfor %}{{ x }}`,
  ];
}

function assignments({ pick, any, of }: Draw): readonly (() => string)[] {
  return [
    () => `{% set q = ${any(2)} %}{{ q }}{{ q is defined }}`,
    () =>
      `{% set q = ${pick(['nope', 'd.zz', of('number', 1)])} %}{{ q | default('x') }}{% set p, r = ${pick(['(1, 2)', "'ab'", 'xs', '[1, nul]', '1, 2'])} %}{{ p }}{{ r }}`,
    () => `{% with a = ${any(1)}, b = ${any(1)} %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}`,
    () =>
      `{% set a = 1 %}{% with a = 2, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}{% with %}{% set a = 3 %}{{ a }}{% endwith %}{{ a }}`,
    () => `{% set cap %}${pick([' x ', 'ab'])}{{ ${any(1)} }}{% endset %}{{ cap | upper }}`,
    () =>
      `{% set cap | ${pick(['upper', 'trim | title', "replace('a', 'é')"])} %}a {{ ${any(1)} }}{% endset %}{{ cap }}`,
    () =>
      `{% set ns = namespace(${pick(['c=0', "{'c': 1}", "[('c', 2)]", "{'c': 1}, c=3"])}) %}{% for x in ${of('list', 1)} %}{% set ns.c = ns.c + loop.index %}{% endfor %}{{ ns.c }}`,
    () => `{% set l = [] %}{% do l.append(${any(1)}) %}{% do l.extend(${of('list', 1)}) %}{{ l }}{{ l.pop() }}`,
    () =>
      `{% set l = ${of('list', 1)} | list %}{% do l.${pick(["insert(1, 'x')", "insert(-1, 'x')", 'pop(0)', 'pop(-2)', 'append([])'])} %}{{ l }}`,
    () =>
      `{% set m = dict(a=1) %}{% do m.update(${pick([of('dict', 1), 'b=2', "{'a': 3}, a=4"])}) %}{{ m }}{{ m.get('a') }}`,
  ];
}

function blocks({ pick, any, of }: Draw): readonly (() => string)[] {
  const minus = () => pick(['', '-', '+', '']);
  const end = () => pick(['', '-', '']);
  const gap = () => pick(['', ' ', '\n', ' \n ', '\t', '\n\n', 'x']);
  return [
    () =>
      `{% filter ${pick(['upper', 'title', 'trim', 'replace("a", "b")', 'indent(2)', 'upper | replace("B", "c")'])} %}{{ ${of('text', 1)} }}\n b{% endfilter %}`,
    () => ` {%- if ${any(0)} -%} x {%- endif %} y\n{%+ if true %} z{% endif %}\n`,
    () => `{# no #}{{ ${any(1)} }}{% raw %}{{ x }}{% endraw %}`,
    () =>
      `a${gap()}{%${minus()} if true ${end()}%}${gap()}b${gap()}{{${end()} n ${end()}}}${gap()}{#${end()} c ${end()}#}${gap()}{%${end()} endif ${end()}%}${gap()}`,
    () => `${gap()}{%${end()} raw ${end()}%}${gap()}{{ n }}${gap()}{%${end()} endraw ${end()}%}${gap()}c${gap()}`,
    () =>
      `{%${end()} for x in xs ${end()}%}${gap()}{{ x }}${gap()}{%${end()} else ${end()}%}e${gap()}{%${end()} endfor ${end()}%}${gap()}`,
    () => `{{ '{{' }}{{ "%}" }}${pick(['}}', '%}', '{', '{ {', '#}', '{{-1}}', '{{+1}}', '{%-%}', '{{ }}'])}`,
  ];
}
