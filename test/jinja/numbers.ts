import { type Draw, type Maker, small, word } from './draw.ts';

/** Makers of expressions that give numbers. */
export function numberMakers(draw: Draw): readonly Maker[] {
  const { pick, any, of } = draw;
  return [
    (d) => `(${of('number', d)} ${pick(['+', '-', '*', '/', '//', '%'])} ${of('number', d)})`,
    (d) => `(${of('number', d)} ** ${pick(['2', '3', '0', '0.5', '-1'])})`,
    (d) =>
      `${of('number', d)} ${pick(['+', '-', '*', '//', '**'])} ${pick(['2', '-3', '+1'])} ${pick(['+', '*', '%'])} 3`,
    (d) => `(${pick(['-', '+', '--'])}${of('number', d)})`,
    (d) =>
      `(${of('number', d)} | ${pick(['abs', 'int', 'float', 'round', 'round(1)', 'round(2)', 'round(-1)', 'round(3)', 'round(precision=1)', 'int(default=2)', 'float(default=1.5)'])})`,
    (d) => `(${of('number', d)} | round(${pick(['0', '1', '2', '-1', '5'])}, '${pick(['ceil', 'floor', 'common'])}'))`,
    (d) =>
      `(${of('number', d)} | round(${pick(["method='floor'", "method='ceil'", "method='even'", "precision=2, method='common'"])}))`,
    (d) => `(${any(d)} | ${pick(['length', 'count'])})`,
    (d) =>
      `(${of('text', d)} | ${pick(['int', 'int(7)', 'float', 'float(1)', 'int(base=16)', 'int(3, 0)', 'int(base=2)', 'int(0, 36)', 'int(default=none)', 'wordcount', 'count', "float(default='x')"])})`,
    (d) =>
      `(${of('list', d)} | ${pick(['sum', 'min', 'max', 'first', 'last', 'sum(start=2)', 'length', 'min(true)', 'max(case_sensitive=true)', 'sum(attribute=0)', 'max(attribute=0)'])})`,
    (d) =>
      `(users | ${pick(["sum('age')", "map(attribute='age') | max", "map(attribute='team.id') | sum", "sum(attribute='age', start=1)", "sum('team.id', 0.5)"])} + ${of('number', d)})`,
    (d) =>
      `${of('text', d)}.${pick(['find', 'rfind', 'count', 'index', 'rindex'])}(${word(draw)}${pick(['', ', 1', ', 1, 4', ', -3', ', none, 5', ', 2, -1'])})`,
    (d) => `${of('list', d)}.${pick(['count', 'index'])}(${any(0)})`,
    (d) => `${of('list', d)}.index(${any(0)}, ${pick(['1', '-2', '0, 2'])})`,
    (d) => `(${of('number', d)} if ${of('flag', d)} else ${of('number', d)})`,
    (d) => `${of('list', d)}[${small(draw)}]`,
    (d) => `${of('dict', d)}.get(${pick(["'a'", "'k'", "'zz', 9", "'zz'"])})`,
    (d) => `(${pick(['nope', 'd.zz', 'xs[9]', 'users[7]', 'nope.x'])} | ${pick(['default', 'd'])}(${of('number', d)}))`,
    (d) => `(${any(d)} | ${pick(['default(1, true)', 'd(2, boolean=true)', 'default(default_value=3)', 'default'])})`,
    (d) => `namespace(a=${of('number', d)}, b=2)${pick(['.a', "['a']", " | attr('a')", '.b', '.zz'])}`,
  ];
}
