import type { Budget } from './budget.ts';
import { countPoints } from './code-points.ts';
import { typeError } from './errors.ts';
import { asciiOf, characterOf, firstPoints, floatText } from './percent-format.ts';
import { fixedText, generalText } from './rounding.ts';
import { represent, spell, Writing } from './spelling.ts';
import { type Dict, defined, entriesOf, isDict, isFloat, kindOf, numberOf, type Value } from './values.ts';

/** Units of work that one place in a format costs, whatever its value. */
const PLACE = 10;

/** Digits that a format may ask for. */
const MAX_DIGITS = 100;

const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su;

/** Formats values as Python's `'{} {name:>8}'.format(…)` does. Throws where Python does. */
export function formatBraces(pattern: string, values: Value[], named: Dict, budget: Budget): string {
  return new BraceFormatter(values, named, budget).format(pattern, 0);
}

class BraceFormatter {
  readonly #values: Value[];
  readonly #named: Dict;
  readonly #budget: Budget;
  readonly #writing: Writing;
  /** The next value of places without a number; null once a place has had one. */
  #automatic: number | null = 0;

  constructor(values: Value[], named: Dict, budget: Budget) {
    this.#values = values;
    this.#named = named;
    this.#budget = budget;
    this.#writing = new Writing(budget);
  }

  format(pattern: string, depth: number): string {
    if (depth > 1) throw typeError('the places of a format are nested too deep');
    this.#budget.work(pattern.length / 16);
    const brace = /[{}]/g;
    let result = '';
    let index = 0;
    for (;;) {
      brace.lastIndex = index;
      const at = brace.exec(pattern)?.index;
      if (at === undefined) break;
      result += pattern.slice(index, at);
      if (pattern[at + 1] === pattern[at]) {
        result += pattern[at];
        index = at + 2;
        continue;
      }
      if (pattern[at] === '}') throw typeError('the format has a single }; it is written }}');
      const end = closingBrace(pattern, at);
      this.#budget.work(PLACE + (end - at) / 4);
      const text = this.#place(pattern.slice(at + 1, end), depth);
      this.#writing.text(text.length);
      result += text;
      index = end + 1;
    }
    result += pattern.slice(index);
    this.#budget.text(result.length);
    return result;
  }

  #place(place: string, depth: number): string {
    const match = /^((?:[^[\]:!]|\[[^\]]*\])*)(?:!([rsa]))?(?::(.*))?$/su.exec(place);
    if (match === null) throw typeError(`'{${place.slice(0, 50)}}' is not a place of a format`);
    const [, field = '', conversion, spec = ''] = match;
    const value = this.#field(field);
    const given = conversion === undefined ? value : spelt(value, conversion, this.#budget);
    return align(given, spec.includes('{') ? this.format(spec, depth + 1) : spec, this.#budget);
  }

  #field(field: string): Value {
    const [, first = '', path = ''] = /^([^.[]*)(.*)$/s.exec(field)!;
    let value = this.#first(first);
    const step = /\.([^.[]+)|\[([^\]]+)\]/y;
    while (step.lastIndex < path.length) {
      const found = step.exec(path);
      if (found === null) throw typeError(`'${field.slice(0, 50)}' does not name a value`);
      const key = found[1] ?? found[2]!;
      const list = entriesOf(defined(value));
      const inner: Value | undefined =
        list !== null
          ? list[/^\d+$/.test(key) ? Number(key) : -1]
          : isDict(value) && Object.hasOwn(value, key)
            ? value[key]
            : undefined;
      if (inner === undefined) throw typeError(`the format names '${field.slice(0, 50)}', which is not given`);
      value = inner;
    }
    return defined(value);
  }

  #first(name: string): Value {
    if (name !== '' && !/^\d+$/.test(name)) {
      if (Object.hasOwn(this.#named, name)) return this.#named[name]!;
      throw typeError(`the format names '${name.slice(0, 50)}', which is not given`);
    }
    if ((name === '') !== (this.#automatic !== null) && this.#automatic !== 0) {
      throw typeError('a format either numbers all of its places, or none of them');
    }
    const index = name === '' ? (this.#automatic ?? 0) : Number(name);
    this.#automatic = name === '' ? index + 1 : null;
    if (index >= this.#values.length) throw typeError('the format has more places than there are values');
    return this.#values[index]!;
  }
}

/** The index of the brace that closes the one at an index. */
function closingBrace(pattern: string, open: number): number {
  let depth = 0;
  for (let index = open; index < pattern.length; index += 1) {
    if (pattern[index] === '{') depth += 1;
    else if (pattern[index] === '}') depth -= 1;
    if (depth === 0) return index;
  }
  throw typeError('the format has a place that no } closes');
}

function spelt(value: Value, conversion: string, budget: Budget): string {
  if (conversion === 's') return spell(value, budget);
  const text = represent(value, budget);
  return conversion === 'a' ? asciiOf(text) : text;
}

/** Writes a value by what follows the colon of its place. */
function align(value: Value, spec: string, budget: Budget): string {
  if (spec === '') return spell(value, budget);
  const match = SPEC.exec(spec);
  if (match === null) throw typeError(`'${spec.slice(0, 50)}' is not a format`);
  const [, fill, direction, sign, full, zero, width, separator, precision, type] = match;
  const [size, digits] = [Number(width ?? 0), precision === undefined ? undefined : Number(precision)];
  const number = numberOf(value);
  if (number === null && typeof value !== 'string')
    throw typeError(`the format '${spec.slice(0, 50)}' does not take ${kindOf(value)}`);
  budget.text(size + (digits ?? 0));
  let head = '';
  let body: string;
  if (typeof value === 'string') {
    const odd = [sign, full, separator].some((part) => part !== undefined) || direction === '=';
    if (odd || (type !== undefined && type !== 's'))
      throw typeError(`the format '${spec.slice(0, 50)}' takes a number`);
    body = firstPoints(value, digits, budget);
  } else {
    if (digits !== undefined && digits > MAX_DIGITS) throw typeError(`a number has at most ${MAX_DIGITS} digits`);
    const text = numberText(value, number!, { digits, type, full: full !== undefined, spec }, budget);
    const negative = text.startsWith('-');
    head = negative ? '-' : sign === '+' || sign === ' ' ? sign : '';
    body = negative ? text.slice(1) : text;
    if (separator !== undefined) {
      const by = type !== undefined && 'boxX'.includes(type) ? 4 : 3;
      const padded = zero !== undefined && direction === undefined ? size - head.length : 0;
      body = grouped(body, separator, by, padded);
    }
    if (full !== undefined && type !== undefined && 'boxX'.includes(type)) head += `0${type}`;
  }
  budget.work(body.length / 64);
  const missing = size - countPoints(head) - countPoints(body);
  if (missing <= 0) return head + body;
  const numeric = typeof value !== 'string';
  const padding = (fill ?? (zero === undefined ? ' ' : '0')).repeat(missing);
  const how = direction ?? (numeric ? (zero === undefined ? '>' : '=') : '<');
  if (how === '<') return head + body + padding;
  if (how === '>') return padding + head + body;
  if (how === '=') return head + padding + body;
  const unit = padding.length / missing;
  const before = Math.floor(missing / 2) * unit;
  return padding.slice(0, before) + head + body + padding.slice(before);
}

interface NumberSpec {
  digits: number | undefined;
  type: string | undefined;
  full: boolean;
  spec: string;
}

/** A number without what pads it; a minus stands in front. */
function numberText(value: Value, number: number, { digits, type, full, spec }: NumberSpec, budget: Budget): string {
  const whole = !isFloat(value);
  switch (type) {
    case undefined:
      if (!whole) return digits === undefined ? spell(value, budget) : generalText(number, digits, { point: true });
      break;
    case 'b':
    case 'o':
    case 'x':
    case 'X':
    case 'd':
    case 'n':
    case 'c':
      if (!whole && type !== 'n') throw typeError(`the format '${spec.slice(0, 50)}' takes an integer`);
      if (!whole) return generalText(number, digits ?? 6);
      break;
    case '%':
      return `${fixedText(number * 100, digits ?? 6)}%`;
    default:
      if (!'eEfFgG'.includes(type)) throw typeError(`there is no format '${type}'`);
      return floatText(number, type, digits ?? 6, full);
  }
  if (digits !== undefined) throw typeError('an integer is written without a precision');
  if (type === 'c') return characterOf(value);
  const base = type === 'b' ? 2 : type === 'o' ? 8 : type === 'x' || type === 'X' ? 16 : 10;
  const text = number.toString(base);
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
