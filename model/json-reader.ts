import { type Issue, jsonPointer, moreIssues } from './issue.ts';
import type { Json } from './json.ts';
import { boundedText } from './text.ts';

/** The number of faults that a refusal lists. */
const MAX_ISSUES = 20;

/** The length of a number or key that a message shows, in UTF-16 units. */
const MAX_SHOWN = 60;

/** The error of JSON that a value cannot represent as it was written. */
export class JsonRefused extends Error {
  override name = 'JsonRefused';

  /**
   * The first 20 faults, at least one, and how many more there are. Codes: `number_inexact`, `key_repeated`, `key_reserved`,
   * `text_malformed`, `too_deep`, `more_issues`.
   */
  readonly issues: Issue[];

  constructor(issues: Issue[]) {
    super(issues.map(inWords).join('; '));
    this.issues = issues;
  }
}

function inWords({ path, message, omitted }: Issue): string {
  if (omitted !== undefined) return message;
  return `${path === '' ? 'the value' : path} ${message}`;
}

/** How an integer that a double cannot represent is read: refused, or as text. */
export interface ReadingOptions {
  bigIntegers?: 'text' | undefined;
}

/**
 * Parses JSON into an equal value. Throws a SyntaxError for invalid JSON, and JsonRefused for JSON that a value would change: integers
 * from 2^53 on, numbers too large or too small for a double, a repeated key in an object, the key `__proto__`, unpaired surrogates, and
 * more than 1,000 levels. With `bigIntegers: 'text'`, the integers become texts of the same digits.
 */
export function parseJson(text: string, { bigIntegers }: ReadingOptions = {}): Json {
  const value = JSON.parse(text) as Json;
  const { issues, faults, integers } = scan(text);
  const refused = bigIntegers === undefined ? [...issues, ...integers.flatMap(({ issue }) => issue ?? [])] : issues;
  if (refused.length > 0) {
    const listed = refused.slice(0, MAX_ISSUES);
    const more = faults + (bigIntegers === undefined ? integers.length : 0) - listed.length;
    throw new JsonRefused(more === 0 ? listed : [...listed, moreIssues(more)]);
  }
  if (integers.length === 0) return value;
  const parts = integers.map(
    ({ from, to }, index) => `${text.slice(integers[index - 1]?.to ?? 0, from)}"${text.slice(from, to)}"`,
  );
  return JSON.parse(parts.join('') + text.slice(integers.at(-1)!.to)) as Json;
}

/**
 * Finds what would change if JSON were parsed and written again: the first 20 faults. An integer beyond 2^53 is not a fault if its double
 * is written in the same digits, as in JSON that another program wrote from a double.
 */
export function jsonChanges(text: string): Issue[] {
  const { issues, integers } = scan(text);
  const changed = integers.filter(({ from, to }) => {
    const written = text.slice(from, to);
    return String(Number(written)) !== written;
  });
  return [...issues, ...changed.flatMap(({ issue }) => issue ?? [])].slice(0, MAX_ISSUES);
}

/** The parts of a text that JSON.parse changes. */
interface Findings {
  /** The first 20 faults other than the integers, and how many of them there are. */
  issues: Issue[];
  faults: number;
  /** Integers that a double cannot represent, by their place in the text; each of the first 20 has an issue. */
  integers: { from: number; to: number; issue: Issue | null }[];
}

/** The length of an issue's pointer, in UTF-16 units. */
const MAX_POINTER = 1_000;

/** Levels of nesting that are read: functions that walk over a value, or write it, are recursive. */
const MAX_LEVELS = 1_000;

/** An object or a list that is open where the text is read. */
interface Container {
  /** The keys of an object so far; null: it is a list. */
  keys: Set<string> | null;
  /** The key or the index of the next value. */
  key: string;
  index: number;
  /** Whether the next text is a key. */
  awaitsKey: boolean;
}

/** Finds the parts of valid JSON that JSON.parse changes. */
function scan(text: string): Findings {
  const issues: Issue[] = [];
  let faults = 0;
  const integers: Findings['integers'] = [];
  const open: Container[] = [];
  const isWellFormed = text.isWellFormed();
  const issueOf = (code: string, message: string): Issue => {
    const pointer = jsonPointer(open.map(({ keys, key, index }) => (keys === null ? index : key)));
    return { code, path: boundedText(pointer, MAX_POINTER), message };
  };
  const add = (code: string, message: string): void => {
    faults += 1;
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
      faults += 1;
      issues.push(issueOf('too_deep', `is nested deeper than ${MAX_LEVELS} levels`));
      break;
    }
    if (code === QUOTE) {
      const end = endOfText(text, index);
      takeText(text.slice(index, end), inside);
      index = end - 1;
    } else if (code === MINUS || isDigit(code)) {
      const end = endOfNumber(text, index);
      // Most numbers are short, and need not be examined.
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
  return { issues, faults, integers };
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

/** The number of characters up to which a double represents every number without an exponent. */
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

/** Returns why a double does not represent a number of JSON or YAML as it is written; null: it does, except for digits of a fraction. */
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
