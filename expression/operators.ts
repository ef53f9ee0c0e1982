import type { Budget } from './budget.ts';
import { FINITE_NUMBERS, PYTHON_DIVISION, WHOLE_FORMATS } from './dialect.ts';
import { earlierFormatPercent } from './earlier-format.ts';
import { typeError } from './errors.ts';
import { formatPercent } from './percent-format.ts';
import { spell } from './spelling.ts';
import { defined, entriesOf, finite, floatOf, intOf, isFloat, kindOf, numberOf, Tuple, type Value } from './values.ts';

/** `+ - * / // % ** ~` as Python has them. */
export function operate(operator: string, a: Value, b: Value, budget: Budget): Value {
  const [left, right] = [defined(a), defined(b)];
  if (operator === '~') {
    const [x, y] = [spell(left, budget), spell(right, budget)];
    budget.text(x.length + y.length);
    return x + y;
  }
  const [x, y] = [numberOf(left), numberOf(right)];
  if (x !== null && y !== null) return arithmetic(operator, x, y, isFloat(left) || isFloat(right), budget);
  if (operator === '%' && typeof left === 'string') {
    if (budget.dialect >= WHOLE_FORMATS) return formatPercent(left, right, budget);
    return earlierFormatPercent(left, right instanceof Tuple ? right.items : [right], {}, budget);
  }
  if (operator === '+') {
    if (typeof left === 'string' && typeof right === 'string') {
      budget.text(left.length + right.length);
      return left + right;
    }
    const [xs, ys] = [entriesOf(left), entriesOf(right)];
    if (xs !== null && ys !== null && Array.isArray(left) === Array.isArray(right)) {
      budget.charge(xs.length + ys.length);
      return Array.isArray(left) ? [...xs, ...ys] : new Tuple([...xs, ...ys]);
    }
  }
  if (operator === '*') {
    const times = y !== null && !isFloat(right) ? y : x !== null && !isFloat(left) ? x : null;
    const repeated = times === null ? null : repeat(y === null ? right : left, times, budget);
    if (repeated !== null) return repeated;
  }
  throw typeError(`${operator} does not take ${kindOf(left)} and ${kindOf(right)}`);
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

function arithmetic(operator: string, x: number, y: number, float: boolean, { dialect }: Budget): Value {
  const bounded = (value: number): number => (dialect >= FINITE_NUMBERS ? finite(value) : value);
  const result = (value: number): Value => (float ? floatOf(bounded(value)) : intOf(value));
  switch (operator) {
    case '+':
      return result(x + y);
    case '-':
      return result(x - y);
    case '*':
      return result(x * y);
    case '**':
      return float || y < 0 ? floatOf(finite(x ** y)) : intOf(x ** y);
  }
  if (y === 0) throw typeError('division by zero');
  if (operator === '/') return floatOf(bounded(x / y));
  if (operator === '//' && dialect < PYTHON_DIVISION) return result(Math.floor(x / y));
  const rest = x % y;
  const modulo = rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
  // The quotient is that of what the modulo leaves: 1.0 // 0.1 is 9.0.
  return result(operator === '//' ? Math.round((x - modulo) / y) : modulo);
}
