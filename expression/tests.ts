import type { Budget } from './budget.ts';
import type { Dialect } from './dialect.ts';
import { compare, containsValue, equals } from './equality.ts';
import { typeError } from './errors.ts';
import { parseSignature, type Signature } from './signature.ts';
import { spell } from './spelling.ts';
import {
  Callable,
  defined,
  entriesOf,
  Float,
  isDict,
  isFloat,
  numberOf,
  Tuple,
  Undefined,
  type Value,
} from './values.ts';

/** The parts of an evaluation that its tests may use. */
interface Names {
  budget: Budget;
  filters: object;
  tests: object;
}

/** A test, which follows `is`, with the arguments that it takes. */
export interface Test {
  signature: Signature;
  run(value: Value, args: (Value | undefined)[], names: Names): boolean;
}

const test = (signature: string, run: Test['run']): Test => ({ signature: parseSignature(signature), run });
const plain = (run: (value: Value) => boolean): Test => test('', run);

const isNumber = (value: Value): boolean => numberOf(value) !== null;
const remainder = (value: Value, by: number): number => {
  const number = numberOf(defined(value));
  if (number === null) throw typeError('a number is expected here');
  return number % by;
};
const ordered = (accepts: (order: number) => boolean): Test =>
  test('other! /', (value, [other = null], { budget }) => accepts(compare(value, other, budget)));
const equal = test('other! /', (value, [other = null], { budget }) => equals(value, other, budget));
const greater = ordered((order) => order > 0);
const atLeast = ordered((order) => order >= 0);
const less = ordered((order) => order < 0);
const atMost = ordered((order) => order <= 0);
const unequal = test('other! /', (value, [other = null], { budget }) => !equals(value, other, budget));
const inCase = (is: (text: string) => boolean): Test =>
  test('', (value, _, { budget }) => {
    const source = spell(value, budget);
    budget.work(source.length / 16);
    return is(source);
  });
const isLower = (text: string): boolean => text === text.toLowerCase() && text !== text.toUpperCase();
const isUpper = (text: string): boolean => text === text.toUpperCase() && text !== text.toLowerCase();
const isIterable = (value: Value): boolean => typeof value === 'string' || entriesOf(value) !== null || isDict(value);

/** Every test of the newest dialect, by name. */
export const TESTS: Readonly<Record<string, Test>> = {
  defined: plain((value) => !(value instanceof Undefined)),
  undefined: plain((value) => value instanceof Undefined),
  none: plain((value) => value === null),
  boolean: plain((value) => typeof value === 'boolean'),
  true: plain((value) => value === true),
  false: plain((value) => value === false),
  number: plain(isNumber),
  integer: plain((value) => typeof value === 'number' && Number.isInteger(value)),
  float: plain(isFloat),
  string: plain((value) => typeof value === 'string'),
  mapping: plain(isDict),
  sequence: plain(isIterable),
  iterable: plain((value) => isIterable(defined(value))),
  callable: plain((value) => value instanceof Callable),
  odd: plain((value) => Math.abs(remainder(value, 2)) === 1),
  even: plain((value) => remainder(value, 2) === 0),
  divisibleby: test('num!', (value, [by = null]) => {
    const number = numberOf(defined(by));
    if (!number) throw typeError('division by zero');
    return remainder(value, number) === 0;
  }),
  lower: inCase(isLower),
  upper: inCase(isUpper),
  in: test('seq!', (value, [container = []], { budget }) => containsValue(container, value, budget)),
  // Numbers of one kind are the same where they are equal; true is no 1.
  sameas: test('other!', (value, [other = null]) =>
    value === other || (value instanceof Float && other instanceof Float && value.value === other.value)),
  filter: test('', (value, _, { filters }) => typeof value === 'string' && Object.hasOwn(filters, value)),
  test: test('', (value, _, { tests }) => typeof value === 'string' && Object.hasOwn(tests, value)),
  eq: equal,
  equalto: equal,
  '==': equal,
  ne: unequal,
  '!=': unequal,
  gt: greater,
  greaterthan: greater,
  '>': greater,
  ge: atLeast,
  '>=': atLeast,
  lt: less,
  lessthan: less,
  '<': less,
  le: atMost,
  '<=': atMost,
};

const inCaseEarlier = (is: (text: string) => boolean): Test =>
  test('', (value, _, { budget }) => {
    if (typeof value !== 'string') return false;
    budget.work(value.length / 16);
    return is(value);
  });

/** Tests of dialect 1. Nothing in this table is ever fixed. */
const EARLIER_TESTS: Readonly<Record<string, Test>> = {
  iterable: plain(isIterable),
  lower: inCaseEarlier(isLower),
  upper: inCaseEarlier(isUpper),
};

/** Tests as dialect 2 has them. They never change. */
const SECOND_TESTS: Readonly<Record<string, Test>> = {
  sameas: test('other!', (value, [other = null], { budget }) =>
    value === other ||
    (!(value instanceof Tuple) && isNumber(value) && isNumber(other) && equals(value, other, budget))),
};

const SECOND = { ...TESTS, ...SECOND_TESTS };
const TESTS_OF: Record<Dialect, Readonly<Record<string, Test>>> = {
  1: { ...SECOND, ...EARLIER_TESTS },
  2: SECOND,
  3: TESTS,
};

/** Returns every test of a dialect, by name. */
export function testsOf(dialect: Dialect): Readonly<Record<string, Test>> {
  return TESTS_OF[dialect];
}
