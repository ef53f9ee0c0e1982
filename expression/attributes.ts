import { text } from './arguments.ts';
import type { Budget } from './budget.ts';
import { countPoints } from './code-points.ts';
import { compare } from './equality.ts';
import { typeError } from './errors.ts';
import { readKeys } from './iteration.ts';
import { readMember } from './members.ts';
import { defined, describeKind, entriesOf, isDict, type Value } from './values.ts';

/** Creates a function that reads a path such as `a.b.0` in entries. */
export function attributeReader(path: Value, budget: Budget): (entry: Value) => Value {
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

/** Returns the key by which entries are ordered or compared: text in lower case, unless case matters. */
export function foldKey(value: Value, caseSensitive: boolean, budget: Budget): Value {
  if (typeof value !== 'string' || caseSensitive) return value;
  budget.work(value.length / 64);
  return value.toLowerCase();
}

/** Returns the entries of a list in the order of their keys; those with equal keys stay in the order of the list, also in reverse. */
export function sorted(list: Value[], key: (entry: Value) => Value[], reverse: boolean, budget: Budget): Value[] {
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

/** Returns the number of code points, entries or keys. */
export function measureLength(value: Value, budget: Budget): number {
  const known = defined(value);
  if (typeof known === 'string') return countPoints(known);
  const list = entriesOf(known);
  if (list !== null) return list.length;
  if (isDict(known)) return readKeys(known, budget).length;
  throw typeError(`${describeKind(known)} has no length`);
}
