import type { Budget } from './budget.ts';
import { compare, contains, equals } from './equality.ts';
import { typeError } from './errors.ts';
import { Callable, defined, entriesOf, isDict, isFloat, numberOf, Tuple, Undefined, type Value } from './values.ts';

/** What a test may use of the evaluation that calls it. */
interface Names {
  budget: Budget;
  filters: object;
  tests: object;
}

/** A test: what follows `is`. */
export type Test = (value: Value, args: Value[], names: Names) => boolean;

const isNumber = (value: Value): boolean => numberOf(value) !== null;
const remainder = (value: Value, by: number): number => {
  const number = numberOf(defined(value));
  if (number === null) throw typeError('a number is expected here');
  return number % by;
};
const ordered =
  (accepts: (order: number) => boolean): Test =>
  (value, [other = null], { budget }) =>
    accepts(compare(value, other, budget));
const equal: Test = (value, [other = null], { budget }) => equals(value, other, budget);
const greater = ordered((order) => order > 0);
const atLeast = ordered((order) => order >= 0);
const less = ordered((order) => order < 0);
const atMost = ordered((order) => order <= 0);
const unequal: Test = (value, [other = null], { budget }) => !equals(value, other, budget);
const inCase =
  (is: (text: string) => boolean): Test =>
  (value, _, { budget }) => {
    if (typeof value !== 'string') return false;
    budget.work(value.length / 16);
    return is(value);
  };

/** Every test by name. */
export const TESTS: Record<string, Test> = {
  defined: (value) => !(value instanceof Undefined),
  undefined: (value) => value instanceof Undefined,
  none: (value) => value === null,
  boolean: (value) => typeof value === 'boolean',
  true: (value) => value === true,
  false: (value) => value === false,
  number: isNumber,
  integer: (value) => typeof value === 'number' && Number.isInteger(value),
  float: (value) => isFloat(value),
  string: (value) => typeof value === 'string',
  mapping: (value) => isDict(value),
  sequence: (value) => typeof value === 'string' || entriesOf(value) !== null || isDict(value),
  iterable: (value) => typeof value === 'string' || entriesOf(value) !== null || isDict(value),
  callable: (value) => value instanceof Callable,
  odd: (value) => Math.abs(remainder(value, 2)) === 1,
  even: (value) => remainder(value, 2) === 0,
  divisibleby: (value, [by = null]) => {
    const number = numberOf(defined(by));
    if (!number) throw typeError('division by zero');
    return remainder(value, number) === 0;
  },
  lower: inCase((text) => text === text.toLowerCase() && text !== text.toUpperCase()),
  upper: inCase((text) => text === text.toUpperCase() && text !== text.toLowerCase()),
  in: (value, [container = []], { budget }) => contains(container, value, budget),
  sameas: (value, [other = null], { budget }) =>
    value === other ||
    (!(value instanceof Tuple) && isNumber(value) && isNumber(other) && equals(value, other, budget)),
  filter: (value, _, { filters }) => typeof value === 'string' && Object.hasOwn(filters, value),
  test: (value, _, { tests }) => typeof value === 'string' && Object.hasOwn(tests, value),
  ...{ eq: equal, equalto: equal, '==': equal, ne: unequal, '!=': unequal },
  ...{ gt: greater, greaterthan: greater, '>': greater, ge: atLeast, '>=': atLeast },
  ...{ lt: less, lessthan: less, '<': less, le: atMost, '<=': atMost },
};
