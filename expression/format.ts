import type { Budget } from './budget.ts';
import { typeError } from './errors.ts';
import { type Dict, defined, isDict, kindOf, numberOf, represent, spell, type Value } from './values.ts';

/** `'%s and %05.2f' % values`, as Python's printf-style formatting. */
export function formatPercent(pattern: string, values: Value[], named: Dict, budget: Budget): string {
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
  const result = pattern.replace(
    /%(?:\(([^)]*)\))?([-+ 0#]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g,
    (
      _,
      key: string | undefined,
      flags: string,
      width: string | undefined,
      precision: string | undefined,
      type: string,
    ) => {
      if (type === '%') return '%';
      const size = Number(width ?? 0);
      const digits = precision === undefined ? undefined : Number(precision);
      budget.text(size + (digits ?? 0));
      const text = convert(take(key), type, digits, flags);
      if (flags.includes('-')) return text.padEnd(size);
      if (!flags.includes('0') || type === 's' || type === 'r') return text.padStart(size);
      const sign = /^[-+ ]/.exec(text)?.[0] ?? '';
      return sign + text.slice(sign.length).padStart(size - sign.length, '0');
    },
  );
  if (position < values.length && mapping === named && Object.keys(named).length === 0 && values.length > 0) {
    throw typeError('the format has fewer places than there are values');
  }
  budget.text(result.length);
  return result;
}

function convert(value: Value, type: string, digits: number | undefined, flags: string): string {
  if (type === 's' || type === 'r') {
    const text = type === 's' ? spell(value) : represent(value);
    return digits === undefined ? text : [...text].slice(0, digits).join('');
  }
  if (type === 'c') return typeof value === 'string' ? value : String.fromCodePoint(numberIn(value));
  const text = formatNumber(numberIn(value), type, digits);
  if (text.startsWith('-')) return text;
  return flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text;
}

function numberIn(value: Value): number {
  const number = numberOf(defined(value));
  if (number === null) throw typeError(`a number is expected here, not ${kindOf(value)}`);
  return number;
}

function formatNumber(number: number, type: string, digits: number | undefined): string {
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
      return Number.isInteger(precise) && Math.abs(precise) < 1e16 ? String(precise) : represent(precise);
    }
    default:
      throw typeError(`there is no format '${type}'`);
  }
}

/** `'{} {name:>8}'.format(…)`, as Python's `str.format`. */
export function formatBraces(pattern: string, values: Value[], named: Dict, budget: Budget): string {
  let automatic = 0;
  const result = pattern.replace(
    /\{\{|\}\}|\{([^{}:!]*)(?:!([rs]))?(?::([^{}]*))?\}/g,
    (whole, field: string | undefined, conversion: string | undefined, spec: string | undefined) => {
      if (whole === '{{') return '{';
      if (whole === '}}') return '}';
      const [name = '', ...path] = (field ?? '')
        .split(/\.|\[|\]\.?/)
        .filter((part, index) => index === 0 || part !== '');
      let value: Value | undefined;
      if (name === '') {
        value = values[automatic];
        automatic += 1;
      } else value = /^\d+$/.test(name) ? values[Number(name)] : Object.hasOwn(named, name) ? named[name] : undefined;
      for (const key of path) {
        const inner: Value | undefined = value;
        if (Array.isArray(inner)) value = inner[Number(key)];
        else value = inner !== undefined && isDict(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined;
      }
      if (value === undefined) throw typeError(`the format names '${field}', which is not given`);
      const converted = conversion === 'r' ? represent(value) : value;
      return align(converted, spec ?? '', budget);
    },
  );
  budget.text(result.length);
  return result;
}

function align(value: Value, spec: string, budget: Budget): string {
  const match = /^(?:(.)?([<>^=]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/u.exec(spec);
  if (match === null) throw typeError(`'${spec}' is no format`);
  const [, fill, direction, sign, , zero, width, separator, precision, type] = match;
  const size = Number(width ?? 0);
  const digits = precision === undefined ? undefined : Number(precision);
  budget.text(size + (digits ?? 0));
  const number = numberOf(value);
  const numeric = number !== null && typeof value !== 'boolean' && type !== 's';
  let text: string;
  if (numeric) {
    const plain = type === undefined && digits === undefined ? spell(value) : formatNumber(number, type ?? 'g', digits);
    const grouped = separator === undefined ? plain : group(plain, separator);
    text = number >= 0 && sign !== undefined && sign !== '-' ? sign + grouped : grouped;
  } else {
    if (type !== undefined && type !== 's') throw typeError(`the format '${type}' takes a number`);
    text = [...spell(value)].slice(0, digits).join('');
  }
  const missing = size - [...text].length;
  if (missing <= 0) return text;
  const padding = (fill ?? (zero === undefined ? ' ' : '0')).repeat(missing);
  const how = direction ?? (zero !== undefined && numeric ? '=' : numeric ? '>' : '<');
  if (how === '<') return text + padding;
  if (how === '>') return padding + text;
  if (how === '=') return /^[-+ ]/.test(text) ? text[0] + padding + text.slice(1) : padding + text;
  const before = Math.floor(missing / 2);
  return padding.slice(0, before) + text + padding.slice(before);
}

function group(text: string, separator: string): string {
  const [whole = '', rest] = text.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, separator);
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}
