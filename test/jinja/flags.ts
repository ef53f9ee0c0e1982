import { type Draw, type Maker, word } from './draw.ts';

const TESTS = (
  'defined; undefined; none; number; string; mapping; iterable; sequence; odd; even; boolean; integer; float; true; false; lower; upper; ' +
  "divisibleby 2; divisibleby(3); divisibleby(num=2); in [1, 2]; in('abc'); in(seq=xs); eq 5; ne(1); gt 2; lt(3); ge 1; le 0; sameas true; " +
  'sameas none; sameas(other=false); sameas 1; equalto 1; greaterthan(1); lessthan 2; callable; in d; eq(other=1); gt n; odd()'
).split('; ');

/** Makers of expressions that are true or false. */
export function flagMakers(draw: Draw): readonly Maker[] {
  const { pick, chance, any, of } = draw;
  const word1 = () => word(draw);
  return [
    (d) => `(${any(d)} is ${chance(0.2) ? 'not ' : ''}${pick(TESTS)})`,
    (d) => `(${any(d)} is ${pick(['sameas', 'eq', 'in', 'lt'])} ${any(0)})`,
    (d) => `(${of('number', d)} ${pick(['<', '<=', '>', '>=', '==', '!='])} ${of('number', d)})`,
    (d) => `(${any(d)} ${pick(['==', '!=', '<', 'in', 'not in'])} ${any(d)})`,
    (d) => `(${of('text', d)} ${pick(['==', '<', '>', 'in', 'not in'])} ${of('text', d)})`,
    (d) => `(${of('list', d)} ${pick(['==', '<', '>=', '!='])} ${of('list', d)})`,
    (d) => `(not ${any(d)})`,
    (d) => `(${any(d)} ${pick(['and', 'or'])} ${any(d)})`,
    (d) => `${any(d)} ${pick(['and', 'or'])} not ${any(0)} ${pick(['or', 'and'])} ${any(0)}`,
    (d) =>
      `${of('text', d)}.${pick(['startswith', 'endswith'])}(${pick([word1(), `(${word1()}, ${word1()})`, `${word1()}, 1`, `${word1()}, 1, -1`, '()'])})`,
    (d) =>
      `${of('text', d)}.${pick(['isdigit', 'isalpha', 'isalnum', 'isspace', 'isupper', 'islower', 'isdecimal', 'isnumeric', 'isascii', 'istitle', 'isidentifier', 'isprintable'])}()`,
    () => `${pick(['f', 'g', 'big', '2.0', '(6 / 2)', '(0 * f)'])}.is_integer()`,
    (d) => `(1 < ${of('number', d)} < 9)`,
    (d) => `(${of('number', d)} ${pick(['<', '=='])} ${of('number', d)} ${pick(['>', '!='])} ${of('number', d)})`,
    (d) => `(1 in ${of('list', d)} == ${of('flag', d)})`,
    () => `(${pick(["'upper'", "'nope'", "'default'", 'n'])} is ${pick(['filter', 'test'])})`,
    () => `(${pick(['range', 'dict', 'n'])} is callable)`,
  ];
}
