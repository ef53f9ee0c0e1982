import { flag, integer, text } from './arguments.ts';
import type { Budget } from './budget.ts';
import { countPoints } from './code-points.ts';
import { type Environment, type Operation, operation, passing } from './environment.ts';
import { compare, equals } from './equality.ts';
import { typeError } from './errors.ts';
import { readMember } from './members.ts';
import { operate } from './operators.ts';
import { roundTo } from './rounding.ts';
import { spell } from './spelling.ts';
import {
  type Dict,
  defined,
  entriesOf,
  finite,
  floatOf,
  intOf,
  isDict,
  isFloat,
  iterate,
  keysOf,
  kindOf,
  numberOf,
  Tuple,
  truthy,
  Undefined,
  type Value,
} from './values.ts';

/** Reads a path such as `a.b.0` in entries. */
function attributeReader(path: Value, budget: Budget): (entry: Value) => Value {
  if (typeof path === 'number') return (entry) => readMember(entry, path, budget);
  let keys: (string | number)[] | undefined;
  return (entry) => {
    if (keys === undefined) {
      budget.work(text(path).length / 16);
      keys = text(path)
        .split('.')
        .map((key) => (/^\d+$/.test(key) ? Number(key) : key));
    }
    budget.work(keys.length);
    return keys.reduce<Value>((value, key) => readMember(value, key, budget), entry);
  };
}

function lengthOf(value: Value, budget: Budget): number {
  const known = defined(value);
  if (typeof known === 'string') return countPoints(known);
  const list = entriesOf(known);
  if (list !== null) return list.length;
  if (isDict(known)) return keysOf(known, budget).length;
  throw typeError(`${kindOf(known)} has no length`);
}

/** What entries are ordered or told apart by: text in any case unless it matters. */
function keyOf(value: Value, caseSensitive: boolean, budget: Budget): Value {
  if (typeof value !== 'string' || caseSensitive) return value;
  budget.work(value.length / 64);
  return value.toLowerCase();
}

function sorted(list: Value[], key: (entry: Value) => Value[], reverse: boolean, budget: Budget): Value[] {
  const keyed = list.map((entry) => {
    budget.work(1);
    return { entry, keys: key(entry) };
  });
  keyed.sort((a, b) => {
    for (const [index, left] of a.keys.entries()) {
      const order = compare(left, b.keys[index]!, budget);
      if (order !== 0) return reverse ? -order : order;
    }
    return 0;
  });
  return keyed.map(({ entry }) => entry);
}

const extreme = (sign: 1 | -1, name: string) =>
  passing('case_sensitive attribute', (value, [sensitive, attribute], { budget }) => {
    const caseSensitive = flag(sensitive, budget);
    const read = attribute === undefined ? null : attributeReader(attribute, budget);
    const key = (entry: Value) => keyOf(read === null ? entry : defined(read(entry)), caseSensitive, budget);
    // The key of an entry that is compared with no other is never looked at.
    let best: { entry: Value; key?: Value } | undefined;
    for (const entry of iterate(value, budget)) {
      if (best === undefined) best = { entry };
      else {
        const challenger = key(entry);
        best.key ??= key(best.entry);
        if (sign * compare(challenger, best.key, budget) > 0) best = { entry, key: challenger };
      }
    }
    return best?.entry ?? new Undefined(`${name} of an empty list`);
  });

const choose = (wanted: boolean, byAttribute: boolean) =>
  operation('*', (value, args, environment) => {
    const { budget } = environment;
    const rest = [...args] as Value[];
    const attribute = byAttribute ? rest.shift() : undefined;
    if (byAttribute && attribute === undefined) throw typeError('an attribute is expected');
    const read = attribute === undefined ? null : attributeReader(attribute, budget);
    const [test, ...testArgs] = rest;
    return iterate(value, budget).filter((entry) => {
      budget.charge(1);
      const subject = read === null ? entry : read(entry);
      const passes = test === undefined ? truthy(subject, budget) : environment.test(text(test), subject, testArgs);
      return passes === wanted;
    });
  });

const length = operation('', (value, _, { budget }) => lengthOf(value, budget));
const orDefault = passing('default_value boolean', (value, [otherwise = '', boolean], { budget }) =>
  value instanceof Undefined || (flag(boolean, budget) && !truthy(value, budget)) ? otherwise : value,
);

/** The entries of a dictionary as keys and values; none of what does not exist. */
function pairsOf(value: Value): [string, Value][] {
  if (value instanceof Undefined) return [];
  if (!isDict(value)) throw typeError(`a dictionary is expected, not ${kindOf(value)}`);
  return Object.entries(value);
}

const merge = operation('*', (value, others, { budget }) => {
  const all = [value, ...(others as Value[])].map((entry): Dict => {
    if (!isDict(entry)) throw typeError(`a dictionary is expected, not ${kindOf(entry)}`);
    return entry;
  });
  for (const one of all) budget.work(keysOf(one, budget).length);
  return Object.fromEntries(all.flatMap((entry) => Object.entries(entry)));
});

function numberText(value: Value, budget: Budget): string {
  if (typeof value !== 'string') return '';
  budget.work(value.length / 4);
  return value.trim().replaceAll('_', '');
}

function toInt(value: Value, otherwise: Value, base: number, budget: Budget): Value {
  const number = numberOf(defined(value));
  if (number !== null) return intOf(Math.trunc(number));
  const written = numberText(value, budget).toLowerCase();
  const digits = written.replace(/^([-+]?)0[xob]/, '$1');
  const whole = [...digits.replace(/^[-+]/, '')];
  if (base !== 10 && whole.length > 0 && whole.every((digit) => Number.parseInt(digit, base) >= 0)) {
    return intOf(Number.parseInt(digits, base));
  }
  if (/^[-+]?\d+$/.test(written)) return intOf(Number(written));
  const float = Number(written);
  return written !== '' && /^[-+.\de]+$/.test(written) && Number.isFinite(float) ? intOf(Math.trunc(float)) : otherwise;
}

function toFloat(value: Value, otherwise: Value, budget: Budget): Value {
  const number = numberOf(defined(value));
  if (number !== null) return floatOf(number);
  const written = numberText(value, budget);
  const float = Number(written);
  return written !== '' && /^[-+.\deE]+$/.test(written) && Number.isFinite(float) ? floatOf(float) : otherwise;
}

/** Rounds as Jinja2 does; `ceil` and `floor` calculate with fractions, and so do their results. */
function round(value: number, digits: number, method: string): number {
  if (method === 'common') return roundTo(value, digits);
  if (method !== 'ceil' && method !== 'floor') {
    throw typeError(`there is no method '${method.slice(0, 50)}'; there are: common, ceil, floor`);
  }
  const factor = 10 ** digits;
  return (method === 'ceil' ? Math.ceil(value * factor) : Math.floor(value * factor)) / factor;
}

const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB'];

function fileSize(bytes: number, binary: boolean): string {
  const base = binary ? 1024 : 1000;
  if (bytes === 1) return '1 Byte';
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  let size = bytes;
  let unit = -1;
  while (size >= base && unit < UNITS.length - 1) {
    size /= base;
    unit += 1;
  }
  const name = UNITS[unit]!;
  return `${size.toFixed(1)} ${binary ? name.replace('B', 'iB').replace('k', 'K') : name}`;
}

function flatten(value: Value, levels: number, environment: Environment): Value[] {
  return iterate(value, environment.budget).flatMap((entry) => {
    environment.budget.charge(1);
    return entriesOf(entry) !== null && levels !== 0 ? flatten(entry, levels - 1, environment) : [entry];
  });
}

function versionParts(version: string): (number | string)[] {
  return version.split(/[.+-]/).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [versionParts(a), versionParts(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [x, y] = [left[index], right[index]];
    // A version with something more is a pre-release of the one without, where that is a word.
    if (x === undefined) return typeof y === 'string' ? 1 : -1;
    if (y === undefined) return typeof x === 'string' ? -1 : 1;
    if (x === y) continue;
    if (typeof x === typeof y) return x < y ? -1 : 1;
    return typeof x === 'string' ? -1 : 1;
  }
  return 0;
}

/** Filters over lists, dictionaries and numbers. */
export const LIST_FILTERS: Record<string, Operation> = {
  default: orDefault,
  d: orDefault,
  length,
  count: length,
  first: passing('', (value, _, { budget }) => iterate(value, budget)[0] ?? new Undefined('first of an empty list')),
  last: passing('', (value, _, { budget }) => iterate(value, budget).at(-1) ?? new Undefined('last of an empty list')),
  random: passing('', (value, _, environment) => {
    const list = iterate(value, environment.budget);
    return list[Math.floor(environment.random() * list.length)] ?? new Undefined('random of an empty list');
  }),
  list: operation('', (value, _, { budget }) => [...iterate(value, budget)]),
  reverse: operation('', (value, _, { budget }) => {
    const reversed = [...iterate(value, budget)].reverse();
    if (typeof value !== 'string') return reversed;
    budget.work(value.length / 16);
    return reversed.join('');
  }),
  join: operation('d attribute', (value, [separator = '', attribute], { budget }) => {
    const read = attribute === undefined ? null : attributeReader(attribute, budget);
    const parts = iterate(value, budget).map((entry) => spell(read === null ? entry : read(entry), budget));
    const between = spell(separator, budget);
    budget.text(parts.reduce((sum, part) => sum + part.length + between.length, 0));
    return parts.join(between);
  }),
  sort: operation('reverse case_sensitive attribute', (value, [reverse, sensitive, attribute], { budget }) => {
    const list = iterate(value, budget);
    budget.charge(list.length * 4);
    const paths = attribute === undefined ? null : typeof attribute === 'string' ? attribute.split(',') : [attribute];
    const readers = paths?.map((path) => attributeReader(path, budget));
    const caseSensitive = flag(sensitive, budget);
    const key = (entry: Value) =>
      (readers === undefined ? [entry] : readers.map((read) => defined(read(entry)))).map((part) =>
        keyOf(part, caseSensitive, budget),
      );
    return sorted(list, key, flag(reverse, budget), budget);
  }),
  unique: operation('case_sensitive attribute', (value, [sensitive, attribute], { budget }) => {
    const seen: Value[] = [];
    const known = new Set<string>();
    const read = attribute === undefined ? null : attributeReader(attribute, budget);
    const caseSensitive = flag(sensitive, budget);
    return iterate(value, budget).filter((entry) => {
      budget.work(1);
      const key = keyOf(read === null ? entry : read(entry), caseSensitive, budget);
      const number = numberOf(defined(key));
      if (typeof key === 'string' || number !== null || key === null) {
        const name = typeof key === 'string' ? `s${key}` : `n${number}`;
        return known.has(name) ? false : Boolean(known.add(name));
      }
      budget.charge(1 + seen.length);
      return seen.some((before) => equals(before, key, budget)) ? false : seen.push(key) > 0;
    });
  }),
  min: extreme(-1, 'min'),
  max: extreme(1, 'max'),
  sum: passing('attribute start', (value, [attribute, start = 0], { budget }) => {
    const read = attribute === undefined || attribute === null ? null : attributeReader(attribute, budget);
    return iterate(value, budget).reduce<Value>((sum, entry) => {
      budget.work(1);
      return operate('+', sum, read === null ? entry : read(entry), budget);
    }, start);
  }),
  map: operation('*', (value, args, environment, named) => {
    const list = iterate(value, environment.budget);
    const { attribute, default: otherwise, ...rest } = named;
    if (attribute !== undefined) {
      const read = attributeReader(attribute, environment.budget);
      return list.map((entry) => {
        environment.budget.charge(1);
        const found = read(entry);
        return found instanceof Undefined && otherwise !== undefined ? otherwise : defined(found);
      });
    }
    const [filter, ...filterArgs] = args as Value[];
    return list.map((entry) => environment.filter(text(filter), entry, filterArgs, rest));
  }),
  select: choose(true, false),
  reject: choose(false, false),
  selectattr: choose(true, true),
  rejectattr: choose(false, true),
  groupby: operation('attribute default case_sensitive', (value, [attribute, otherwise, sensitive], { budget }) => {
    const list = iterate(value, budget);
    budget.charge(list.length * 4);
    const read = attributeReader(attribute ?? '', budget);
    const groupOf = (entry: Value): Value => {
      const found = read(entry);
      return found instanceof Undefined && otherwise !== undefined ? otherwise : defined(found);
    };
    const caseSensitive = flag(sensitive, budget);
    const key = (entry: Value) => keyOf(groupOf(entry), caseSensitive, budget);
    const groups: { key: Value; shown: Value; entries: Value[] }[] = [];
    for (const entry of sorted(list, (part) => [key(part)], false, budget)) {
      const last = groups.at(-1);
      if (last !== undefined && equals(last.key, key(entry), budget)) last.entries.push(entry);
      else groups.push({ key: key(entry), shown: groupOf(entry), entries: [entry] });
    }
    return groups.map(({ shown, entries }) => new Tuple([shown, entries]));
  }),
  dictsort: operation('case_sensitive by reverse', (value, [sensitive, by, reverse], { budget }) => {
    if (!isDict(value)) throw typeError(`a dictionary is expected, not ${kindOf(value)}`);
    const place = text(by, 'key') === 'value' ? 1 : 0;
    const pairs: Value[] = Object.entries(value).map((pair) => new Tuple(pair));
    const caseSensitive = flag(sensitive, budget);
    const key = (pair: Value) => [keyOf((pair as Tuple).items[place]!, caseSensitive, budget)];
    return sorted(pairs, key, flag(reverse, budget), budget);
  }),
  items: operation('', (value) => pairsOf(value).map((pair) => new Tuple(pair))),
  keys: operation('', (value) => pairsOf(value).map(([key]) => key)),
  values: operation('', (value) => pairsOf(value).map(([, entry]) => entry)),
  batch: operation('linecount fill_with', (value, [count, fill], { budget }) => {
    const size = Math.max(1, integer(count, 1));
    const list = iterate(value, budget);
    const batches: Value[][] = [];
    for (let index = 0; index < list.length; index += size) batches.push(list.slice(index, index + size));
    const last = batches.at(-1);
    if (fill !== undefined && fill !== null && last !== undefined) {
      budget.charge(size);
      while (last.length < size) last.push(fill);
    }
    return batches;
  }),
  slice: operation('slices fill_with', (value, [count, fill], { budget }) => {
    const slices = Math.max(1, integer(count, 1));
    budget.charge(slices);
    const list = iterate(value, budget);
    const each = Math.floor(list.length / slices);
    const longer = list.length % slices;
    let offset = 0;
    return Array.from({ length: slices }, (_, index) => {
      const size = each + (index < longer ? 1 : 0);
      const part = list.slice(offset, offset + size);
      offset += size;
      return fill !== undefined && fill !== null && index >= longer && longer > 0 ? [...part, fill] : part;
    });
  }),
  flatten: operation('levels', (value, [levels], environment) =>
    flatten(value, levels === undefined || levels === null ? 100 : integer(levels, 100), environment),
  ),
  zip: operation('*', (value, others, { budget }) => {
    const lists = [value, ...(others as Value[])].map((list) => iterate(list, budget));
    const size = Math.min(...lists.map((list) => list.length));
    budget.work(size * lists.length);
    return Array.from({ length: size }, (_, index) => new Tuple(lists.map((list) => list[index]!)));
  }),
  combine: merge,
  merge,
  dig: passing('*', (value, path, { budget }, named) => {
    let found: Value = value;
    for (const key of path as Value[]) {
      found = readMember(found, typeof key === 'number' ? key : text(key), budget);
      if (found instanceof Undefined) return named.default ?? null;
    }
    return found;
  }),
  attr: passing('name', (value, [name], { budget }) => readMember(value, text(name), budget)),
  abs: operation('', (value) => {
    const number = numberOf(defined(value));
    if (number === null) throw typeError(`a number is expected, not ${kindOf(value)}`);
    return isFloat(value) ? floatOf(Math.abs(number)) : Math.abs(number);
  }),
  int: operation('default base', (value, [otherwise = 0, base], { budget }) =>
    toInt(value, otherwise, integer(base, 10), budget),
  ),
  float: operation('default', (value, [otherwise], { budget }) => toFloat(value, otherwise ?? floatOf(0), budget)),
  bool: operation('', (value, _, { budget }) => {
    const known = defined(value);
    if (typeof known !== 'string') return truthy(known, budget);
    const word = known.trim().toLowerCase();
    if (['true', 'yes', 'on', '1', 'y', 't'].includes(word)) return true;
    if (['false', 'no', 'off', '0', 'n', 'f', ''].includes(word)) return false;
    throw typeError(`'${known.slice(0, 50)}' is neither true nor false`);
  }),
  round: operation('precision method', (value, [precision, method], { budget }) => {
    const number = numberOf(defined(value));
    if (number === null) throw typeError(`a number is expected, not ${kindOf(value)}`);
    const digits = integer(precision, 0);
    if (Math.abs(digits) > 100) throw typeError('the precision is at most 100');
    budget.work(5);
    const how = text(method, 'common');
    const rounded = finite(round(number, digits, how));
    return isFloat(value) || how !== 'common' ? floatOf(rounded) : intOf(rounded);
  }),
  filesizeformat: operation('binary', (value, [binary], { budget }) => {
    const bytes = numberOf(toFloat(value, null, budget));
    if (bytes === null) throw typeError(`a number is expected, not ${kindOf(value)}`);
    return fileSize(bytes, flag(binary, budget));
  }),
  version_compare: operation('other', (value, [other], { budget }) => {
    const [left, right] = [text(value), text(other)];
    budget.work((left.length + right.length) / 4);
    return compareVersions(left, right);
  }),
};
