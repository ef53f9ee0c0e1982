import { flag, integer, soft, text } from './arguments.ts';
import { type Environment, type Operation, operation, passing } from './environment.ts';
import { typeError } from './errors.ts';
import { readMember } from './members.ts';
import { operate } from './operators.ts';
import {
  compare,
  defined,
  entriesOf,
  equals,
  floatOf,
  intOf,
  isDict,
  isFloat,
  iterate,
  kindOf,
  numberOf,
  Tuple,
  truthy,
  Undefined,
  type Value,
} from './values.ts';

/** A path such as `a.b.0` into an entry. */
function attributeOf(entry: Value, path: Value): Value {
  if (typeof path === 'number') return readMember(entry, path);
  return text(path)
    .split('.')
    .reduce<Value>((value, key) => readMember(value, /^\d+$/.test(key) ? Number(key) : key), entry);
}

function lengthOf(value: Value): number {
  const known = defined(value);
  if (typeof known === 'string') return [...known].length;
  const list = entriesOf(known);
  if (list !== null) return list.length;
  if (isDict(known)) return Object.keys(known).length;
  throw typeError(`${kindOf(known)} has no length`);
}

/** What entries are ordered or told apart by: text in any case unless it matters. */
function keyOf(value: Value, caseSensitive: boolean): Value {
  return typeof value === 'string' && !caseSensitive ? value.toLowerCase() : value;
}

function sorted(list: Value[], key: (entry: Value) => Value[], reverse: boolean): Value[] {
  const keyed = list.map((entry) => ({ entry, keys: key(entry) }));
  keyed.sort((a, b) => {
    for (const [index, left] of a.keys.entries()) {
      const order = compare(left, b.keys[index]!);
      if (order !== 0) return reverse ? -order : order;
    }
    return 0;
  });
  return keyed.map(({ entry }) => entry);
}

const extreme = (sign: 1 | -1, name: string) =>
  passing('case_sensitive attribute', (value, [sensitive, attribute]) => {
    const list = iterate(value);
    let best: Value | undefined;
    const key = (entry: Value) =>
      keyOf(attribute === undefined ? entry : defined(attributeOf(entry, attribute)), flag(sensitive));
    for (const entry of list) if (best === undefined || sign * compare(key(entry), key(best)) > 0) best = entry;
    return best ?? new Undefined(`${name} of an empty list`);
  });

const choose = (wanted: boolean, byAttribute: boolean) =>
  operation('*', (value, args, environment) => {
    const rest = [...args] as Value[];
    const attribute = byAttribute ? rest.shift() : undefined;
    if (byAttribute && attribute === undefined) throw typeError('an attribute is expected');
    const [test, ...testArgs] = rest;
    return iterate(value).filter((entry) => {
      environment.budget.charge(1);
      const subject = attribute === undefined ? entry : attributeOf(entry, attribute);
      const passes = test === undefined ? truthy(subject) : environment.test(text(test), subject, testArgs);
      return passes === wanted;
    });
  });

const length = operation('', (value) => lengthOf(value));
const orDefault = passing('default_value boolean', (value, [otherwise = '', boolean]) =>
  value instanceof Undefined || (flag(boolean) && !truthy(value)) ? otherwise : value,
);
const items = operation('', (value) => {
  if (value instanceof Undefined) return [];
  if (!isDict(value)) throw typeError(`a dictionary is expected, not ${kindOf(value)}`);
  return Object.entries(value).map((pair) => new Tuple(pair));
});
const merge = operation('*', (value, others) => {
  const all = [value, ...(others as Value[])].map((entry) => {
    if (!isDict(entry)) throw typeError(`a dictionary is expected, not ${kindOf(entry)}`);
    return entry;
  });
  return Object.fromEntries(all.flatMap((entry) => Object.entries(entry)));
});

function numberText(value: Value): string {
  return typeof value === 'string' ? value.trim().replaceAll('_', '') : '';
}

function toInt(value: Value, otherwise: Value, base: number): Value {
  const number = numberOf(defined(value));
  if (number !== null) return intOf(Math.trunc(number));
  const written = numberText(value).toLowerCase();
  const digits = written.replace(/^([-+]?)0[xob]/, '$1');
  const whole = [...digits.replace(/^[-+]/, '')];
  if (base !== 10 && whole.length > 0 && whole.every((digit) => Number.parseInt(digit, base) >= 0)) {
    return intOf(Number.parseInt(digits, base));
  }
  if (/^[-+]?\d+$/.test(written)) return intOf(Number(written));
  const float = Number(written);
  return written !== '' && /^[-+.\de]+$/.test(written) && Number.isFinite(float) ? intOf(Math.trunc(float)) : otherwise;
}

function toFloat(value: Value, otherwise: Value): Value {
  const number = numberOf(defined(value));
  if (number !== null) return floatOf(number);
  const written = numberText(value);
  const float = Number(written);
  return written !== '' && /^[-+.\deE]+$/.test(written) && Number.isFinite(float) ? floatOf(float) : otherwise;
}

/** Rounds half to even on the exact binary value, as Python does. */
function round(value: number, digits: number, method: string): number {
  const factor = 10 ** digits;
  if (method === 'ceil') return Math.ceil(value * factor) / factor;
  if (method === 'floor') return Math.floor(value * factor) / factor;
  if (method !== 'common') throw typeError(`there is no method '${method}'; there are: common, ceil, floor`);
  if (digits > 0) {
    const fixed = Number(value.toFixed(Math.min(100, digits)));
    return Number.isFinite(fixed) ? fixed : value;
  }
  const scaled = value * factor;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
  return rounded / factor;
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
  return iterate(value).flatMap((entry) => {
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
  first: passing('', (value) => iterate(value)[0] ?? new Undefined('first of an empty list')),
  last: passing('', (value) => iterate(value).at(-1) ?? new Undefined('last of an empty list')),
  random: passing('', (value, _, environment) => {
    const list = iterate(value);
    return list[Math.floor(environment.random() * list.length)] ?? new Undefined('random of an empty list');
  }),
  list: operation('', (value) => [...iterate(value)]),
  reverse: operation('', (value) => {
    if (typeof value === 'string') return [...value].reverse().join('');
    return [...iterate(value)].reverse();
  }),
  join: operation('d attribute', (value, [separator = '', attribute], { budget }) => {
    const parts = iterate(value).map((entry) => soft(attribute === undefined ? entry : attributeOf(entry, attribute)));
    const between = soft(separator);
    budget.text(parts.reduce((sum, part) => sum + part.length + between.length, 0));
    return parts.join(between);
  }),
  sort: operation('reverse case_sensitive attribute', (value, [reverse, sensitive, attribute], { budget }) => {
    const list = iterate(value);
    budget.charge(list.length * 4);
    const paths = attribute === undefined ? null : typeof attribute === 'string' ? attribute.split(',') : [attribute];
    const key = (entry: Value) =>
      (paths === null ? [entry] : paths.map((path) => defined(attributeOf(entry, path)))).map((part) =>
        keyOf(part, flag(sensitive)),
      );
    return sorted(list, key, flag(reverse));
  }),
  unique: operation('case_sensitive attribute', (value, [sensitive, attribute], { budget }) => {
    const seen: Value[] = [];
    const known = new Set<string>();
    return iterate(value).filter((entry) => {
      const key = keyOf(attribute === undefined ? entry : attributeOf(entry, attribute), flag(sensitive));
      const number = numberOf(defined(key));
      if (typeof key === 'string' || number !== null || key === null) {
        const name = typeof key === 'string' ? `s${key}` : `n${number}`;
        return known.has(name) ? false : Boolean(known.add(name));
      }
      budget.charge(1 + seen.length);
      return seen.some((before) => equals(before, key)) ? false : seen.push(key) > 0;
    });
  }),
  min: extreme(-1, 'min'),
  max: extreme(1, 'max'),
  sum: passing('attribute start', (value, [attribute, start = 0], { budget }) =>
    iterate(value).reduce<Value>((sum, entry) => {
      const part = attribute === undefined || attribute === null ? entry : attributeOf(entry, attribute);
      return operate('+', sum, part, budget);
    }, start),
  ),
  map: operation('*', (value, args, environment, named) => {
    const list = iterate(value);
    const { attribute, default: otherwise, ...rest } = named;
    if (attribute !== undefined) {
      return list.map((entry) => {
        environment.budget.charge(1);
        const found = attributeOf(entry, attribute);
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
    const list = iterate(value);
    budget.charge(list.length * 4);
    const groupOf = (entry: Value): Value => {
      const found = attributeOf(entry, attribute ?? '');
      return found instanceof Undefined && otherwise !== undefined ? otherwise : defined(found);
    };
    const key = (entry: Value) => keyOf(groupOf(entry), flag(sensitive));
    const groups: { key: Value; shown: Value; entries: Value[] }[] = [];
    for (const entry of sorted(list, (part) => [key(part)], false)) {
      const last = groups.at(-1);
      if (last !== undefined && equals(last.key, key(entry))) last.entries.push(entry);
      else groups.push({ key: key(entry), shown: groupOf(entry), entries: [entry] });
    }
    return groups.map(({ shown, entries }) => new Tuple([shown, entries]));
  }),
  dictsort: operation('case_sensitive by reverse', (value, [sensitive, by, reverse]) => {
    if (!isDict(value)) throw typeError(`a dictionary is expected, not ${kindOf(value)}`);
    const place = text(by, 'key') === 'value' ? 1 : 0;
    const pairs: Value[] = Object.entries(value).map((pair) => new Tuple(pair));
    const key = (pair: Value) => [keyOf((pair as Tuple).items[place]!, flag(sensitive))];
    return sorted(pairs, key, flag(reverse));
  }),
  items,
  keys: operation('', (value) =>
    iterate(items.run(value, [], null as never, {})).map((pair) => (pair as Tuple).items[0]!),
  ),
  values: operation('', (value) =>
    iterate(items.run(value, [], null as never, {})).map((pair) => (pair as Tuple).items[1]!),
  ),
  batch: operation('linecount fill_with', (value, [count, fill], { budget }) => {
    const size = Math.max(1, integer(count, 1));
    const list = iterate(value);
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
    const list = iterate(value);
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
  zip: operation('*', (value, others) => {
    const lists = [value, ...(others as Value[])].map((list) => iterate(list));
    const size = Math.min(...lists.map((list) => list.length));
    return Array.from({ length: size }, (_, index) => new Tuple(lists.map((list) => list[index]!)));
  }),
  combine: merge,
  merge,
  dig: passing('*', (value, path, _, named) => {
    let found: Value = value;
    for (const key of path as Value[]) {
      found = readMember(found, typeof key === 'number' ? key : text(key));
      if (found instanceof Undefined) return named.default ?? null;
    }
    return found;
  }),
  attr: passing('name', (value, [name]) => readMember(value, text(name))),
  abs: operation('', (value) => {
    const number = numberOf(defined(value));
    if (number === null) throw typeError(`a number is expected, not ${kindOf(value)}`);
    return isFloat(value) ? floatOf(Math.abs(number)) : Math.abs(number);
  }),
  int: operation('default base', (value, [otherwise = 0, base]) => toInt(value, otherwise, integer(base, 10))),
  float: operation('default', (value, [otherwise]) => toFloat(value, otherwise ?? floatOf(0))),
  bool: operation('', (value) => {
    const known = defined(value);
    if (typeof known !== 'string') return truthy(known);
    const word = known.trim().toLowerCase();
    if (['true', 'yes', 'on', '1', 'y', 't'].includes(word)) return true;
    if (['false', 'no', 'off', '0', 'n', 'f', ''].includes(word)) return false;
    throw typeError(`'${known.slice(0, 50)}' is neither true nor false`);
  }),
  round: operation('precision method', (value, [precision, method]) => {
    const number = numberOf(defined(value));
    if (number === null) throw typeError(`a number is expected, not ${kindOf(value)}`);
    const digits = integer(precision, 0);
    if (Math.abs(digits) > 100) throw typeError('the precision is at most 100');
    const rounded = round(number, digits, text(method, 'common'));
    return isFloat(value) ? floatOf(rounded) : rounded;
  }),
  filesizeformat: operation('binary', (value, [binary]) => {
    const bytes = numberOf(toFloat(value, null));
    if (bytes === null) throw typeError(`a number is expected, not ${kindOf(value)}`);
    return fileSize(bytes, flag(binary));
  }),
  version_compare: operation('other', (value, [other]) => compareVersions(text(value), text(other))),
};
