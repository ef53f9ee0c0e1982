import type { Budget } from './budget.ts';
import { countPoints } from './code-points.ts';
import { typeError } from './errors.ts';
import { firstPoints, floatText, readCharacter, withoutSign } from './percent-format.ts';
import { fixedText, generalText } from './rounding.ts';
import { spell } from './spelling.ts';
import { describeKind, isFloat, numberOf, type Value } from './values.ts';

/** Digits that a format may ask for. */
const MAX_DIGITS = 100;

const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su;

/** Bases of the types that write integers in another one than 10. */
const BASES: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16, X: 16 };

/** Types of integers; `n` takes other numbers too. */
const INTEGER_TYPES = new Set(['b', 'c', 'd', 'n', 'o', 'x', 'X']);

/** Where padding stands: `<` behind, `>` in front, `=` between the sign and the digits, `^` on both sides. */
type Alignment = '<' | '>' | '=' | '^';

/** A format specification, as in `{:>8.2f}`; absent parts are undefined. */
interface FormatSpec {
  /** The specification as it is shown in errors. */
  shown: string;
  fill: string | undefined;
  alignment: Alignment | undefined;
  sign: string | undefined;
  /** `#`: with a prefix for the base, or with all digits. */
  alternate: boolean;
  zeros: boolean;
  width: number;
  separator: string | undefined;
  digits: number | undefined;
  type: string | undefined;
}

/** A value in a format: a sign or prefix, and what follows it. */
interface Written {
  head: string;
  body: string;
}

/** Formats a value by the specification behind the colon of its place. Throws where Python does. */
export function formatBySpec(value: Value, text: string, budget: Budget): string {
  if (text === '') return spell(value, budget);
  const spec = parseSpec(text);
  const number = numberOf(value);
  if (number === null && typeof value !== 'string') {
    throw typeError(`the format '${spec.shown}' does not take ${describeKind(value)}`);
  }
  budget.text(spec.width + (spec.digits ?? 0));
  const isText = typeof value === 'string';
  const written = isText
    ? writeText(value, spec, budget)
    : writeNumber(value, withoutSign(number!, value, budget), spec, budget);
  budget.work(written.body.length / 64);
  return pad(written, spec, isText ? '<' : spec.zeros ? '=' : '>');
}

function parseSpec(text: string): FormatSpec {
  const match = SPEC.exec(text);
  if (match === null) throw typeError(`'${text.slice(0, 50)}' is not a format`);
  const [, fill, alignment, sign, alternate, zero, width, separator, precision, type] = match;
  return {
    shown: text.slice(0, 50),
    fill,
    alignment: alignment as Alignment | undefined,
    sign,
    alternate: alternate !== undefined,
    zeros: zero !== undefined,
    width: Number(width ?? 0),
    separator,
    digits: precision === undefined ? undefined : Number(precision),
    type,
  };
}

function writeText(value: string, spec: FormatSpec, budget: Budget): Written {
  const { sign, alternate, separator, alignment, type, digits } = spec;
  const isNumeric = sign !== undefined || alternate || separator !== undefined || alignment === '=';
  if (isNumeric || (type !== undefined && type !== 's')) throw typeError(`the format '${spec.shown}' takes a number`);
  return { head: '', body: firstPoints(value, digits, budget) };
}

function writeNumber(value: Value, number: number, spec: FormatSpec, budget: Budget): Written {
  const { sign, alternate, zeros, alignment, width, separator, digits, type } = spec;
  if (digits !== undefined && digits > MAX_DIGITS) throw typeError(`a number has at most ${MAX_DIGITS} digits`);
  const text = numberText(value, number, spec, budget);
  const negative = text.startsWith('-');
  const head = negative ? '-' : sign === '+' || sign === ' ' ? sign : '';
  const plain = negative ? text.slice(1) : text;
  const hasBase = type !== undefined && Object.hasOwn(BASES, type);
  const room = zeros && alignment === undefined ? width - head.length : 0;
  const body = separator === undefined ? plain : grouped(plain, separator, hasBase ? 4 : 3, room);
  return { head: alternate && hasBase ? `${head}0${type}` : head, body };
}

function pad({ head, body }: Written, { width, fill, zeros, alignment }: FormatSpec, byDefault: Alignment): string {
  const missing = width - countPoints(head) - countPoints(body);
  if (missing <= 0) return head + body;
  const unit = fill ?? (zeros ? '0' : ' ');
  switch (alignment ?? byDefault) {
    case '<':
      return head + body + unit.repeat(missing);
    case '>':
      return unit.repeat(missing) + head + body;
    case '=':
      return head + unit.repeat(missing) + body;
    case '^': {
      const before = Math.floor(missing / 2);
      return unit.repeat(before) + head + body + unit.repeat(missing - before);
    }
  }
}

/** Writes a number without a sign that it does not need, and without padding. */
function numberText(value: Value, number: number, spec: FormatSpec, budget: Budget): string {
  const { digits, type, alternate } = spec;
  if (type === '%') return `${fixedText(number * 100, digits ?? 6)}%`;
  if (type !== undefined && 'eEfFgG'.includes(type)) return floatText(number, type, digits ?? 6, alternate);
  if (type !== undefined && !INTEGER_TYPES.has(type)) throw typeError(`there is no format '${type}'`);
  return isFloat(value) ? fractionText(value, number, spec, budget) : integerText(value, number, spec);
}

function fractionText(value: Value, number: number, { digits, type, shown }: FormatSpec, budget: Budget): string {
  if (type === undefined) {
    return digits === undefined ? spell(value, budget) : generalText(number, digits, { point: true });
  }
  if (type !== 'n') throw typeError(`the format '${shown}' takes an integer`);
  return generalText(number, digits ?? 6);
}

function integerText(value: Value, number: number, { digits, type = 'd' }: FormatSpec): string {
  if (digits !== undefined) throw typeError('an integer is written without a precision');
  if (type === 'c') return readCharacter(value);
  const text = number.toString(BASES[type] ?? 10);
  return type === 'X' ? text.toUpperCase() : text;
}

/** Puts a separator between the digits in front of the point, and pads them with zeros up to a width. */
function grouped(text: string, separator: string, by: number, width: number): string {
  const digits = (by === 4 ? /^[0-9a-f]*/i : /^\d*/).exec(text)![0];
  const rest = text.slice(digits.length);
  let count = digits.length;
  while (count + Math.floor((count - 1) / by) + rest.length < width) count += 1;
  const run = digits.padStart(count, '0');
  const first = run.length % by || by;
  let result = run.slice(0, first);
  for (let index = first; index < run.length; index += by) result += separator + run.slice(index, index + by);
  return result + rest;
}
