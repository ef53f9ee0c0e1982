import { type Draw, type Maker, small, word } from './draw.ts';

/** A test with its arguments, as `select` takes it. */
const CHOICES = (
  "'odd'; 'even'; 'gt', 1; '>', 2; 'greaterthan', 0; 'ge', 2; '>=', 2; 'lt', 2; '<', 2; 'lessthan', 3; 'le', 1; '<=', 1; 'eq', 2; '==', 1; " +
  "'equalto', 3; 'ne', 1; '!=', 2; 'none'; 'string'; 'number'; 'integer'; 'float'; 'boolean'; 'mapping'; 'sequence'; 'iterable'; 'defined'; " +
  "'undefined'; 'true'; 'false'; 'in', [1, 2]; 'in', 'abc'; 'divisibleby', 2; 'divisibleby', num=3; 'sameas', 1; 'upper'; 'lower'; 'callable'; 'nope'"
).split('; ');

/** A filter with its arguments, as `map` takes it. */
const MAPPED = (
  "'string'; 'upper'; 'length'; 'abs'; 'int'; 'round'; 'first'; 'list'; 'title'; 'replace', 'a', 'b'; 'join', '-'; 'default', 'x'; " +
  "'truncate', 3, true, ''; 'round', 1, 'floor'; 'round', precision=1; 'int', default=3; 'default', 'x', true; 'sum'; 'last'; 'trim'; " +
  "'center', 5; 'format', 1; 'tojson'; 'dictsort'; 'capitalize'; 'float'; 'indent', 2, first=true; 'filesizeformat'; 'nope'; " +
  "'attr', 'a'; 'sort', reverse=true; 'urlencode'"
).split('; ');

const OF_USERS = (
  "sort(attribute='name'); sort(attribute='age,name'); sort(true, true, 'team.id'); unique(attribute='age') | list; unique(true, 'name') | list; " +
  "selectattr('age', 'gt', 26) | list; rejectattr('team.id', 'eq', 1) | list; selectattr('name') | list; selectattr('zz', 'undefined') | list; " +
  "rejectattr('zz', 'defined') | list; selectattr('name', 'in', ['ann', 'cy']) | list; rejectattr('name', 'upper') | list; selectattr('zz') | list; " +
  "groupby('age'); groupby('name', case_sensitive=true); groupby('zz', 'none'); groupby('zz'); groupby(attribute='team.id'); groupby('zz', default=1); " +
  "map(attribute='name') | list; map(attribute='zz', default=0) | list; map(attribute='team.id') | list; map(attribute='zz') | list; " +
  "min(attribute='age'); max(attribute='name'); max(true, 'name'); min(attribute='zz'); map('attr', 'name') | list; sort(attribute='zz'); " +
  "map(attribute='team') | map(attribute='id') | list; map('dictsort') | list; batch(2) | map('first') | list; map(attribute='age') | unique | sort"
).split('; ');

/** Makers of expressions that give lists. */
export function listMakers(draw: Draw): readonly Maker[] {
  const { pick, any, of } = draw;
  return [
    (d) => `(${of('list', d)} + ${of('list', d)})`,
    (d) => `(${of('list', d)} * ${pick(['0', '1', '2'])})`,
    (d) => `[${any(d)}, ${any(d)}]`,
    (d) => `(${any(d)}, ${any(d)})`,
    (d) => `(${any(d)} | list)`,
    (d) =>
      `(${of('list', d)} | ${pick(['sort', 'sort(reverse=true)', 'sort(case_sensitive=true)', 'unique | list', 'reverse | list', 'unique(true) | list', 'sort(false, true)', 'sort(attribute=0)'])})`,
    () => `(users | ${pick(OF_USERS)})`,
    (d) =>
      `(${of('list', d)} | ${pick(['batch(2) | list', "batch(2, 'x') | list", 'batch(linecount=3, fill_with=0) | list', 'slice(2) | list', "slice(2, 'x') | list", 'slice(3, fill_with=0) | list', 'slice(slices=2) | list'])})`,
    (d) => `(${of('list', d)} | ${pick(['select', 'reject'])}(${pick(CHOICES)}) | list)`,
    (d) => `(${of('list', d)} | ${pick(['select', 'reject'])} | list)`,
    (d) => `(${of('list', d)} | map(${pick(MAPPED)}) | list)`,
    (d) => `(${of('list', d)} | map(attribute=${pick(['0', '1', "'a'", "'0'", "'name', default='-'"])}) | list)`,
    (d) =>
      `${of('text', d)}.${pick(['split()', "split(',')", "split(' ', 1)", 'rsplit(none, 1)', "rsplit('-', 1)", 'splitlines()', 'splitlines(true)', "partition('-')", "rpartition(' ')", 'split(maxsplit=1)', "split('')", "split(sep='a')", 'rsplit(maxsplit=2)', "rsplit('é')", 'splitlines(keepends=true)'])}`,
    (d) =>
      `(${of('dict', d)} | ${pick(['dictsort', "dictsort(by='value')", 'dictsort(reverse=true)', 'items | list', 'list', "dictsort(true, 'key', true)", 'dictsort(case_sensitive=true)', "dictsort(by='x')", 'reverse | list', 'sort', 'first', 'last'])})`,
    (d) => `(${of('dict', d)}.${pick(['items', 'keys', 'values'])}() | list)`,
    (d) => `${of('list', d)}[${pick(['1:', ':2', '::-1', '::2', '-2:', '5:', '1:1', '-1:0:-1', ':-1', '1::-2'])}]`,
    (d) => `(${of('list', d)} | list).copy()`,
    () => `(range(${small(draw)}${pick(['', ', 6', ', 9, 2', ', -4, -1', ', 3, 0'])}) | list)`,
    (d) =>
      `(${of('text', d)} | ${pick(['list', 'map("upper") | list', `select("in", ${word(draw)}) | list`, 'slice(2) | list', 'sort', 'unique | list'])})`,
  ];
}

/** Makers of expressions that give dictionaries. */
export function dictMakers({ pick, any, of }: Draw): readonly Maker[] {
  return [
    (d) => `{'k': ${any(d)}, 'm': ${any(d)}}`,
    (d) => `{'k': ${any(d)}, 'k': ${any(d)},}`,
    (d) => `dict(${of('dict', d)}, z=${any(d)})`,
    (d) => `dict([('a', ${any(d)}), ('b', ${any(d)})])`,
    (d) => `dict(${of('dict', d)}.items())`,
    (d) => `dict(${pick(["'ab'", "['ab', 'cd']", '[[1]]', '5', "[['a', 1, 2]]", "(('a', 1),)"])}, x=${any(d)})`,
    (d) => `${of('dict', d)}.copy()`,
    () => `${pick(['deep', 'users[0]', "{'a': d}"])}.${pick(['a', 'team', 'zz'])}`,
    (d) => `(${of('list', d)} | ${pick(['first', 'last'])})`,
  ];
}
