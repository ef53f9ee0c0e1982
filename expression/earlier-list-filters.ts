import { flag, integer, text } from './arguments.ts';
import { attributeReader, foldKey, sorted } from './attributes.ts';
import type { Budget } from './budget.ts';
import { type Operation, operation, passing } from './environment.ts';
import { equals } from './equality.ts';
import { typeError } from './errors.ts';
import { iterate, readKeys } from './iteration.ts';
import { readMember } from './members.ts';
import { operate } from './operators.ts';
import {
  asFloat,
  asInt,
  type Dict,
  defined,
  describeKind,
  isDict,
  numberOf,
  Tuple,
  Undefined,
  type Value,
} from './values.ts';

const merge = operation('*', (value, others, { budget }) => {
  const all = [value, ...(others as Value[])].map((entry): Dict => {
    if (!isDict(entry)) throw typeError(`a dictionary is expected, not ${describeKind(entry)}`);
    return entry;
  });
  for (const one of all) budget.work(readKeys(one, budget).length);
  return Object.fromEntries(all.flatMap((entry) => Object.entries(entry)));
});

function numberText(value: Value, budget: Budget): string {
  if (typeof value !== 'string') return '';
  budget.work(value.length / 4);
  return value.trim().replaceAll('_', '');
}

function toInt(value: Value, otherwise: Value, base: number, budget: Budget): Value {
  const number = numberOf(defined(value));
  if (number !== null) return asInt(Math.trunc(number));
  const written = numberText(value, budget).toLowerCase();
  const digits = written.replace(/^([-+]?)0[xob]/, '$1');
  const whole = [...digits.replace(/^[-+]/, '')];
  if (base !== 10 && whole.length > 0 && whole.every((digit) => Number.parseInt(digit, base) >= 0)) {
    return asInt(Number.parseInt(digits, base));
  }
  if (/^[-+]?\d+$/.test(written)) return asInt(Number(written));
  const float = Number(written);
  return written !== '' && /^[-+.\de]+$/.test(written) && Number.isFinite(float) ? asInt(Math.trunc(float)) : otherwise;
}

function toFloat(value: Value, otherwise: Value, budget: Budget): Value {
  const number = numberOf(defined(value));
  if (number !== null) return asFloat(number);
  const written = numberText(value, budget);
  const float = Number(written);
  return written !== '' && /^[-+.\deE]+$/.test(written) && Number.isFinite(float) ? asFloat(float) : otherwise;
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

function versionParts(version: string): (number | string)[] {
  return version.split(/[.+-]/).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [versionParts(a), versionParts(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [x, y] = [left[index], right[index]];
    // A version with one more part is a pre-release of the one without, if that part is a word.
    if (x === undefined) return typeof y === 'string' ? 1 : -1;
    if (y === undefined) return typeof x === 'string' ? -1 : 1;
    if (x === y) continue;
    if (typeof x === typeof y) return x < y ? -1 : 1;
    return typeof x === 'string' ? -1 : 1;
  }
  return 0;
}

/** Filters over lists, dictionaries and numbers in dialect 1. Nothing in this file is ever fixed. */
export const EARLIER_LIST_FILTERS: Readonly<Record<string, Operation>> = {
  sort: operation('reverse case_sensitive attribute', (value, [reverse, sensitive, attribute], { budget }) => {
    const list = iterate(value, budget);
    budget.charge(list.length * 4);
    const paths = attribute === undefined ? null : typeof attribute === 'string' ? attribute.split(',') : [attribute];
    const readers = paths?.map((path) => attributeReader(path, budget));
    const caseSensitive = flag(sensitive, budget);
    const key = (entry: Value) =>
      (readers === undefined ? [entry] : readers.map((read) => defined(read(entry)))).map((part) =>
        foldKey(part, caseSensitive, budget),
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
      const key = foldKey(read === null ? entry : read(entry), caseSensitive, budget);
      const number = numberOf(defined(key));
      if (typeof key === 'string' || number !== null || key === null) {
        const name = typeof key === 'string' ? `s${key}` : `n${number}`;
        return known.has(name) ? false : Boolean(known.add(name));
      }
      budget.charge(1 + seen.length);
      return seen.some((before) => equals(before, key, budget)) ? false : seen.push(key) > 0;
    });
  }),
  sum: passing('attribute start', (value, [attribute, start = 0], { budget }) => {
    const read = attribute === undefined || attribute === null ? null : attributeReader(attribute, budget);
    return iterate(value, budget).reduce<Value>((sum, entry) => {
      budget.work(1);
      return operate('+', sum, read === null ? entry : read(entry), budget);
    }, start);
  }),
  groupby: operation('attribute default case_sensitive', (value, [attribute, otherwise, sensitive], { budget }) => {
    const list = iterate(value, budget);
    budget.charge(list.length * 4);
    const read = attributeReader(attribute ?? '', budget);
    const groupOf = (entry: Value): Value => {
      const found = read(entry);
      return found instanceof Undefined && otherwise !== undefined ? otherwise : defined(found);
    };
    const caseSensitive = flag(sensitive, budget);
    const key = (entry: Value) => foldKey(groupOf(entry), caseSensitive, budget);
    const groups: { key: Value; shown: Value; entries: Value[] }[] = [];
    for (const entry of sorted(list, (part) => [key(part)], false, budget)) {
      const last = groups.at(-1);
      if (last !== undefined && equals(last.key, key(entry), budget)) last.entries.push(entry);
      else groups.push({ key: key(entry), shown: groupOf(entry), entries: [entry] });
    }
    return groups.map(({ shown, entries }) => new Tuple([shown, entries]));
  }),
  dictsort: operation('case_sensitive by reverse', (value, [sensitive, by, reverse], { budget }) => {
    if (!isDict(value)) throw typeError(`a dictionary is expected, not ${describeKind(value)}`);
    const place = text(by, 'key') === 'value' ? 1 : 0;
    const pairs: Value[] = Object.entries(value).map((pair) => new Tuple(pair));
    const caseSensitive = flag(sensitive, budget);
    const key = (pair: Value) => [foldKey((pair as Tuple).items[place]!, caseSensitive, budget)];
    return sorted(pairs, key, flag(reverse, budget), budget);
  }),
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
  first: passing('', (value, _, { budget }) => iterate(value, budget)[0] ?? new Undefined('first of an empty list')),
  last: passing('', (value, _, { budget }) => iterate(value, budget).at(-1) ?? new Undefined('last of an empty list')),
  random: passing('', (value, _, environment) => {
    const list = iterate(value, environment.budget);
    return list[Math.floor(environment.random() * list.length)] ?? new Undefined('random of an empty list');
  }),
  combine: merge,
  merge,
  attr: passing('name', (value, [name], { budget }) => readMember(value, text(name), budget)),
  int: operation('default base', (value, [otherwise = 0, base], { budget }) =>
    toInt(value, otherwise, integer(base, 10), budget),
  ),
  float: operation('default', (value, [otherwise], { budget }) => toFloat(value, otherwise ?? asFloat(0), budget)),
  filesizeformat: operation('binary', (value, [binary], { budget }) => {
    const bytes = numberOf(toFloat(value, null, budget));
    if (bytes === null) throw typeError(`a number is expected, not ${describeKind(value)}`);
    return fileSize(bytes, flag(binary, budget));
  }),
  version_compare: operation('other', (value, [other], { budget }) => {
    const [left, right] = [text(value), text(other)];
    budget.work((left.length + right.length) / 4);
    return compareVersions(left, right);
  }),
};
