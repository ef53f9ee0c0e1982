import type { Budget } from './budget.ts';
import { typeError } from './errors.ts';
import { type Dict, defined, describeKind, entriesOf, Float, isDict, type Value } from './values.ts';

/** Returns the keys of a dictionary, charging for them. */
export function readKeys(value: Dict, budget: Budget): string[] {
  const keys = Object.keys(value);
  budget.work(keys.length / 16);
  return keys;
}

/** Returns whether Python takes a value for true. Throws for what does not exist. */
export function truthy(value: Value, budget: Budget): boolean {
  const known = defined(value);
  if (known instanceof Float) return known.value !== 0;
  const list = entriesOf(known);
  if (list !== null) return list.length > 0;
  if (isDict(known)) return readKeys(known, budget).length > 0;
  return Boolean(known);
}

/** Returns what a `for` or a filter iterates over: entries, keys, or code points. Throws a type error for anything else. */
export function iterate(value: Value, budget: Budget): Value[] {
  const known = defined(value);
  const list = entriesOf(known);
  if (list !== null) return list;
  if (typeof known === 'string') {
    budget.work(known.length / 16);
    return [...known];
  }
  if (isDict(known)) return readKeys(known, budget);
  throw typeError(`${describeKind(known)} cannot be gone through`);
}
