import { ADDED_METHODS } from './added-methods.ts';
import { integer } from './arguments.ts';
import type { Dialect } from './dialect.ts';
import { keySought } from './dictionaries.ts';
import { EARLIER_METHODS } from './earlier-methods.ts';
import { type Operation, operation, passing } from './environment.ts';
import { equals } from './equality.ts';
import { typeError } from './errors.ts';
import { iterate, readKeys } from './iteration.ts';
import { parseSignature } from './signature.ts';
import { TEXT_METHODS } from './text-methods.ts';
import { type Dict, defined, entriesOf, isDict, numberOf, Tuple, type Value } from './values.ts';

const LIST_METHODS: Readonly<Record<string, Operation>> = {
  index: operation('entry! start stop /', (value, [entry = null, start, stop], { budget }) => {
    const list = entriesOf(value)!;
    const place = (position: number) => (position < 0 ? Math.max(0, list.length + position) : position);
    const [from, to] = [place(integer(start, 0)), place(integer(stop, list.length))];
    const index = list.findIndex((one, at) => at >= from && at < to && equals(one, entry, budget));
    if (index === -1) throw typeError('the list does not have that entry');
    return index;
  }),
  count: operation(
    'entry! /',
    (value, [entry = null], { budget }) => entriesOf(value)!.filter((one) => equals(one, entry, budget)).length,
  ),
  copy: operation('', (value) => [...entriesOf(value)!]),
};

/** Methods that change a list; they work only on those that the template made. */
const LIST_CHANGES: Readonly<Record<string, Operation>> = {
  append: operation('entry! /', (value, [entry = null]) => {
    (value as Value[]).push(entry);
    return null;
  }),
  extend: operation('iterable! /', (value, [list = []], { budget }) => {
    const entries = iterate(list, budget);
    budget.charge(entries.length);
    for (const entry of [...entries]) (value as Value[]).push(entry);
    return null;
  }),
  insert: operation('index! entry! /', (value, [index, entry = null]) => {
    (value as Value[]).splice(integer(index, 0), 0, entry);
    return null;
  }),
  pop: passing('index /', (value, [index]) => {
    const list = value as Value[];
    if (list.length === 0) throw typeError('the list is empty');
    const at = integer(index, -1);
    if (at >= list.length || at < -list.length) throw typeError(`the list has no element ${at}`);
    return list.splice(at, 1)[0]!;
  }),
};

const DICT_CHANGES: Readonly<Record<string, Operation>> = {
  update: operation('other / **', (value, [other = {}], { budget }, named) => {
    if (!isDict(other)) throw typeError('a dictionary is expected');
    budget.work(readKeys(other, budget).length);
    for (const [key, entry] of [...Object.entries(other), ...Object.entries(named)]) {
      Object.defineProperty(value as Dict, key, { value: entry, enumerable: true, writable: true, configurable: true });
    }
    return null;
  }),
};

const pairs = (value: Value): Tuple[] => Object.entries(value as Dict).map((pair) => new Tuple(pair));
const DICT_METHODS: Record<string, Operation> = {
  items: operation('', (value) => pairs(value)),
  keys: operation('', (value) => Object.keys(value as Dict)),
  values: operation('', (value) => Object.values(value as Dict)),
  copy: operation('', (value) => ({ ...(value as Dict) })),
  get: passing('key! default /', (value, [key = null, otherwise = null], { budget }) => {
    const name = keySought(key, budget);
    return name !== null && Object.hasOwn(value as Dict, name) ? (value as Dict)[name]! : otherwise;
  }),
};

const NUMBER_METHODS: Readonly<Record<string, Operation>> = {
  is_integer: operation('', (value) => Number.isInteger(numberOf(value))),
};

/** Methods by name, for each kind of value; changes work only on what a template made. */
type Methods = Readonly<
  Record<'text' | 'list' | 'dict' | 'number' | 'listChanges' | 'dictChanges', Readonly<Record<string, Operation>>>
>;

const SECOND: Methods = {
  text: TEXT_METHODS,
  list: LIST_METHODS,
  dict: DICT_METHODS,
  number: NUMBER_METHODS,
  listChanges: LIST_CHANGES,
  dictChanges: DICT_CHANGES,
};

/** Every method, as the newest dialect has it. */
export const METHODS: Methods = {
  ...SECOND,
  text: { ...TEXT_METHODS, ...ADDED_METHODS.text },
  listChanges: { ...LIST_CHANGES, ...ADDED_METHODS.listChanges },
  dictChanges: { ...DICT_CHANGES, ...ADDED_METHODS.dictChanges },
};

const METHODS_OF: Record<Dialect, Methods> = { 1: { ...SECOND, ...EARLIER_METHODS }, 2: SECOND, 3: METHODS };

/** Returns the method of a value, or null. `owned`: the template made the value, so it may change it. */
export function findMethod(value: Value, name: string, owned: boolean, dialect: Dialect): Operation | null {
  const known = defined(value);
  const methods = METHODS_OF[dialect];
  const own = (table: Readonly<Record<string, Operation>>): Operation | null =>
    Object.hasOwn(table, name) ? table[name]! : null;
  if (typeof known === 'string') return own(methods.text);
  if (numberOf(known) !== null) return own(methods.number);
  const list = Array.isArray(known);
  const method = entriesOf(known) !== null ? own(methods.list) : isDict(known) ? own(methods.dict) : null;
  const change = list ? own(methods.listChanges) : isDict(known) ? own(methods.dictChanges) : null;
  if (method !== null || change === null) return method;
  if (owned) return change;
  // Data from outside is never changed: the method has no effect, and returns what Python's returns.
  return {
    ...change,
    signature: dialect === 1 ? ANY : change.signature,
    passes: dialect === 1 ? false : change.passes,
    run: (_, args, environment, named) => {
      const copy: Value = list ? [...(known as Value[])] : { ...(known as Dict) };
      return change.run(copy, args, environment, named);
    },
  };
}

/** Dialect 1 takes any arguments where data would be changed. */
const ANY = parseSignature('*');
