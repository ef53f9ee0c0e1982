import { EvaluationError, type Position, typeError } from './errors.ts';
import { type Signature, signatureOf } from './signature.ts';

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
  /** Names of its entries, in order: those that `groupby` gives have `grouper` and `list`. */
  readonly names: readonly string[];
  constructor(items: Value[], names: readonly string[] = []) {
    this.items = items;
    this.names = names;
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

const NO_ARGUMENTS = signatureOf('');

/** A function: of the host, of the language, or of a loop. */
export class Callable {
  readonly signature: Signature;
  readonly call: (args: (Value | undefined)[], named: Record<string, Value>) => Value;

  /** `takes` is the signature of its arguments, or the text of one: none unless given. */
  constructor(
    call: (args: (Value | undefined)[], named: Record<string, Value>) => Value,
    takes: string | Signature = NO_ARGUMENTS,
  ) {
    this.signature = typeof takes === 'string' ? signatureOf(takes) : takes;
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

/** The number, or an error where it is infinite. */
export function finite(value: number): number {
  if (!Number.isFinite(value)) throw typeError('the number is too large');
  return value;
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
