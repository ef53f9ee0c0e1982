import { FILTERS } from '../../expression/filters.ts';
import { FUNCTION_NAMES } from '../../expression/functions.ts';
import { METHODS } from '../../expression/methods.ts';
import { TESTS } from '../../expression/tests.ts';
import type { Value } from '../../expression/values.ts';

/** Values of all kinds: mixed text, text of one letter, a list of texts, one of lists that are alike, a dictionary, a number. */
export const createValues = (scale: number): Record<string, Value> => ({
  text: 'aB <é\u{1f600}%1,\n'.repeat(40_000 * scale),
  same: 'a'.repeat(500_000 * scale),
  texts: Array.from({ length: 5_000 * scale }, (_, index) => `${'x'.repeat(90)}${(index * 7919) % 5_000}`),
  lists: Array.from({ length: 1_000 * scale }, (_, index) => [...Array<number>(50).fill(1), index]),
  dict: Object.fromEntries(Array.from({ length: 20_000 * scale }, (_, index) => [`key-${index}`, index])),
  number: 1.5e300,
});
const subjects = Object.keys(createValues(0));

/** Arguments of filters that need some; add each new filter, test or method that takes large arguments here. */
export const FILTER_ARGUMENTS: Record<string, string[]> = {
  join: ["', '"],
  sort: ['', 'attribute=0', 'reverse=true'],
  unique: ['', 'attribute=0'],
  map: ["'upper'", "attribute='a.b'", "'length'"],
  select: ['', "'eq', texts[9]", "'in', texts"],
  reject: ["'eq', lists[9]"],
  selectattr: ["0, 'eq', 1"],
  rejectattr: ["0, 'in', lists"],
  groupby: ['0'],
  sum: ['', 'attribute=0'],
  batch: ['1', '100000, 1'],
  slice: ['100000'],
  zip: ['texts, texts, texts'],
  combine: ['dict, dict, dict'],
  merge: ['dict, dict, dict'],
  dig: ["'a', 'b'", '-1'],
  attr: ["'a'"],
  default: ["'x', true"],
  d: ["'x', true"],
  int: ['', '0, 16'],
  round: ['100'],
  version_compare: ['text'],
  replace: ["'a', 'bb'", "'', '-'", "'a' * 300, 'b'"],
  center: ['1000000'],
  truncate: ['100000', '100000, true'],
  trim: ['', 'same'],
  wordwrap: ['1', "1, true, 'x' * 1000"],
  indent: ["'x' * 100"],
  format: ['texts, dict'],
  tojson: ['', '20'],
  to_json: ['', '20'],
  json_dump: ['20'],
  split: ['', "'a'", "'a' * 300"],
  regex_match: ["'(.*)*$'"],
  regex_search: ["'(a|a)*b$'", "'a{1,30}b|c$'"],
  regex_replace: ["'[a-z]', 'x'", "'(a)', '\\\\1'"],
  regex_substring: ["'a.*b|a'"],
  regex_findall: ["'a.*b|a'", "'[aB]'", "'(a?){100}b|a'"],
  hash: ["'md5'", "'sha512'"],
  strftime: ['text'],
  date: ["'%A' * 1000"],
};
export const TEST_ARGUMENTS: Record<string, string[]> = {
  in: ['texts', 'lists', 'text', 'same'],
  divisibleby: ['3'],
};
export const METHOD_ARGUMENTS: Record<string, string[]> = {
  strip: ['', 'text'],
  split: ['', "'a'", "'a' * 300"],
  rsplit: ["'a', 5"],
  partition: ["'b' ~ same"],
  rpartition: ["'b' ~ same[:9999]"],
  startswith: ['(same, text)'],
  endswith: ['(same, text)'],
  removeprefix: ['same[:99999]'],
  removesuffix: ['same[:99999]'],
  find: ["'aB' ~ same[:9999]"],
  rfind: ["same[:9999] ~ 'b'"],
  index: ["'1'", 'lists[999]'],
  count: ["'a'", "'a' * 300", 'lists[9]'],
  replace: ["'a', 'bb'", "'', '-'"],
  join: ['texts'],
  format: ['texts, dict'],
  zfill: ['1000000'],
  ljust: ['1000000'],
  rjust: ['1000000'],
  center: ['1000000'],
  extend: ['texts'],
  append: ['texts'],
  insert: ['0, 1'],
  update: ['dict'],
  remove: ["'x'", 'texts[-1]'],
  setdefault: ["'key-9'", "'z', 1"],
  expandtabs: ['8', '1000000'],
  get: ["'key-9'"],
};
/** A call of each function of the language. */
export const GLOBAL_CALLS: Record<string, string> = {
  range: 'range(150000)',
  dict: 'dict(text)',
  namespace: 'namespace(dict)',
};
const OPERATORS = ['+', '-', '*', '/', '//', '%', '**', '~', '==', '!=', '<', '<=', '>', '>=', 'in', 'not in'];

const calls = (
  table: Record<string, unknown>,
  given: Record<string, string[]>,
  write: (name: string, args: string) => string[],
) => Object.keys(table).flatMap((name) => (given[name] ?? ['']).flatMap((args) => write(name, args)));
const kept = (expression: string): string => `{% set kept = ${expression} %}`;
/** A template for each filter, test, method, operator and function, over each value that it may take. */
export const templates: readonly string[] = [
  ...calls(FILTERS, FILTER_ARGUMENTS, (name, args) => subjects.map((of) => kept(`${of} | ${name}(${args})`))),
  ...calls(TESTS, TEST_ARGUMENTS, (name, args) =>
    /^\w+$/.test(name)
      ? subjects.map((of) => kept(`${of} is ${name}(${args === '' && name.length < 12 ? '' : args})`))
      : [],
  ),
  ...Object.entries(METHODS).flatMap(([kind, table]) =>
    calls(table, METHOD_ARGUMENTS, (name, args) =>
      ({
        text: ['text', 'same'],
        list: ['texts', 'lists'],
        dict: ['dict'],
        number: ['number'],
        listChanges: ['texts', 'lists'],
        dictChanges: ['dict'],
      })[kind as keyof typeof METHODS].map((of) => kept(`${of}.${name}(${args})`)),
    ),
  ),
  ...OPERATORS.flatMap((operator) => subjects.map((of) => kept(`${of} ${operator} (${of} | reverse | list)`))),
  ...OPERATORS.flatMap((operator) => subjects.map((of) => kept(`${of} ${operator} 3`))),
  ...OPERATORS.flatMap((operator) => ['texts', 'lists'].map((of) => kept(`${of} ${operator} ${of}`))),
  ...subjects.flatMap((of) => [`{{ ${of} }}.`, `{{ [${of}] }}`, kept(`${of}[::-1]`), kept(`${of}[-3000:2]`)]),
  ...FUNCTION_NAMES.map((name) => kept(GLOBAL_CALLS[name] ?? name)),
];
