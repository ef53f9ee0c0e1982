import type { Budget } from './budget.ts';
import { commonUnits, orderAfter } from './code-points.ts';
import { keySought } from './dictionaries.ts';
import { typeError } from './errors.ts';
import { iterate } from './iteration.ts';
import { Search } from './search.ts';
import { defined, describeKind, entriesOf, isDict, numberOf, Tuple, type Value } from './values.ts';

/** Returns whether two values are equal, as in Python: numbers by value; a list and a tuple are never equal. */
export function equals(a: Value, b: Value, budget: Budget): boolean {
  const [left, right] = [defined(a), defined(b)];
  const [x, y] = [numberOf(left), numberOf(right)];
  if (x !== null || y !== null) {
    budget.work(1 / 16);
    return x === y;
  }
  if (Array.isArray(left) && Array.isArray(right)) return equalLists(left, right, budget);
  if (left instanceof Tuple && right instanceof Tuple) return equalLists(left.items, right.items, budget);
  if (isDict(left) && isDict(right)) {
    const keys = Object.keys(left);
    budget.work(1 + keys.length / 4);
    if (keys.length !== Object.keys(right).length) return false;
    return keys.every((key) => Object.hasOwn(right, key) && equals(left[key]!, right[key]!, budget));
  }
  const texts = typeof left === 'string' && typeof right === 'string' && left.length === right.length;
  budget.work(1 / 16 + (texts ? left.length / 256 : 0));
  return left === right;
}

function equalLists(a: Value[], b: Value[], budget: Budget): boolean {
  budget.work(1 + (a.length === b.length ? a.length / 64 : 0));
  return a.length === b.length && a.every((entry, index) => repeats(a, b, index) || equals(entry, b[index]!, budget));
}

/**
 * Returns whether both lists have the same entries as at the index before, which were equal. Makes lists that hold one large entry a
 * thousand times cheap. A list is still compared with itself entry by entry, because NaN is not equal to itself.
 */
function repeats(a: Value[], b: Value[], index: number): boolean {
  return index > 0 && a[index] === a[index - 1] && b[index] === b[index - 1];
}

/** Compares two values: negative, zero or positive. Throws for values that Python does not order. */
export function compare(a: Value, b: Value, budget: Budget): number {
  const [left, right] = [defined(a), defined(b)];
  budget.work(1);
  const [x, y] = [numberOf(left), numberOf(right)];
  if (x !== null && y !== null) return x - y;
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right, budget);
  const [xs, ys] = [entriesOf(left), entriesOf(right)];
  if (xs !== null && ys !== null && Array.isArray(left) === Array.isArray(right)) {
    const size = Math.min(xs.length, ys.length);
    budget.work(size / 64);
    for (let index = 0; index < size; index += 1) {
      if (repeats(xs, ys, index)) continue;
      if (!equals(xs[index]!, ys[index]!, budget)) return compare(xs[index]!, ys[index]!, budget);
    }
    return xs.length - ys.length;
  }
  throw typeError(`${describeKind(left)} and ${describeKind(right)} have no order`);
}

function compareText(a: string, b: string, budget: Budget): number {
  if (a === b) return 0;
  const common = commonUnits(a, b);
  budget.work(common / 64);
  return orderAfter(a, b, common);
}

/** Returns whether a value is `in` a container: an entry of a list, a key of a dictionary, a part of a text. */
export function containsValue(container: Value, value: Value, budget: Budget): boolean {
  const known = defined(container);
  const wanted = defined(value);
  if (typeof known === 'string') {
    if (typeof wanted !== 'string') throw typeError(`${describeKind(wanted)} cannot be in a string`);
    return new Search(known, wanted, budget).first() !== -1;
  }
  if (isDict(known)) {
    const key = keySought(wanted, budget);
    return key !== null && Object.hasOwn(known, key);
  }
  return iterate(known, budget).some((entry) => equals(entry, wanted, budget));
}

/** Returns whether a comparison holds; `operator` is one of `== != < <= > >= in`, or `not in`. Throws as `compare` does. */
export function evaluateComparison(operator: string, left: Value, right: Value, budget: Budget): boolean {
  switch (operator) {
    case '==':
      return equals(left, right, budget);
    case '!=':
      return !equals(left, right, budget);
    case 'in':
      return containsValue(right, left, budget);
    case 'not in':
      return !containsValue(right, left, budget);
  }
  const order = compare(left, right, budget);
  if (operator === '<') return order < 0;
  if (operator === '<=') return order <= 0;
  return operator === '>' ? order > 0 : order >= 0;
}
