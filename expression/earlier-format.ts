import type { Budget } from './budget.ts';
import { countPoints, findUnit } from './code-points.ts';
import { typeError } from './errors.ts';
import { represent, spell, Writing } from './spelling.ts';
import { type Dict, defined, describeKind, isDict, numberOf, type Value } from './values.ts';

/** Units of work that one place in a format costs, whatever its value. */
const PLACE = 10;

/** The specification of a place, which follows `%` or `%(key)`. */
interface Spec {
  flags: string;
  width: string | undefined;
  precision: string | undefined;
  type: string;
  /** The index behind it. */
  end: number;
}

/** `'%s and %05.2f' % values`, as Python's printf-style formatting. */
export function earlierFormatPercent(pattern: string, values: Value[], named: Dict, budget: Budget): string {
  let position = 0;
  const mapping = values.length === 1 && isDict(values[0]!) ? values[0] : named;
  const take = (key: string | undefined): Value => {
    if (key !== undefined) {
      if (!Object.hasOwn(mapping, key)) throw typeError(`the format names '${key}', which is not given`);
      return mapping[key]!;
    }
    if (position >= values.length) throw typeError('the format has more places than there are values');
    position += 1;
    return values[position - 1]!;
  };
  const convertAt = (key: string | undefined, { flags, width, precision, type }: Spec): string => {
    if (type === '%') return '%';
    const size = Number(width ?? 0);
    const digits = precision === undefined ? undefined : Number(precision);
    budget.text(size + (digits ?? 0));
    const text = convert(take(key), type, digits, flags, budget);
    if (flags.includes('-')) return text.padEnd(size);
    if (!flags.includes('0') || type === 's' || type === 'r') return text.padStart(size);
    const sign = /^[-+ ]/.exec(text)?.[0] ?? '';
    return sign + text.slice(sign.length).padStart(size - sign.length, '0');
  };
  const result = replacePlaces(pattern, convertAt, budget);
  if (position < values.length && mapping === named && Object.keys(named).length === 0 && values.length > 0) {
    throw typeError('the format has fewer places than there are values');
  }
  budget.text(result.length);
  return result;
}

/** Replaces each `%(key)spec` of a pattern. An index loop: a regular expression would take quadratic time on hostile patterns. */
function replacePlaces(
  pattern: string,
  convertAt: (key: string | undefined, spec: Spec) => string,
  budget: Budget,
): string {
  const writing = new Writing(budget);
  budget.work(pattern.length / 16);
  let result = '';
  let written = 0;
  let close = -1;
  // The specification behind the same parenthesis is read once.
  let known: { at: number; spec: Spec | null } = { at: -1, spec: null };
  for (let index = pattern.indexOf('%'); index !== -1; index = pattern.indexOf('%', index)) {
    let start = index + 1;
    let key: string | undefined;
    if (pattern[start] === '(') {
      if (close < start) close = pattern.indexOf(')', start);
      if (close === -1) close = pattern.length;
      if (close < pattern.length) {
        key = pattern.slice(start + 1, close);
        start = close + 1;
      }
    }
    if (known.at !== start) known = { at: start, spec: specAt(pattern, start) };
    const { spec } = known;
    budget.work(spec === null ? 1 : PLACE);
    if (spec === null) {
      index += 1;
      continue;
    }
    const text = convertAt(key, spec);
    writing.text(index - written + text.length);
    result += pattern.slice(written, index) + text;
    written = spec.end;
    index = spec.end;
  }
  return result + pattern.slice(written);
}

function specAt(pattern: string, start: number): Spec | null {
  let end = start;
  const taken = (accepts: (unit: string) => boolean): string => {
    const from = end;
    while (end < pattern.length && accepts(pattern[end]!)) end += 1;
    return pattern.slice(from, end);
  };
  const isDigit = (unit: string): boolean => unit >= '0' && unit <= '9';
  const flags = taken((unit) => '-+ 0#'.includes(unit));
  const width = taken(isDigit) || undefined;
  let precision: string | undefined;
  if (pattern[end] === '.') {
    end += 1;
    precision = taken(isDigit);
  }
  const type = pattern[end] ?? '';
  if (precision === '' || !/^[a-zA-Z%]$/.test(type)) return null;
  return { flags, width, precision, type, end: end + 1 };
}

function convert(value: Value, type: string, digits: number | undefined, flags: string, budget: Budget): string {
  if (type === 's' || type === 'r') {
    return firstPoints(type === 's' ? spell(value, budget) : represent(value, budget), digits, budget);
  }
  if (type === 'c') return typeof value === 'string' ? value : String.fromCodePoint(numberIn(value));
  const text = formatNumber(numberIn(value), type, digits, budget);
  if (text.startsWith('-')) return text;
  return flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text;
}

/** Returns the beginning of a text: so many code points, or all of them. */
function firstPoints(text: string, count: number | undefined, budget: Budget): string {
  if (count === undefined) return text;
  budget.work(Math.min(text.length, count) / 64);
  return text.slice(0, findUnit(text, count));
}

function numberIn(value: Value): number {
  const number = numberOf(defined(value));
  if (number === null) throw typeError(`a number is expected here, not ${describeKind(value)}`);
  return number;
}

function formatNumber(number: number, type: string, digits: number | undefined, budget: Budget): string {
  if (digits !== undefined && digits > 100) throw typeError('a number has at most 100 digits');
  switch (type) {
    case 'd':
    case 'i':
    case 'u':
      return String(Math.trunc(number)).padStart(digits ?? 0, '0');
    case 'x':
      return Math.trunc(number).toString(16);
    case 'X':
      return Math.trunc(number).toString(16).toUpperCase();
    case 'o':
      return Math.trunc(number).toString(8);
    case 'b':
      return Math.trunc(number).toString(2);
    case 'e':
    case 'E': {
      const text = number.toExponential(digits ?? 6).replace(/e([+-])(\d)$/, 'e$10$2');
      return type === 'E' ? text.toUpperCase() : text;
    }
    case 'f':
    case 'F':
      return number.toFixed(digits ?? 6);
    case '%':
      return `${(number * 100).toFixed(digits ?? 6)}%`;
    case 'g':
    case 'G': {
      const precise = Number(number.toPrecision(digits || 6));
      return Number.isInteger(precise) && Math.abs(precise) < 1e16 ? String(precise) : represent(precise, budget);
    }
    default:
      throw typeError(`there is no format '${type}'`);
  }
}

/** `'{} {name:>8}'.format(…)`, as Python's `str.format`. */
export function earlierFormatBraces(pattern: string, values: Value[], named: Dict, budget: Budget): string {
  let automatic = 0;
  const writing = new Writing(budget);
  budget.work(pattern.length / 16);
  const valueNamed = (name: string): Value | undefined => {
    if (name !== '') return /^\d+$/.test(name) ? values[Number(name)] : innerOf(named, name);
    automatic += 1;
    return values[automatic - 1];
  };
  const result = pattern.replace(
    /\{\{|\}\}|\{([^{}:!]*)(?:!([rs]))?(?::([^{}]*))?\}/g,
    (whole, field = '', conversion: string | undefined, spec = '') => {
      if (whole === '{{' || whole === '}}') return whole[0]!;
      budget.work(PLACE + whole.length / 4);
      const [name = '', ...path] = (field as string)
        .split(/\.|\[|\]\.?/)
        .filter((part, index) => index === 0 || part !== '');
      const value = path.reduce(innerOf, valueNamed(name));
      if (value === undefined) throw typeError(`the format names '${field}', which is not given`);
      const text = align(conversion === 'r' ? represent(value, budget) : value, spec, budget);
      writing.text(text.length);
      return text;
    },
  );
  budget.text(result.length);
  return result;
}

/** Returns the entry of a list at an index, or of a dictionary under a key; undefined: there is none. */
function innerOf(value: Value | undefined, key: string): Value | undefined {
  if (Array.isArray(value)) return value[Number(key)];
  return value !== undefined && isDict(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

const SPEC = /^(?:(.)?([<>^=]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/u;

function align(value: Value, spec: string, budget: Budget): string {
  const match = SPEC.exec(spec);
  if (match === null) throw typeError(`'${spec}' is no format`);
  const [, fill, direction, sign, , zero, width, separator, precision, type] = match;
  const size = Number(width ?? 0);
  const digits = precision === undefined ? undefined : Number(precision);
  budget.text(size + (digits ?? 0));
  const number = numberOf(value);
  const numeric = number !== null && typeof value !== 'boolean' && type !== 's';
  if (!numeric && type !== undefined && type !== 's') throw typeError(`the format '${type}' takes a number`);
  const text = numeric
    ? numberText(value, number, { sign, separator, digits, type }, budget)
    : firstPoints(spell(value, budget), digits, budget);
  if (size === 0) return text;
  budget.work(text.length / 64);
  const how = direction ?? (numeric ? (zero === undefined ? '>' : '=') : '<');
  return pad(text, size - countPoints(text), fill ?? (zero === undefined ? ' ' : '0'), how);
}

interface NumberSpec {
  sign: string | undefined;
  separator: string | undefined;
  digits: number | undefined;
  type: string | undefined;
}

function numberText(value: Value, number: number, spec: NumberSpec, budget: Budget): string {
  const { sign, separator, digits, type } = spec;
  const isPlain = type === undefined && digits === undefined;
  const plain = isPlain ? spell(value, budget) : formatNumber(number, type ?? 'g', digits, budget);
  const grouped = separator === undefined ? plain : group(plain, separator);
  return number >= 0 && sign !== undefined && sign !== '-' ? sign + grouped : grouped;
}

/** Adds so many units of padding: behind (`<`), in front (`>`), behind the sign (`=`), or on both sides (`^`). */
function pad(text: string, missing: number, unit: string, how: string): string {
  if (missing <= 0) return text;
  const padding = unit.repeat(missing);
  if (how === '<') return text + padding;
  if (how === '>') return padding + text;
  if (how === '=') return /^[-+ ]/.test(text) ? text[0] + padding + text.slice(1) : padding + text;
  const before = Math.floor(missing / 2);
  return padding.slice(0, before) + text + padding.slice(before);
}

/** Puts a separator between each three digits, counted from the end of each run of digits. */
function group(text: string, separator: string): string {
  const [whole = '', rest] = text.split('.');
  const grouped = whole.replace(/\d+/g, (digits, index: number) => {
    const first = digits.length % 3;
    const inWord = index > 0 && /\w/.test(whole[index - 1]!);
    let run = digits.slice(0, first);
    for (let next = first; next < digits.length; next += 3) {
      run += (next > 0 || inWord ? separator : '') + digits.slice(next, next + 3);
    }
    return run;
  });
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}
