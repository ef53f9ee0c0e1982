import { flag, integer, text } from './arguments.ts';
import type { Budget } from './budget.ts';
import { DIGITS_OF_EVERY_SCRIPT, EXACT_BOUNDS } from './dialect.ts';
import { type Operation, operation } from './environment.ts';
import { typeError } from './errors.ts';
import { truthy } from './iteration.ts';
import { asciiDigits, parseFloatText, parseIntegerText } from './number-text.ts';
import { fixedText, roundTo } from './rounding.ts';
import { asFloat, asInt, defined, describeKind, finite, isFloat, numberOf, type Value } from './values.ts';
import { compareVersions } from './version-order.ts';

function toInt(value: Value, otherwise: Value, base: number, budget: Budget): Value {
  const known = defined(value);
  const number = numberOf(known);
  if (number !== null) return asInt(Math.trunc(number));
  if (typeof known !== 'string') return otherwise;
  const digits = digitsOf(known, budget);
  const whole = parseIntegerText(digits, base);
  if (whole !== null) return asInt(whole);
  // '42.23' is 42.
  const float = parseFloatText(digits);
  return float === null || !Number.isFinite(float) ? otherwise : asInt(Math.trunc(float));
}

function toFloat(value: Value, budget: Budget): number | null {
  const known = defined(value);
  const number = numberOf(known);
  if (number !== null || typeof known !== 'string') return number;
  const float = parseFloatText(digitsOf(known, budget));
  return float === null ? null : finite(float);
}

/** Returns a text with its digits as those of ASCII, where the dialect reads digits of every script. */
function digitsOf(text: string, budget: Budget): string {
  budget.work(text.length / 4);
  return budget.dialect >= DIGITS_OF_EVERY_SCRIPT ? asciiDigits(text) : text;
}

/** Calculates `ceil` or `floor` as floats, as Jinja2 does. */
function bound(value: number, digits: number, method: 'ceil' | 'floor'): number {
  const factor = 10 ** digits;
  return Math[method](value * factor) / factor;
}

/** Rounds as Jinja2 does; `ceil` and `floor` return floats. */
function round(value: Value, digits: number, method: string, { dialect }: Budget): number {
  const number = numberOf(value)!;
  if (method === 'common') return roundTo(number, digits);
  if (method !== 'ceil' && method !== 'floor') {
    throw typeError(`there is no method '${method.slice(0, 50)}'; there are: common, ceil, floor`);
  }
  if (dialect < EXACT_BOUNDS) return bound(number, digits, method);
  return !isFloat(value) && digits >= 0 ? number : bound(number, digits, method) || 0;
}

const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];

function fileSize(bytes: number, binary: boolean): string {
  const base = binary ? 1024 : 1000;
  if (bytes === 1) return '1 Byte';
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  // Powers of ten are parsed, since calculating them is not exact.
  const above = (index: number): number => (binary ? 1024 ** (index + 2) : Number(`1e${3 * (index + 2)}`));
  const index = UNITS.findIndex((_, at) => bytes < above(at));
  const unit = index === -1 ? UNITS.length - 1 : index;
  const name = UNITS[unit]!;
  return `${fixedText((base * bytes) / above(unit), 1)} ${binary ? name.replace('B', 'iB').replace('k', 'K') : name}`;
}

/** Filters over numbers, and over values that are read as numbers. */
export const NUMBER_FILTERS: Readonly<Record<string, Operation>> = {
  abs: operation('', (value) => {
    const number = numberOf(defined(value));
    if (number === null) throw typeError(`a number is expected, not ${describeKind(value)}`);
    return isFloat(value) ? asFloat(Math.abs(number)) : Math.abs(number);
  }),
  int: operation('default base', (value, [otherwise = 0, base], { budget }) =>
    toInt(value, otherwise, integer(base, 10), budget),
  ),
  float: operation('default', (value, [otherwise], { budget }) => {
    const number = toFloat(value, budget);
    return number === null ? (otherwise ?? asFloat(0)) : asFloat(number);
  }),
  bool: operation('', (value, _, { budget }) => {
    const known = defined(value);
    if (typeof known !== 'string') return truthy(known, budget);
    const word = known.trim().toLowerCase();
    if (['true', 'yes', 'on', '1', 'y', 't'].includes(word)) return true;
    if (['false', 'no', 'off', '0', 'n', 'f', ''].includes(word)) return false;
    throw typeError(`'${known.slice(0, 50)}' is neither true nor false`);
  }),
  round: operation('precision method', (value, [precision, method], { budget }) => {
    const number = numberOf(defined(value));
    if (number === null) throw typeError(`a number is expected, not ${describeKind(value)}`);
    const digits = integer(precision, 0);
    if (Math.abs(digits) > 100) throw typeError('the precision is at most 100');
    budget.work(5);
    const how = text(method, 'common');
    const rounded = finite(round(defined(value), digits, how, budget));
    return isFloat(value) || how !== 'common' ? asFloat(rounded) : asInt(rounded);
  }),
  filesizeformat: operation('binary', (value, [binary], { budget }) => {
    const bytes = toFloat(value, budget);
    if (bytes === null) throw typeError(`a number is expected, not ${describeKind(value)}`);
    return fileSize(bytes, flag(binary, budget));
  }),
  version_compare: operation('other!', (value, [other], { budget }) => {
    const [left, right] = [text(value), text(other)];
    budget.work((left.length + right.length) / 4);
    return compareVersions(left, right);
  }),
};
