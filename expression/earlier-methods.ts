import { integer, text } from './arguments.ts';
import type { Budget } from './budget.ts';
import { countPoints } from './code-points.ts';
import { earlierFormatBraces } from './earlier-format.ts';
import { center, earlierCapitalize, earlierReplaceText, earlierSplitText, earlierStrip } from './earlier-text.ts';
import { type Operation, operation, passing } from './environment.ts';
import { equals } from './equality.ts';
import { typeError } from './errors.ts';
import { iterate, readKeys } from './iteration.ts';
import { Search, splitAt } from './search.ts';
import { type Dict, entriesOf, isDict, Tuple, type Value } from './values.ts';

// Methods of dialect 1. Nothing in this file is ever fixed: a replay of open runs must decide the same again.

/** Creates a method of text; one unit of work pays for `perWork` characters. */
const onText = (perWork: number, run: (value: string) => Value): Operation =>
  operation('', (value, _, { budget }) => {
    budget.work((value as string).length / perWork);
    return run(value as string);
  });
const startsOrEnds = (check: (value: string, part: string) => boolean): Operation =>
  operation('part', (value, [part = ''], { budget }) => {
    const parts = part instanceof Tuple ? part.items : [part];
    return parts.some((one) => {
      budget.work(1 + text(one).length / 64);
      return check(value as string, text(one));
    });
  });
const has = (pattern: RegExp): Operation => onText(32, (value) => pattern.test(value));
const stripped = (start: boolean, end: boolean): Operation =>
  operation('chars', (value, [chars], { budget }) =>
    earlierStrip(
      value as string,
      chars === undefined || chars === null ? ' \t\n\r\v\f' : text(chars),
      start,
      end,
      budget,
    ),
  );
const padded = (pad: (value: string, width: number, fill: string) => string): Operation =>
  operation('width fillchar', (value, [width, fill], { budget }) => {
    const size = integer(width, 0);
    budget.text(size);
    return pad(value as string, size, text(fill, ' '));
  });
const find = (value: Value, part: Value | undefined, budget: Budget, last = false): number => {
  const source = value as string;
  const search = new Search(source, text(part), budget);
  const index = last ? search.last() : search.first();
  if (index === -1) return -1;
  budget.work(index / 64);
  return countPoints(source, index);
};
const partition = (last: boolean): Operation =>
  operation('sep', (value, [separator], { budget }) => {
    const source = value as string;
    const part = text(separator);
    if (part === '') throw typeError('the separator is empty');
    const search = new Search(source, part, budget);
    const index = last ? search.last() : search.first();
    if (index === -1) return new Tuple(last ? ['', '', source] : [source, '', '']);
    return new Tuple([source.slice(0, index), part, source.slice(index + part.length)]);
  });

const EARLIER_TEXT_METHODS: Record<string, Operation> = {
  upper: onText(64, (value) => value.toUpperCase()),
  lower: onText(64, (value) => value.toLowerCase()),
  casefold: onText(64, (value) => value.toLowerCase()),
  title: onText(4, (value) => value.replace(/\p{L}+/gu, earlierCapitalize)),
  capitalize: onText(64, earlierCapitalize),
  swapcase: onText(4, (value) =>
    [...value].map((one) => (one === one.toLowerCase() ? one.toUpperCase() : one.toLowerCase())).join(''),
  ),
  strip: stripped(true, true),
  lstrip: stripped(true, false),
  rstrip: stripped(false, true),
  split: operation('sep maxsplit', (value, [separator, most], { budget }) =>
    earlierSplitText(
      value as string,
      separator === undefined || separator === null ? null : text(separator),
      integer(most, -1),
      budget,
    ),
  ),
  rsplit: operation('sep maxsplit', (value, [separator, most], { budget }) => {
    const parts = earlierSplitText(
      value as string,
      separator === undefined || separator === null ? null : text(separator),
      -1,
      budget,
    );
    const count = integer(most, -1);
    if (count < 0 || parts.length <= count + 1) return parts;
    const between = separator === undefined || separator === null ? ' ' : text(separator);
    return [parts.slice(0, parts.length - count).join(between), ...parts.slice(parts.length - count)];
  }),
  splitlines: onText(8, (value) => {
    const lines = value.split(/\r\n|\n|\r/);
    return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
  }),
  partition: partition(false),
  rpartition: partition(true),
  startswith: startsOrEnds((value, part) => value.startsWith(part)),
  endswith: startsOrEnds((value, part) => value.endsWith(part)),
  removeprefix: operation('part', (value, [part]) =>
    (value as string).startsWith(text(part)) ? (value as string).slice(text(part).length) : value,
  ),
  removesuffix: operation('part', (value, [part]) =>
    text(part) !== '' && (value as string).endsWith(text(part))
      ? (value as string).slice(0, -text(part).length)
      : value,
  ),
  find: operation('part', (value, [part], { budget }) => find(value, part, budget)),
  rfind: operation('part', (value, [part], { budget }) => find(value, part, budget, true)),
  index: operation('part', (value, [part], { budget }) => {
    const index = find(value, part, budget);
    if (index === -1) throw typeError('the text does not have that part');
    return index;
  }),
  count: operation('part', (value, [part], { budget }) =>
    text(part) === '' ? countPoints(value as string) + 1 : splitAt(value as string, text(part), budget).length - 1,
  ),
  replace: operation('old new count', (value, [from, to, count], { budget }) =>
    earlierReplaceText(value as string, text(from), text(to), integer(count, -1), budget),
  ),
  join: operation('list', (value, [list = []], { budget }) => {
    const parts = iterate(list, budget).map((entry) => text(entry));
    budget.text(parts.reduce((sum, part) => sum + part.length + (value as string).length, 0));
    return parts.join(value as string);
  }),
  format: operation('*', (value, args, { budget }, named) =>
    earlierFormatBraces(value as string, args as Value[], named, budget),
  ),
  zfill: operation('width', (value, [width], { budget }) => {
    const size = integer(width, 0);
    budget.text(size);
    const sign = /^[-+]/.exec(value as string)?.[0] ?? '';
    return sign + (value as string).slice(sign.length).padStart(size - sign.length, '0');
  }),
  ljust: padded((value, width, fill) => value.padEnd(width, fill)),
  rjust: padded((value, width, fill) => value.padStart(width, fill)),
  center: padded((value, width) => center(value, width)),
  isdigit: has(/^\d+$/),
  isnumeric: has(/^\p{N}+$/u),
  isdecimal: has(/^\d+$/),
  isalpha: has(/^\p{L}+$/u),
  isalnum: has(/^[\p{L}\p{N}]+$/u),
  isspace: has(/^\s+$/),
  isupper: onText(16, (value) => value === value.toUpperCase() && value !== value.toLowerCase()),
  islower: onText(16, (value) => value === value.toLowerCase() && value !== value.toUpperCase()),
};

const EARLIER_LIST_METHODS: Record<string, Operation> = {
  index: operation('entry', (value, [entry = null], { budget }) => {
    const index = entriesOf(value)!.findIndex((one) => equals(one, entry, budget));
    if (index === -1) throw typeError('the list does not have that entry');
    return index;
  }),
  count: operation(
    'entry',
    (value, [entry = null], { budget }) => entriesOf(value)!.filter((one) => equals(one, entry, budget)).length,
  ),
  copy: operation('', (value) => [...entriesOf(value)!]),
};

/** Methods that change a list; they work only on those that the template made. */
const EARLIER_LIST_CHANGES: Record<string, Operation> = {
  append: operation('entry', (value, [entry = null]) => {
    (value as Value[]).push(entry);
    return null;
  }),
  extend: operation('list', (value, [list = []], { budget }) => {
    const entries = iterate(list, budget);
    budget.charge(entries.length);
    for (const entry of [...entries]) (value as Value[]).push(entry);
    return null;
  }),
  insert: operation('index entry', (value, [index, entry = null]) => {
    (value as Value[]).splice(integer(index, 0), 0, entry);
    return null;
  }),
  pop: passing('index', (value, [index]) => {
    const list = value as Value[];
    if (list.length === 0) throw typeError('the list is empty');
    return list.splice(integer(index, -1), 1)[0] ?? null;
  }),
};

const EARLIER_DICT_CHANGES: Record<string, Operation> = {
  update: operation('other', (value, [other = {}], { budget }) => {
    if (!isDict(other)) throw typeError('a dictionary is expected');
    budget.work(readKeys(other, budget).length);
    for (const [key, entry] of Object.entries(other)) {
      Object.defineProperty(value as Dict, key, { value: entry, enumerable: true, writable: true, configurable: true });
    }
    return null;
  }),
};

const pairs = (value: Value): Tuple[] => Object.entries(value as Dict).map((pair) => new Tuple(pair));
const EARLIER_DICT_METHODS: Record<string, Operation> = {
  items: operation('', (value) => pairs(value)),
  keys: operation('', (value) => Object.keys(value as Dict)),
  values: operation('', (value) => Object.values(value as Dict)),
  copy: operation('', (value) => ({ ...(value as Dict) })),
  get: passing('key default', (value, [key = null, otherwise = null]) =>
    typeof key === 'string' && Object.hasOwn(value as Dict, key) ? (value as Dict)[key]! : otherwise,
  ),
};

/** Methods by name for each kind of value, and those that change one. */
export const EARLIER_METHODS = {
  text: EARLIER_TEXT_METHODS,
  list: EARLIER_LIST_METHODS,
  dict: EARLIER_DICT_METHODS,
  listChanges: EARLIER_LIST_CHANGES,
  dictChanges: EARLIER_DICT_CHANGES,
} as const;
