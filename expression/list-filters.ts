import { flag, integer, text } from './arguments.ts';
import { attributeReader, foldKey, measureLength, sorted } from './attributes.ts';
import type { Budget } from './budget.ts';
import { DECLARED_ARGUMENTS, EMPTY_INSTEAD, NONE_IS_AN_ENTRY } from './dialect.ts';
import { type Environment, type Operation, operation, passing } from './environment.ts';
import { compare, equals } from './equality.ts';
import { typeError } from './errors.ts';
import { iterate, truthy } from './iteration.ts';
import { operate } from './operators.ts';
import { spell } from './spelling.ts';
import { defined, entriesOf, numberOf, Tuple, Undefined, type Value } from './values.ts';

const extreme = (sign: 1 | -1, name: string) =>
  passing('case_sensitive attribute', (value, [sensitive, attribute], { budget }) => {
    const caseSensitive = flag(sensitive, budget);
    const read = attribute === undefined ? null : attributeReader(attribute, budget);
    const key = (entry: Value) => foldKey(read === null ? entry : defined(read(entry)), caseSensitive, budget);
    // The key of a single entry is never computed, since nothing is compared with it.
    let best: { entry: Value; key?: Value } | undefined;
    for (const entry of iterate(value, budget)) {
      if (best === undefined) best = { entry };
      else {
        const challenger = key(entry);
        best.key ??= key(best.entry);
        if (sign * compare(challenger, best.key, budget) > 0) best = { entry, key: challenger };
      }
    }
    if (best === undefined) return new Undefined(`${name} of an empty list`);
    return best.entry === null && budget.dialect < NONE_IS_AN_ENTRY
      ? new Undefined(`${name} of an empty list`)
      : best.entry;
  });

/** Returns whether a value that is not a sequence counts as an empty list, as `none`, `false` and 0 do. */
function isEmptyInstead(value: Value, budget: Budget): boolean {
  return budget.dialect >= EMPTY_INSTEAD && !truthy(value, budget);
}

const choose = (wanted: boolean, byAttribute: boolean) =>
  operation(byAttribute ? 'attribute! * **' : '* **', (value, args, environment, named) => {
    const { budget } = environment;
    if (isEmptyInstead(value, budget)) return [];
    const rest = [...args] as Value[];
    const attribute = byAttribute ? rest.shift() : undefined;
    if (byAttribute && attribute === undefined) throw typeError('an attribute is expected');
    const read = attribute === undefined ? null : attributeReader(attribute, budget);
    const [test, ...positional] = rest;
    const given = { positional, named: Object.entries(named) };
    return iterate(value, budget).filter((entry) => {
      budget.charge(1);
      const subject = read === null ? entry : read(entry);
      const passes = test === undefined ? truthy(subject, budget) : environment.test(text(test), subject, given);
      return passes === wanted;
    });
  });

/** The names of the entries of a group's pair. */
const GROUP = ['grouper', 'list'];

/** Returns an entry of a list, which may be `none`; Undefined where there is no such entry. */
function entryAt(list: Value[], index: number, name: string): Value {
  const found = list[index];
  return found === undefined ? new Undefined(`${name} of an empty list`) : found;
}

/** Reads the number of wanted entries, or lists: one at least. */
function sizeIn(count: Value | undefined): number {
  const size = integer(count, 1);
  if (size < 1) throw typeError('the number must be at least 1');
  return size;
}

const length = operation('', (value, _, { budget }) => measureLength(value, budget));
const orDefault = passing('default_value boolean', (value, [otherwise = '', boolean], { budget }) =>
  value instanceof Undefined || (flag(boolean, budget) && !truthy(value, budget)) ? otherwise : value,
);

function flatten(value: Value, levels: number, environment: Environment): Value[] {
  return iterate(value, environment.budget).flatMap((entry) => {
    environment.budget.charge(1);
    return entriesOf(entry) !== null && levels !== 0 ? flatten(entry, levels - 1, environment) : [entry];
  });
}

/** Filters over lists, dictionaries and numbers. */
export const LIST_FILTERS: Record<string, Operation> = {
  default: orDefault,
  d: orDefault,
  length,
  count: length,
  first: passing('', (value, _, { budget }) => entryAt(iterate(value, budget), 0, 'first')),
  last: passing('', (value, _, { budget }) => {
    const list = iterate(value, budget);
    return entryAt(list, list.length - 1, 'last');
  }),
  random: passing('', (value, _, environment) => {
    const list = iterate(value, environment.budget);
    return entryAt(list, Math.floor(environment.random() * list.length), 'random');
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
  sort: operation('reverse case_sensitive attribute', (value, [reverse, sensitive, attribute], environment) => {
    const { budget } = environment;
    const list = iterate(value, budget);
    budget.charge(list.length * 4);
    const paths =
      attribute === undefined || attribute === null
        ? null
        : typeof attribute === 'string'
          ? attribute.split(',')
          : [attribute];
    const readers = paths?.map((path) => attributeReader(path, budget));
    const caseSensitive = flag(sensitive, budget);
    const key = (entry: Value) =>
      (readers === undefined ? [entry] : readers.map((read) => environment.held(read(entry)))).map((part) =>
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
  min: extreme(-1, 'min'),
  max: extreme(1, 'max'),
  sum: passing('attribute start', (value, [attribute, start = 0], { budget }) => {
    const read = attribute === undefined || attribute === null ? null : attributeReader(attribute, budget);
    if (typeof start === 'string') throw typeError('sum adds no strings: use join');
    return iterate(value, budget).reduce<Value>((sum, entry) => {
      budget.work(1);
      return operate('+', sum, read === null ? entry : read(entry), budget);
    }, start);
  }),
  map: operation('* **', (value, args, environment, named) => {
    const { budget } = environment;
    if (isEmptyInstead(value, budget)) return [];
    const list = iterate(value, budget);
    const { attribute, default: otherwise, ...rest } = named;
    if (attribute !== undefined && (budget.dialect < DECLARED_ARGUMENTS || args.length === 0)) {
      const [odd] = budget.dialect < DECLARED_ARGUMENTS ? [] : Object.keys(rest);
      if (odd !== undefined) throw typeError(`map has no argument '${odd}' next to attribute`);
      const read = attributeReader(attribute, budget);
      return list.map((entry) => {
        budget.charge(1);
        const found = read(entry);
        return found instanceof Undefined && otherwise !== undefined ? otherwise : environment.held(found);
      });
    }
    const [filter, ...positional] = args as Value[];
    const passed = budget.dialect < DECLARED_ARGUMENTS ? rest : named;
    const given = { positional, named: Object.entries(passed) };
    if (filter === undefined && budget.dialect >= DECLARED_ARGUMENTS) {
      throw typeError('map needs the name of a filter, or attribute=…');
    }
    return list.map((entry) => environment.filter(text(filter), entry, given));
  }),
  select: choose(true, false),
  reject: choose(false, false),
  selectattr: choose(true, true),
  rejectattr: choose(false, true),
  groupby: operation('attribute! default case_sensitive', (value, [attribute, otherwise, sensitive], environment) => {
    const { budget } = environment;
    const list = iterate(value, budget);
    budget.charge(list.length * 4);
    const read = attributeReader(attribute ?? '', budget);
    const groupOf = (entry: Value): Value => {
      const found = read(entry);
      return found instanceof Undefined && otherwise != null ? otherwise : environment.held(found);
    };
    const caseSensitive = flag(sensitive, budget);
    const key = (entry: Value) => foldKey(groupOf(entry), caseSensitive, budget);
    const groups: { key: Value; shown: Value; entries: Value[] }[] = [];
    for (const entry of sorted(list, (part) => [key(part)], false, budget)) {
      const last = groups.at(-1);
      if (last !== undefined && equals(last.key, key(entry), budget)) last.entries.push(entry);
      else groups.push({ key: key(entry), shown: groupOf(entry), entries: [entry] });
    }
    return groups.map(({ shown, entries }) => new Tuple([shown, entries], GROUP));
  }),
  batch: operation('linecount! fill_with', (value, [count, fill], { budget }) => {
    const size = sizeIn(count);
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
  slice: operation('slices! fill_with', (value, [count, fill], { budget }) => {
    const slices = sizeIn(count);
    budget.charge(slices);
    const list = iterate(value, budget);
    const each = Math.floor(list.length / slices);
    const longer = list.length % slices;
    let offset = 0;
    return Array.from({ length: slices }, (_, index) => {
      const size = each + (index < longer ? 1 : 0);
      const part = list.slice(offset, offset + size);
      offset += size;
      return fill !== undefined && fill !== null && index >= longer ? [...part, fill] : part;
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
};
