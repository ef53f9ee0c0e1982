import { typeError } from './errors.ts';
import {
  Callable,
  compare,
  contains,
  defined,
  entriesOf,
  equals,
  isDict,
  isFloat,
  numberOf,
  Tuple,
  Undefined,
  type Value,
} from './values.ts';

/** A test: what follows `is`. */
export type Test = (value: Value, args: Value[], names: { filters: object; tests: object }) => boolean;

const isNumber = (value: Value): boolean => numberOf(value) !== null;
const remainder = (value: Value, by: number): number => {
  const number = numberOf(defined(value));
  if (number === null) throw typeError('a number is expected here');
  return number % by;
};
const ordered =
  (accepts: (order: number) => boolean): Test =>
  (value, [other = null]) =>
    accepts(compare(value, other));
const equal: Test = (value, [other = null]) => equals(value, other);
const greater = ordered((order) => order > 0);
const atLeast = ordered((order) => order >= 0);
const less = ordered((order) => order < 0);
const atMost = ordered((order) => order <= 0);
const unequal: Test = (value, [other = null]) => !equals(value, other);

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
  lower: (value) => typeof value === 'string' && value === value.toLowerCase() && value !== value.toUpperCase(),
  upper: (value) => typeof value === 'string' && value === value.toUpperCase() && value !== value.toLowerCase(),
  in: (value, [container = []]) => contains(container, value),
  sameas: (value, [other = null]) =>
    value === other || (!(value instanceof Tuple) && isNumber(value) && isNumber(other) && equals(value, other)),
  filter: (value, _, { filters }) => typeof value === 'string' && Object.hasOwn(filters, value),
  test: (value, _, { tests }) => typeof value === 'string' && Object.hasOwn(tests, value),
  ...{ eq: equal, equalto: equal, '==': equal, ne: unequal, '!=': unequal },
  ...{ gt: greater, greaterthan: greater, '>': greater, ge: atLeast, '>=': atLeast },
  ...{ lt: less, lessthan: less, '<': less, le: atMost, '<=': atMost },
};
