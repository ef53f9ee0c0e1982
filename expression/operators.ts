import type { Budget } from './budget.ts';
import { typeError } from './errors.ts';
import { formatPercent } from './format.ts';
import { spell } from './spelling.ts';
import { defined, entriesOf, floatOf, intOf, isFloat, kindOf, numberOf, Tuple, type Value } from './values.ts';

/** `+ - * / // % ** ~` as Python has them. */
export function operate(operator: string, a: Value, b: Value, budget: Budget): Value {
  const [left, right] = [defined(a), defined(b)];
  if (operator === '~') {
    const [x, y] = [spell(left, budget), spell(right, budget)];
    budget.text(x.length + y.length);
    return x + y;
  }
  const [x, y] = [numberOf(left), numberOf(right)];
  if (x !== null && y !== null) return arithmetic(operator, x, y, isFloat(left) || isFloat(right));
  if (operator === '%' && typeof left === 'string') {
    return formatPercent(left, right instanceof Tuple ? right.items : [right], {}, budget);
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

function arithmetic(operator: string, x: number, y: number, float: boolean): Value {
  const result = (value: number): Value => (float ? floatOf(value) : intOf(value));
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
  if (operator === '/') return floatOf(x / y);
  if (operator === '//') return result(Math.floor(x / y));
  const rest = x % y;
  return result(rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest);
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw typeError('the number is too large');
  return value;
}
