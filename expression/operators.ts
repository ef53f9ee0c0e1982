import type { Budget } from './budget.ts';
import { type Dialect, EXACT_QUOTIENTS, FINITE_NUMBERS, PYTHON_DIVISION, WHOLE_FORMATS } from './dialect.ts';
import { earlierFormatPercent } from './earlier-format.ts';
import { typeError } from './errors.ts';
import { formatPercent } from './percent-format.ts';
import { spell } from './spelling.ts';
import {
  asFloat,
  asInt,
  defined,
  describeKind,
  entriesOf,
  finite,
  isFloat,
  numberOf,
  Tuple,
  type Value,
} from './values.ts';

/** `+ - * / // % ** ~` as Python has them. Throws an EvaluationError of kind `type` for values that the operator does not take. */
export function operate(operator: string, a: Value, b: Value, budget: Budget): Value {
  const [left, right] = [defined(a), defined(b)];
  if (operator === '~') return joined(spell(left, budget), spell(right, budget), budget);
  const [x, y] = [numberOf(left), numberOf(right)];
  if (x !== null && y !== null) return arithmetic(operator, x, y, isFloat(left) || isFloat(right), budget);
  const result = operateOnSequences(operator, left, right, budget);
  if (result === null) throw typeError(`${operator} does not take ${describeKind(left)} and ${describeKind(right)}`);
  return result;
}

/** Applies `%`, `+` or `*` to texts, lists and tuples; null: the operator does not take these values. */
function operateOnSequences(operator: string, left: Value, right: Value, budget: Budget): Value {
  switch (operator) {
    case '%':
      return typeof left === 'string' ? format(left, right, budget) : null;
    case '+':
      return concatenated(left, right, budget);
    case '*':
      return numberOf(right) === null ? repeated(right, left, budget) : repeated(left, right, budget);
    default:
      return null;
  }
}

function format(pattern: string, given: Value, budget: Budget): string {
  if (budget.dialect >= WHOLE_FORMATS) return formatPercent(pattern, given, budget);
  return earlierFormatPercent(pattern, given instanceof Tuple ? given.items : [given], {}, budget);
}

function joined(left: string, right: string, budget: Budget): string {
  budget.text(left.length + right.length);
  return left + right;
}

/** Concatenates two texts, lists or tuples; null: they are not of one kind. */
function concatenated(left: Value, right: Value, budget: Budget): Value {
  if (typeof left === 'string' && typeof right === 'string') return joined(left, right, budget);
  const [first, second] = [entriesOf(left), entriesOf(right)];
  if (first === null || second === null || Array.isArray(left) !== Array.isArray(right)) return null;
  budget.charge(first.length + second.length);
  const entries = [...first, ...second];
  return Array.isArray(left) ? entries : new Tuple(entries);
}

/** Repeats a text, list or tuple; null: it is another value, or the count is not an integer. */
function repeated(value: Value, times: Value, budget: Budget): Value {
  const count = isFloat(times) ? null : numberOf(times);
  return count === null ? null : repeat(value, count, budget);
}

function repeat(value: Value, count: number, budget: Budget): Value | null {
  if (!Number.isInteger(count)) return null;
  const times = Math.max(0, count);
  if (typeof value === 'string') {
    budget.text(value.length * times);
    return value.repeat(times);
  }
  const list = entriesOf(value);
  if (list === null) return null;
  budget.charge(list.length * times);
  const result = list.length === 0 ? [] : Array.from({ length: times }, () => list).flat();
  return Array.isArray(value) ? result : new Tuple(result);
}

/** Raises to a power. The reciprocal of an integer is rounded once, where the engine's own power may be off in the last digit. */
function power(x: number, y: number, dialect: Dialect): number {
  const inverse = x ** -y;
  return dialect >= EXACT_QUOTIENTS && y < 0 && Number.isSafeInteger(inverse) ? 1 / inverse : x ** y;
}

function arithmetic(operator: string, x: number, y: number, float: boolean, { dialect }: Budget): Value {
  const bounded = (value: number): number => (dialect >= FINITE_NUMBERS ? finite(value) : value);
  const result = (value: number): Value => (float ? asFloat(bounded(value)) : asInt(value));
  switch (operator) {
    case '+':
      return result(x + y);
    case '-':
      return result(x - y);
    case '*':
      return result(x * y);
    case '**':
      return float || y < 0 ? asFloat(finite(power(x, y, dialect))) : asInt(x ** y);
  }
  if (y === 0) throw typeError('division by zero');
  if (operator === '/') return asFloat(bounded(x / y));
  if (operator === '//' && dialect < PYTHON_DIVISION) return result(Math.floor(x / y));
  const rest = x % y;
  const opposed = rest !== 0 && rest < 0 !== y < 0;
  if (operator === '%') return result(opposed ? rest + y : rest);
  // The quotient follows from the modulo, so that 1.0 // 0.1 is 9.0.
  if (dialect < EXACT_QUOTIENTS) return result(Math.round((x - (opposed ? rest + y : rest)) / y));
  const quotient = (x - rest) / y - (opposed ? 1 : 0);
  const below = Math.floor(quotient);
  return result(quotient - below > 0.5 ? below + 1 : below);
}
