import type { Budget } from './budget.ts';
import { UNPRINTABLE_ESCAPED } from './dialect.ts';
import { EvaluationError, typeError } from './errors.ts';
import { Callable, type Dict, defined, entriesOf, Float, isDict, Namespace, Tuple, type Value } from './values.ts';

/** The number of characters of all parts of a value that leaves a template or becomes one text. */
const MAX_CHARACTERS = 1_500_000;

/** The number of levels of lists and dictionaries in such a value. */
const MAX_DEPTH = 100;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what Python escapes.
const UNPRINTABLE_ASCII = /[\\'"\u0000-\u001f\u007f]/;
const UNPRINTABLE = /[\\'"]|(?! )[\p{C}\p{Z}]/u;
const IS_UNPRINTABLE = /^(?! )[\p{C}\p{Z}]$/u;

/** Returns whether Python escapes a code point within quotes: a control, a separator, or one that is private or not assigned. */
export function isUnprintable(point: string): boolean {
  return IS_UNPRINTABLE.test(point);
}

/**
 * Charges for a value that is written out, as a tree: a list that occurs twice counts twice. Where work counts, it refuses values
 * that become too large or are nested too deep.
 */
export class Writing {
  readonly #budget: Budget;
  readonly #metered: boolean;
  #characters = 0;
  /** Matches the characters that are escaped within quotes. */
  readonly escaped: RegExp;

  constructor(budget: Budget) {
    this.#budget = budget;
    this.#metered = budget.metered;
    this.escaped = budget.dialect >= UNPRINTABLE_ESCAPED ? UNPRINTABLE : UNPRINTABLE_ASCII;
  }

  /** Charges one value, before it is written, at a depth from 0. */
  node(depth: number): void {
    if (!this.#metered) return;
    if (depth > MAX_DEPTH) throw new EvaluationError('limit', `the value is nested deeper than ${MAX_DEPTH} levels`);
    this.#budget.work(1);
    this.text(2);
  }

  /** Charges characters of the value, before they are written. */
  text(length: number): void {
    if (!this.#metered) return;
    this.#characters += length;
    if (this.#characters > MAX_CHARACTERS) {
      throw new EvaluationError('limit', `the value would have more than ${MAX_CHARACTERS} characters`);
    }
    this.#budget.work(length / 64);
  }

  /** Charges characters that are examined one by one. */
  each(length: number): void {
    this.#budget.work(length / 16);
  }
}

/** Returns the text of a value, as Python's `str` does. */
export function spell(value: Value, budget: Budget): string {
  const known = defined(value);
  return typeof known === 'string' ? known : represent(known, budget);
}

/** Returns the representation of a value, as Python's `repr` does. */
export function represent(value: Value, budget: Budget): string {
  return write(value, new Writing(budget), 0);
}

function write(value: Value, writing: Writing, depth: number): string {
  const known = defined(value);
  writing.node(depth);
  if (known === null) return 'None';
  if (typeof known === 'boolean') return known ? 'True' : 'False';
  if (typeof known === 'string') return quote(known, writing);
  if (known instanceof Float) return spellFloat(known.value);
  if (typeof known === 'number') return Number.isInteger(known) ? String(known) : spellFloat(known);
  const all = (list: Value[]): string => list.map((entry) => write(entry, writing, depth + 1)).join(', ');
  if (Array.isArray(known)) return `[${all(known)}]`;
  if (known instanceof Tuple) return known.items.length === 1 ? `(${all(known.items)},)` : `(${all(known.items)})`;
  if (known instanceof Callable) throw typeError('a function has no text');
  const entries = known instanceof Namespace ? known.entries : (known as Dict);
  return `{${Object.entries(entries)
    .map(([key, entry]) => `${quote(key, writing)}: ${write(entry, writing, depth + 1)}`)
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

function quote(text: string, writing: Writing): string {
  writing.text(text.length);
  if (!writing.escaped.test(text)) return `'${text}'`;
  writing.each(text.length);
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  let result = '';
  for (const character of text) {
    if (character === '\\' || character === mark) result += `\\${character}`;
    else if (character !== '"' && character !== "'" && writing.escaped.test(character)) result += escapeOf(character);
    else result += character;
  }
  return mark + result + mark;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Returns Python's escape for a code point that cannot be printed. */
function escapeOf(character: string): string {
  const code = character.codePointAt(0)!;
  const hex = (digits: number) => code.toString(16).padStart(digits, '0');
  if (code > 0xffff) return `\\U${hex(8)}`;
  return SHORT_ESCAPES[character] ?? (code > 0xff ? `\\u${hex(4)}` : `\\x${hex(2)}`);
}

/** Converts a value to plain data, which leaves the engine. Throws on undefined values and functions. */
export function plain(value: Value, budget: Budget): Value {
  return copy(value, new Writing(budget), 0);
}

function copy(value: Value, writing: Writing, depth: number): Value {
  const known = defined(value);
  writing.node(depth);
  if (known instanceof Float) return known.value;
  if (known instanceof Callable) throw typeError('a function is no value');
  if (typeof known === 'string') writing.text(known.length);
  const list = entriesOf(known);
  if (list !== null) return list.map((entry) => copy(entry, writing, depth + 1));
  const entries = known instanceof Namespace ? known.entries : isDict(known) ? known : null;
  if (entries === null) return known;
  return Object.fromEntries(
    Object.entries(entries).map(([key, entry]) => {
      writing.text(key.length);
      return [key, copy(entry, writing, depth + 1)];
    }),
  );
}
