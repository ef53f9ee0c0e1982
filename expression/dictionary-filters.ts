import { flag, text } from './arguments.ts';
import { foldKey, sorted } from './attributes.ts';
import type { Budget } from './budget.ts';
import { type Operation, operation, passing } from './environment.ts';
import { typeError } from './errors.ts';
import { readKeys } from './iteration.ts';
import { readMember } from './members.ts';
import { type Dict, describeKind, isDict, Namespace, Tuple, Undefined, type Value } from './values.ts';

/** Returns the keys and values of a dictionary; none of an undefined value. */
function pairsOf(value: Value): [string, Value][] {
  if (value instanceof Undefined) return [];
  if (!isDict(value)) throw typeError(`a dictionary is expected, not ${describeKind(value)}`);
  return Object.entries(value);
}

function dictIn(value: Value): Dict {
  if (!isDict(value)) throw typeError(`a dictionary is expected, not ${describeKind(value)}`);
  return value;
}

/** Ways to merge two lists under one key. */
const LIST_MERGES: Record<string, (before: Value[], after: Value[]) => Value[]> = {
  replace: (_, after) => after,
  keep: (before) => before,
  append: (before, after) => [...before, ...after],
  prepend: (before, after) => [...after, ...before],
};

interface Merging {
  recursive: boolean;
  lists: (before: Value[], after: Value[]) => Value[];
}

/** Returns a dictionary with the entries of another one over its own. */
function combined(before: Dict, after: Dict, merging: Merging, budget: Budget, depth = 0): Dict {
  if (depth > 100) throw typeError('the dictionaries are nested too deep');
  budget.work(readKeys(before, budget).length + readKeys(after, budget).length);
  const entries = new Map(Object.entries(before));
  for (const [key, value] of Object.entries(after)) {
    const own = entries.get(key);
    if (merging.recursive && own !== undefined && isDict(own) && isDict(value)) {
      entries.set(key, combined(own, value, merging, budget, depth + 1));
    } else if (Array.isArray(own) && Array.isArray(value)) {
      budget.work((own.length + value.length) / 16);
      entries.set(key, merging.lists(own, value));
    } else entries.set(key, value);
  }
  return Object.fromEntries(entries);
}

/** Filters over dictionaries. */
export const DICTIONARY_FILTERS: Readonly<Record<string, Operation>> = {
  dictsort: operation('case_sensitive by reverse', (value, [sensitive, by, reverse], { budget }) => {
    const order = text(by, 'key');
    if (order !== 'key' && order !== 'value')
      throw typeError(`dictsort sorts by key or by value, not by '${order.slice(0, 50)}'`);
    const place = order === 'value' ? 1 : 0;
    const pairs: Value[] = Object.entries(dictIn(value)).map((pair) => new Tuple(pair));
    budget.charge(pairs.length * 4);
    const caseSensitive = flag(sensitive, budget);
    const key = (pair: Value) => [foldKey((pair as Tuple).items[place]!, caseSensitive, budget)];
    return sorted(pairs, key, flag(reverse, budget), budget);
  }),
  items: operation('', (value) => pairsOf(value).map((pair) => new Tuple(pair))),
  keys: operation('', (value) => pairsOf(value).map(([key]) => key)),
  values: operation('', (value) => pairsOf(value).map(([, entry]) => entry)),
  combine: operation('* recursive list_merge', (value, others, { budget }, named) => {
    const how = text(named.list_merge, 'replace');
    if (!Object.hasOwn(LIST_MERGES, how)) {
      throw typeError(
        `there is no list_merge '${how.slice(0, 50)}'; there are: ${Object.keys(LIST_MERGES).join(', ')}`,
      );
    }
    const merging: Merging = { recursive: flag(named.recursive, budget), lists: LIST_MERGES[how]! };
    return (others as Value[]).reduce<Dict>((before, after) => combined(before, dictIn(after), merging, budget), {
      ...dictIn(value),
    });
  }),
  merge: operation('*', (value, others, { budget }) => {
    const all = [value, ...(others as Value[])].map(dictIn);
    for (const one of all) budget.work(readKeys(one, budget).length);
    return Object.fromEntries(all.flatMap((entry) => Object.entries(entry)));
  }),
  dig: passing('* default', (value, path, { budget }, named) => {
    let found: Value = value;
    for (const key of path as Value[]) {
      found = readMember(found, typeof key === 'number' ? key : text(key), budget);
      if (found instanceof Undefined) return named.default ?? null;
    }
    return found;
  }),
  attr: passing('name!', (value, [name], { budget }) => {
    const wanted = text(name);
    if (value instanceof Namespace || (value instanceof Tuple && value.names.includes(wanted)))
      return readMember(value, wanted, budget);
    return new Undefined(`attr finds no '${wanted}' in ${describeKind(value)}: a key is x['${wanted}']`);
  }),
};
