import type { Budget } from './budget.ts';
import { countPoints, findUnit } from './code-points.ts';
import { UNSIGNED_ZERO } from './dialect.ts';
import { typeError } from './errors.ts';
import { exponentText, fixedText, generalText } from './rounding.ts';
import { represent, spell, Writing } from './spelling.ts';
import { type Dict, defined, describeKind, isDict, isFloat, numberOf, Tuple, type Value } from './values.ts';

/** Units of work that one place in a format costs, whatever its value. */
const PLACE = 10;

/** Digits that a format may ask for. */
const MAX_DIGITS = 100;

/** The specification of a place, between `%` or `%(key)` and its letter, `type`. */
interface Spec {
  flags: string;
  width: number;
  digits: number | undefined;
  type: string;
}

/** Formats values as Python's `'%s and %05.2f' % values` does; a tuple has several, anything else is one. Throws where Python does. */
export function formatPercent(pattern: string, given: Value, budget: Budget): string {
  const values = given instanceof Tuple ? given.items : [given];
  const mapping = isDict(given) ? given : null;
  const writing = new Writing(budget);
  budget.work(pattern.length / 16);
  const reader = new PlaceReader(pattern, values, mapping);
  let result = '';
  let written = 0;
  for (let index = pattern.indexOf('%'); index !== -1; index = pattern.indexOf('%', written)) {
    budget.work(PLACE);
    const { spec, value, end } = reader.read(index + 1);
    const text = end === index + 2 && spec.type === '%' ? '%' : writtenAs(spec, value(), budget);
    writing.text(index - written + text.length);
    result += pattern.slice(written, index) + text;
    written = end;
  }
  // Python refuses unused values of tuples and single values, but not of lists and dictionaries.
  if (mapping === null && !Array.isArray(given) && reader.taken < values.length) {
    throw typeError('the format has fewer places than there are values');
  }
  result += pattern.slice(written);
  budget.text(result.length);
  return result;
}

/** Reads the places of a format, each with the value that belongs to it. */
class PlaceReader {
  taken = 0;
  readonly #pattern: string;
  readonly #values: Value[];
  readonly #mapping: Dict | null;
  #at = 0;

  constructor(pattern: string, values: Value[], mapping: Dict | null) {
    this.#pattern = pattern;
    this.#values = values;
    this.#mapping = mapping;
  }

  /** Reads the place that begins behind a `%`. */
  read(start: number): { spec: Spec; value: () => Value; end: number } {
    this.#at = start;
    const key = this.#key();
    const flags = this.#run('-+ 0#');
    const width = this.#size();
    let digits: number | undefined;
    if (this.#pattern[this.#at] === '.') {
      this.#at += 1;
      digits = Math.max(0, this.#size());
    }
    if ('hlL'.includes(this.#pattern[this.#at] ?? '?')) this.#at += 1;
    const type = this.#pattern[this.#at];
    if (type === undefined) throw typeError('the format ends within a place; a percent sign is written %%');
    const value = () => (key === null ? this.#next() : this.#named(key));
    const left = width < 0 ? `${flags}-` : flags;
    return { spec: { flags: left, width: Math.abs(width), digits, type }, value, end: this.#at + 1 };
  }

  #next(): Value {
    if (this.taken >= this.#values.length) throw typeError('the format has more places than there are values');
    this.taken += 1;
    return this.#values[this.taken - 1]!;
  }

  #named(key: string): Value {
    if (this.#mapping === null) throw typeError(`the format names '${key}': it takes a dictionary`);
    if (!Object.hasOwn(this.#mapping, key)) throw typeError(`the format names '${key}', which is not given`);
    return this.#mapping[key]!;
  }

  #key(): string | null {
    if (this.#pattern[this.#at] !== '(') return null;
    const start = this.#at + 1;
    const close = this.#pattern.indexOf(')', start);
    if (close === -1) throw typeError('the format has a name that no parenthesis closes');
    this.#at = close + 1;
    return this.#pattern.slice(start, close);
  }

  #run(units: string): string {
    const start = this.#at;
    while (this.#at < this.#pattern.length && units.includes(this.#pattern[this.#at]!)) this.#at += 1;
    return this.#pattern.slice(start, this.#at);
  }

  /** Reads digits, nothing (0), or `*`, which takes the next value. */
  #size(): number {
    if (this.#pattern[this.#at] !== '*') return Number(this.#run('0123456789'));
    this.#at += 1;
    const size = this.#next();
    if (typeof size !== 'number' || !Number.isInteger(size)) throw typeError('the * of a format takes an integer');
    return size;
  }
}

function writtenAs({ flags, width, digits, type }: Spec, value: Value, budget: Budget): string {
  if (digits !== undefined && digits > MAX_DIGITS && type !== 's' && type !== 'r') {
    throw typeError(`a number has at most ${MAX_DIGITS} digits`);
  }
  budget.text(width + (digits ?? 0));
  const { sign, body, isNumber } = converted(value, type, digits, flags.includes('#'), budget);
  const signed = sign === '' && isNumber ? (flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '') : sign;
  const missing = width - countPoints(signed) - countPoints(body);
  if (missing <= 0) return signed + body;
  if (flags.includes('-')) return signed + body + ' '.repeat(missing);
  if (!flags.includes('0') || !isNumber) return ' '.repeat(missing) + signed + body;
  const prefix = /^0[xo]/i.exec(flags.includes('#') ? body : '')?.[0] ?? '';
  return signed + prefix + '0'.repeat(missing) + body.slice(prefix.length);
}

interface Converted {
  sign: string;
  body: string;
  isNumber: boolean;
}

function converted(value: Value, type: string, digits: number | undefined, full: boolean, budget: Budget): Converted {
  switch (type) {
    case 's':
    case 'r':
    case 'a': {
      const text = type === 's' ? spell(value, budget) : represent(value, budget);
      return {
        sign: '',
        body: firstPoints(type === 'a' ? escapeNonAscii(text) : text, digits, budget),
        isNumber: false,
      };
    }
    case 'c':
      return { sign: '', body: readCharacter(value), isNumber: false };
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o':
      return convertedInteger(value, type, digits ?? 0, full);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G': {
      const text = floatText(withoutSign(numberIn(value), value, budget), type, digits ?? 6, full);
      const negative = text.startsWith('-');
      return { sign: negative ? '-' : '', body: negative ? text.slice(1) : text, isNumber: true };
    }
    default:
      throw typeError(`there is no format '%${type}'; a percent sign is written %%`);
  }
}

/** Bases of the types that write integers in another one than 10. */
const BASES: Readonly<Record<string, number>> = { o: 8, x: 16, X: 16 };

function convertedInteger(value: Value, type: string, digits: number, full: boolean): Converted {
  const whole = wholeOf(value, 'diu'.includes(type));
  const base = BASES[type];
  const plain = (whole < 0n ? -whole : whole).toString(base ?? 10).padStart(digits, '0');
  const text = full && base !== undefined ? `0${type.toLowerCase()}${plain}` : plain;
  return { sign: whole < 0n ? '-' : '', body: type === 'X' ? text.toUpperCase() : text, isNumber: true };
}

/** Returns the number that a value is, as a format writes it: an integral zero has no sign. */
export function withoutSign(number: number, value: Value, { dialect }: Budget): number {
  return number === 0 && !isFloat(value) && dialect >= UNSIGNED_ZERO ? 0 : number;
}

/** Writes a number by one of the letters `e`, `f` and `g`; a capital writes its letters as capitals. */
export function floatText(number: number, type: string, digits: number, full: boolean): string {
  const letter = type.toLowerCase();
  let text: string;
  if (letter === 'g') text = generalText(number, digits, { zeros: full });
  else {
    text = letter === 'e' ? exponentText(number, digits) : fixedText(number, digits);
    if (full && digits === 0) text = letter === 'e' ? text.replace('e', '.e') : `${text}.`;
  }
  return type === letter ? text : text.toUpperCase();
}

/** Returns the beginning of a text: so many code points, or all of them. */
export function firstPoints(text: string, count: number | undefined, budget: Budget): string {
  if (count === undefined) return text;
  budget.work(Math.min(text.length, count) / 64);
  return text.slice(0, findUnit(text, count));
}

/** Escapes all characters of a text that are not ASCII, as Python's `ascii` does. */
export function escapeNonAscii(text: string): string {
  return text.replace(/[\u0080-\u{10ffff}]/gu, (point) => {
    const code = point.codePointAt(0)!;
    const hex = code.toString(16);
    if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
    return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
  });
}

/** Returns the character of a code point, or of a text of one character. Throws on anything else. */
export function readCharacter(value: Value): string {
  const known = defined(value);
  if (typeof known === 'string' && countPoints(known) === 1) return known;
  const number = typeof known === 'string' || isFloat(known) ? null : numberOf(known);
  if (number === null || number < 0 || number > 0x10ffff || (number >= 0xd800 && number <= 0xdfff)) {
    throw typeError('a character is given as a text of one, or as its number');
  }
  return String.fromCodePoint(number);
}

function numberIn(value: Value): number {
  const number = numberOf(defined(value));
  if (number === null) throw typeError(`a number is expected here, not ${describeKind(value)}`);
  return number;
}

function wholeOf(value: Value, cut: boolean): bigint {
  const number = numberIn(value);
  if (isFloat(value) && !cut) throw typeError('an integer is expected here, not a fraction');
  return BigInt(Math.trunc(number));
}
