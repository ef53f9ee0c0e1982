import { EvaluationError, type Position, typeError } from './errors.ts';
import { parseSignature, type Signature } from './signature.ts';

/** An integral number that is a float in Python, written `3.0`. All other numbers are plain. */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** A list that cannot change, like Python's tuple. */
export class Tuple {
  readonly items: Value[];
  /** The names of its entries, in order: those of `groupby` have `grouper` and `list`. */
  readonly names: readonly string[];
  constructor(items: Value[], names: readonly string[] = []) {
    this.items = items;
    this.names = names;
  }
}

/** A value that does not exist; its use is an error with this message. */
export class Undefined {
  readonly message: string;
  /** Whether its output is empty instead of an error, as that of a condition without an else. */
  readonly silent: boolean;
  /** The place where it was looked up; set by the evaluator. */
  place: Position | undefined;
  constructor(message: string, silent = false) {
    this.message = message;
    this.silent = silent;
  }
}

/** An object whose fields `{% set ns.x = … %}` may change, made by `namespace(…)`. */
export class Namespace {
  readonly entries: { [key: string]: Value };
  constructor(entries: { [key: string]: Value }) {
    this.entries = entries;
  }
}

const NO_ARGUMENTS = parseSignature('');

/** A function: of the host, of the language, or of a loop. */
export class Callable {
  readonly signature: Signature;
  readonly call: (args: (Value | undefined)[], named: Record<string, Value>) => Value;

  /** `takes` is the signature of its arguments, or the text of one; by default it takes none. */
  constructor(
    call: (args: (Value | undefined)[], named: Record<string, Value>) => Value,
    takes: string | Signature = NO_ARGUMENTS,
  ) {
    this.signature = typeof takes === 'string' ? parseSignature(takes) : takes;
    this.call = call;
  }
}

/** Plain data, and the values that expressions make of it. */
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

/** Returns a value. Throws when it does not exist. */
export function defined<T extends Value>(value: T): Exclude<T, Undefined> {
  if (value instanceof Undefined) throw new EvaluationError('undefined', value.message, value.place);
  return value as Exclude<T, Undefined>;
}

/** Returns whether a value is a plain object. */
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

/** Returns the entries of a list or tuple; null for other values. */
export function entriesOf(value: Value): Value[] | null {
  if (Array.isArray(value)) return value;
  return value instanceof Tuple ? value.items : null;
}

/** Returns the number of a value, with booleans as 0 and 1 as in Python; null for other values. */
export function numberOf(value: Value): number | null {
  if (typeof value === 'number') return value;
  if (value instanceof Float) return value.value;
  return typeof value === 'boolean' ? Number(value) : null;
}

/** Returns whether a value is a float in Python. */
export function isFloat(value: Value): boolean {
  return value instanceof Float || (typeof value === 'number' && !Number.isInteger(value));
}

/** Converts a number to Python's float. */
export function asFloat(value: number): Value {
  return Number.isInteger(value) ? new Float(value) : value;
}

/** Converts a number to Python's int. Throws beyond 2^53, where the number would be wrong. */
export function asInt(value: number): number {
  if (!Number.isSafeInteger(value)) throw typeError('the number is beyond 2^53');
  return value;
}

/** Returns a number. Throws when it is infinite. */
export function finite(value: number): number {
  if (!Number.isFinite(value)) throw typeError('the number is too large');
  return value;
}

/** Returns the kind of a value, for messages. */
export function describeKind(value: Value): string {
  if (value === null) return 'none';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Tuple) return 'a tuple';
  if (value instanceof Callable) return 'a function';
  if (value instanceof Undefined) return 'undefined';
  if (typeof value === 'string') return 'a string';
  if (typeof value === 'boolean') return 'a boolean';
  return numberOf(value) === null ? 'a dictionary' : 'a number';
}
