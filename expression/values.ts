import { EvaluationError, type Position, typeError } from './errors.ts';

/** A number that Python calls a float although it is integral: it is spelt `3.0`. Others are plain numbers. */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** A list that cannot change: what Python calls a tuple. */
export class Tuple {
  readonly items: Value[];
  constructor(items: Value[]) {
    this.items = items;
  }
}

/** Something that does not exist; using it is an error with this text. */
export class Undefined {
  readonly message: string;
  /** What a condition without an else leaves: nothing, where it is put out. */
  readonly silent: boolean;
  /** Where it was looked for; set by the evaluator. */
  place: Position | undefined;
  constructor(message: string, silent = false) {
    this.message = message;
    this.silent = silent;
  }
}

/** What `{% set ns.x = … %}` may change, made by `namespace(…)`. */
export class Namespace {
  readonly entries: { [key: string]: Value };
  constructor(entries: { [key: string]: Value }) {
    this.entries = entries;
  }
}

/** A function: of the host, or `loop.changed`. */
export class Callable {
  readonly call: (args: Value[], named: Record<string, Value>) => Value;
  constructor(call: (args: Value[], named: Record<string, Value>) => Value) {
    this.call = call;
  }
}

/** Plain data and what expressions make of it. */
export type Value =
  | null
  | boolean
  | number
  | string
  | Value[]
  | { [key: string]: Value }
  | Float
  | Tuple
  | Undefined
  | Namespace
  | Callable;

/** A dictionary: own keys only. */
export type Dict = { [key: string]: Value };

/** The value, or an error when it does not exist. */
export function defined<T extends Value>(value: T): Exclude<T, Undefined> {
  if (value instanceof Undefined) throw new EvaluationError('undefined', value.message, value.place);
  return value as Exclude<T, Undefined>;
}

/** True for plain objects. */
export function isDict(value: Value): value is Dict {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !(
    value instanceof Float ||
    value instanceof Tuple ||
    value instanceof Undefined ||
    value instanceof Namespace ||
    value instanceof Callable
  );
}

/** The entries of a list or tuple, or null. */
export function entriesOf(value: Value): Value[] | null {
  if (Array.isArray(value)) return value;
  return value instanceof Tuple ? value.items : null;
}

/** The number that a value is, counting booleans as Python does; null for what is none. */
export function numberOf(value: Value): number | null {
  if (typeof value === 'number') return value;
  if (value instanceof Float) return value.value;
  return typeof value === 'boolean' ? Number(value) : null;
}

/** True for what Python calls a float. */
export function isFloat(value: Value): boolean {
  return value instanceof Float || (typeof value === 'number' && !Number.isInteger(value));
}

/** A number as Python's float. */
export function floatOf(value: number): Value {
  return Number.isInteger(value) ? new Float(value) : value;
}

/** A number as Python's int; beyond 2^53 it is an error, never a wrong number. */
export function intOf(value: number): number {
  if (!Number.isSafeInteger(value)) throw typeError('the number is beyond 2^53');
  return value;
}

/** Python's idea of truth. */
export function truthy(value: Value): boolean {
  const known = defined(value);
  if (known instanceof Float) return known.value !== 0;
  const list = entriesOf(known);
  if (list !== null) return list.length > 0;
  if (isDict(known)) return Object.keys(known).length > 0;
  return Boolean(known);
}

/** What a `for` or a filter goes through: entries, keys, or code points. */
export function iterate(value: Value): Value[] {
  const known = defined(value);
  const list = entriesOf(known);
  if (list !== null) return list;
  if (typeof known === 'string') return [...known];
  if (isDict(known)) return Object.keys(known);
  throw typeError(`${kindOf(known)} cannot be gone through`);
}

/** What a value is, for messages. */
export function kindOf(value: Value): string {
  if (value === null) return 'none';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Tuple) return 'a tuple';
  if (value instanceof Callable) return 'a function';
  if (value instanceof Undefined) return 'undefined';
  if (typeof value === 'string') return 'a string';
  if (typeof value === 'boolean') return 'a boolean';
  return numberOf(value) === null ? 'a dictionary' : 'a number';
}

/** Equality as in Python: numbers by value, lists and tuples never equal. */
export function equals(a: Value, b: Value): boolean {
  const [left, right] = [defined(a), defined(b)];
  const [x, y] = [numberOf(left), numberOf(right)];
  if (x !== null || y !== null) return x === y;
  if (Array.isArray(left) && Array.isArray(right)) return equalLists(left, right);
  if (left instanceof Tuple && right instanceof Tuple) return equalLists(left.items, right.items);
  if (isDict(left) && isDict(right)) {
    const keys = Object.keys(left);
    if (keys.length !== Object.keys(right).length) return false;
    return keys.every((key) => Object.hasOwn(right, key) && equals(left[key]!, right[key]!));
  }
  return left === right;
}

function equalLists(a: Value[], b: Value[]): boolean {
  return a.length === b.length && a.every((entry, index) => equals(entry, b[index]!));
}

/** Negative, zero or positive; an error for what Python does not order. */
export function compare(a: Value, b: Value): number {
  const [left, right] = [defined(a), defined(b)];
  const [x, y] = [numberOf(left), numberOf(right)];
  if (x !== null && y !== null) return x - y;
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right);
  const [xs, ys] = [entriesOf(left), entriesOf(right)];
  if (xs !== null && ys !== null && Array.isArray(left) === Array.isArray(right)) {
    for (let index = 0; index < Math.min(xs.length, ys.length); index += 1) {
      if (!equals(xs[index]!, ys[index]!)) return compare(xs[index]!, ys[index]!);
    }
    return xs.length - ys.length;
  }
  throw typeError(`${kindOf(left)} and ${kindOf(right)} have no order`);
}

function compareText(a: string, b: string): number {
  // By code point, as Python does; UTF-16 units order surrogates below the rest of the plane.
  const [x, y] = [[...a], [...b]];
  for (let index = 0; index < Math.min(x.length, y.length); index += 1) {
    if (x[index] !== y[index]) return x[index]!.codePointAt(0)! - y[index]!.codePointAt(0)!;
  }
  return x.length - y.length;
}

/** `in`: an entry of a list, a key of a dictionary, a part of a text. */
export function contains(container: Value, value: Value): boolean {
  const known = defined(container);
  const wanted = defined(value);
  if (typeof known === 'string') {
    if (typeof wanted !== 'string') throw typeError(`${kindOf(wanted)} cannot be in a string`);
    return known.includes(wanted);
  }
  if (isDict(known)) return typeof wanted === 'string' && Object.hasOwn(known, wanted);
  return iterate(known).some((entry) => equals(entry, wanted));
}

/** Text as Python's `str` spells a value. */
export function spell(value: Value): string {
  const known = defined(value);
  return typeof known === 'string' ? known : represent(known);
}

/** Text as Python's `repr` spells a value. */
export function represent(value: Value): string {
  const known = defined(value);
  if (known === null) return 'None';
  if (typeof known === 'boolean') return known ? 'True' : 'False';
  if (typeof known === 'string') return quote(known);
  if (known instanceof Float) return spellFloat(known.value);
  if (typeof known === 'number') return Number.isInteger(known) ? String(known) : spellFloat(known);
  if (Array.isArray(known)) return `[${known.map(represent).join(', ')}]`;
  if (known instanceof Tuple) {
    return known.items.length === 1 ? `(${represent(known.items[0]!)},)` : `(${known.items.map(represent).join(', ')})`;
  }
  if (known instanceof Callable) throw typeError('a function has no text');
  const entries = known instanceof Namespace ? known.entries : (known as Dict);
  return `{${Object.entries(entries)
    .map(([key, entry]) => `${quote(key)}: ${represent(entry)}`)
    .join(', ')}}`;
}

function spellFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  let result = '';
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (character === '\\' || character === mark) result += `\\${character}`;
    else if (character === '\n') result += '\\n';
    else if (character === '\r') result += '\\r';
    else if (character === '\t') result += '\\t';
    else if (code < 0x20 || code === 0x7f) result += `\\x${code.toString(16).padStart(2, '0')}`;
    else result += character;
  }
  return mark + result + mark;
}

/** Plain data: what leaves the engine. Undefined and functions cannot. */
export function plain(value: Value): Value {
  const known = defined(value);
  if (known instanceof Float) return known.value;
  if (known instanceof Callable) throw typeError('a function is no value');
  const list = entriesOf(known);
  if (list !== null) return list.map(plain);
  const entries = known instanceof Namespace ? known.entries : isDict(known) ? known : null;
  if (entries === null) return known;
  return Object.fromEntries(Object.entries(entries).map(([key, entry]) => [key, plain(entry)]));
}
