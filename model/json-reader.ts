import { type Issue, jsonPointer } from './issue.ts';
import type { Json } from './json.ts';
import { boundedText } from './text.ts';

/** Most faults that one text is refused for. */
const MAX_ISSUES = 20;

/** Most of a number or key that a message shows, in UTF-16 units. */
const MAX_SHOWN = 60;

/** JSON that says what a value cannot hold as it was written. */
export class JsonRefused extends Error {
  override name = 'JsonRefused';

  /** What cannot be held, and where: the first 20, at least one. Codes: `number_inexact`, `key_repeated`, `key_reserved`, `text_malformed`, `too_deep`. */
  readonly issues: Issue[];

  constructor(issues: Issue[]) {
    super(issues.map(({ path, message }) => `${path === '' ? 'the value' : path} ${message}`).join('; '));
    this.issues = issues;
  }
}

/** What becomes of an integer that a double does not carry: refused, unless it is to be text. */
export interface ReadingOptions {
  bigIntegers?: 'text' | undefined;
}

/**
 * Parses JSON into a value that says the same. Throws a SyntaxError for what is not JSON, and JsonRefused for what would change: integers
 * from 2^53 on, numbers too large or too small for a double, a key twice in an object, the key `__proto__`, unpaired surrogates,
 * and more than 1,000 levels.
 * With `bigIntegers: 'text'`, the integers become texts of the same digits.
 */
export function parseJson(text: string, { bigIntegers }: ReadingOptions = {}): Json {
  const value = JSON.parse(text) as Json;
  const { issues, integers } = scan(text);
  if (bigIntegers === undefined) issues.push(...integers.slice(0, MAX_ISSUES).map(({ issue }) => issue!));
  if (issues.length > 0) throw new JsonRefused(issues.slice(0, MAX_ISSUES));
  if (integers.length === 0) return value;
  const parts = integers.map(
    ({ from, to }, index) => `${text.slice(integers[index - 1]?.to ?? 0, from)}"${text.slice(from, to)}"`,
  );
  return JSON.parse(parts.join('') + text.slice(integers.at(-1)!.to)) as Json;
}

/**
 * Finds what a text of JSON says that is not written again as it was: the first 20 faults. An integer beyond 2^53 is none where its double
 * is written in the same digits, as JSON that another program has made of a double is.
 */
export function jsonChanges(text: string): Issue[] {
  const { issues, integers } = scan(text);
  const changed = integers.filter(({ from, to }) => {
    const written = text.slice(from, to);
    return String(Number(written)) !== written;
  });
  return [...issues, ...changed.flatMap(({ issue }) => issue ?? [])].slice(0, MAX_ISSUES);
}

/** What a text was found to say that JSON.parse changes; of faults 20 at most. */
interface Findings {
  issues: Issue[];
  /** Integers that a double does not carry, and where they stand in the text; an issue for each of the first 20. */
  integers: { from: number; to: number; issue: Issue | null }[];
}

/** Most of a pointer that an issue has, in UTF-16 units. */
const MAX_POINTER = 1_000;

/** Levels of nesting that are read: what walks over a value, or writes it, has a stack. */
const MAX_LEVELS = 1_000;

/** An object or a list that is open where the text is read. */
interface Container {
  /** The keys of an object so far; null: it is a list. */
  keys: Set<string> | null;
  /** Where the next value stands in it: under a key, or at an index. */
  key: string;
  index: number;
  /** The next text is a key. */
  awaitsKey: boolean;
}

/** Finds what JSON.parse changes, in JSON that it takes. */
function scan(text: string): Findings {
  const issues: Issue[] = [];
  const integers: Findings['integers'] = [];
  const open: Container[] = [];
  const isWellFormed = text.isWellFormed();
  const issueOf = (code: string, message: string): Issue => {
    const pointer = jsonPointer(open.map(({ keys, key, index }) => (keys === null ? index : key)));
    return { code, path: boundedText(pointer, MAX_POINTER), message };
  };
  const add = (code: string, message: string): void => {
    if (issues.length < MAX_ISSUES) issues.push(issueOf(code, message));
  };

  const takeText = (raw: string, inside: Container | undefined): void => {
    const said = isWellFormed && !raw.includes('\\') ? raw.slice(1, -1) : (JSON.parse(raw) as string);
    if (inside?.keys && inside.awaitsKey) {
      inside.awaitsKey = false;
      inside.key = said;
      if (said === '__proto__') add('key_reserved', 'is a reserved key');
      else if (inside.keys.has(said)) add('key_repeated', 'is a duplicate key');
      inside.keys.add(said);
    }
    if (!said.isWellFormed()) add('text_malformed', 'contains an unpaired surrogate');
  };

  const takeNumber = (from: number, to: number): void => {
    const written = text.slice(from, to);
    const fault = inexactness(written);
    if (fault === null) return;
    if (fault.integer) {
      const issue = integers.length < MAX_ISSUES ? issueOf('number_inexact', fault.message) : null;
      integers.push({ from, to, issue });
    } else add('number_inexact', fault.message);
  };

  let inside: Container | undefined;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (open.length > MAX_LEVELS) {
      issues.push(issueOf('too_deep', `is nested deeper than ${MAX_LEVELS} levels`));
      break;
    }
    if (code === QUOTE) {
      const end = endOfText(text, index);
      takeText(text.slice(index, end), inside);
      index = end - 1;
    } else if (code === MINUS || isDigit(code)) {
      const end = endOfNumber(text, index);
      // Most numbers are short, and need not be looked at.
      if (end - index > EXACT_DIGITS || hasExponent(text, index, end)) takeNumber(index, end);
      index = end - 1;
    } else if (code === COMMA) awaitNext(inside!);
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      inside = openContainer(code === OPEN_BRACE);
      open.push(inside);
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      open.pop();
      inside = open.at(-1);
    }
  }
  return { issues, integers };
}

function openContainer(isObject: boolean): Container {
  return { keys: isObject ? new Set() : null, key: '', index: 0, awaitsKey: isObject };
}

/** Moves on to the next value of a list, or to the next key of an object. */
function awaitNext(container: Container): void {
  if (container.keys === null) container.index += 1;
  else container.awaitsKey = true;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Most characters of a number without an exponent that a double surely carries. */
const EXACT_DIGITS = 15;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Returns the index behind a text that begins with its quote. */
function endOfText(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); ; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return end + 1;
  }
}

function endOfNumber(text: string, from: number): number {
  let end = from + 1;
  while (end < text.length && isPartOfNumber(text.charCodeAt(end))) end += 1;
  return end;
}

function isPartOfNumber(code: number): boolean {
  return isDigit(code) || code === POINT || code === PLUS || code === MINUS || isExponent(code);
}

function isExponent(code: number): boolean {
  return code === 0x45 || code === 0x65;
}

function hasExponent(text: string, from: number, to: number): boolean {
  for (let index = from; index < to; index += 1) if (isExponent(text.charCodeAt(index))) return true;
  return false;
}

/** Says why a double does not carry a number of JSON or YAML as it is written; null: it does, but for digits of a fraction. */
export function inexactness(written: string): { integer: boolean; message: string } | null {
  const value = Number(written);
  const shown = boundedText(written, MAX_SHOWN);
  const because = (reason: string) => `is ${shown}, which ${reason}; send it as a string`;
  if (/^0[xo]/.test(written) || !/[.e]/i.test(written)) {
    if (Number.isSafeInteger(value)) return null;
    return { integer: true, message: because('a JSON number cannot represent exactly') };
  }
  if (!Number.isFinite(value)) return { integer: false, message: because('is too large for a JSON number') };
  const isZero = !/[1-9]/.test(written.replace(/e.*/i, ''));
  return value === 0 && !isZero ? { integer: false, message: because('is too small for a JSON number') } : null;
}
