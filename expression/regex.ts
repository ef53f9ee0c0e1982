import { RE2JS } from 're2js';
import type { Budget } from './budget.ts';
import { typeError } from './errors.ts';
import { parseReplacement } from './regex-replacement.ts';
import { Search } from './search.ts';
import { Writing } from './spelling.ts';

/** Options of a pattern. */
export interface RegexFlags {
  ignorecase: boolean;
  multiline: boolean;
  dotall: boolean;
}

/** The number of characters of a pattern, and of instructions that it compiles to. */
const MAX_PATTERN = 10_000;
const MAX_PROGRAM = 5_000;

/** The number of compiled patterns that are kept, and of the instructions of all of them. */
const MAX_KEPT = 200;
const MAX_KEPT_PROGRAMS = 50_000;

/** Keeps compiled patterns, by their flags and text; forgets all of them when there are too many. */
class KeptPatterns {
  readonly #patterns = new Map<string, RE2JS>();
  #programs = 0;

  get(key: string): RE2JS | undefined {
    return this.#patterns.get(key);
  }

  add(key: string, regex: RE2JS): void {
    const size = regex.programSize();
    if (this.#patterns.size >= MAX_KEPT || this.#programs + size > MAX_KEPT_PROGRAMS) {
      this.#patterns.clear();
      this.#programs = 0;
    }
    if (size > MAX_PROGRAM) return;
    this.#patterns.set(key, regex);
    this.#programs += size;
  }
}

const kept = new KeptPatterns();

/** The patterns of each evaluation whose work is counted. */
const keptBy = new WeakMap<Budget, KeptPatterns>();

/**
 * Compiles a pattern; matching takes linear time, whatever the pattern. Throws on an invalid pattern. Compiling is charged whenever
 * the evaluation itself does not hold the pattern, even if an earlier one left it, so that work does not depend on earlier evaluations.
 */
export function compileRegex(pattern: string, flags: RegexFlags, budget: Budget): RE2JS {
  if (pattern.length > MAX_PATTERN) throw typeError('the pattern has more than 10,000 characters');
  const bits =
    (flags.ignorecase ? RE2JS.CASE_INSENSITIVE : 0) |
    (flags.multiline ? RE2JS.MULTILINE : 0) |
    (flags.dotall ? RE2JS.DOTALL : 0);
  const key = `${bits} ${pattern}`;
  if (!budget.metered) return shared(key, pattern, bits);
  const own = keptBy.get(budget) ?? new KeptPatterns();
  keptBy.set(budget, own);
  const known = own.get(key);
  if (known !== undefined) return known;
  budget.work(20 * pattern.length);
  const regex = shared(key, pattern, bits);
  const size = regex.programSize();
  if (size > MAX_PROGRAM) throw typeError(`the pattern compiles to more than ${MAX_PROGRAM} steps`);
  budget.work(2 * size);
  own.add(key, regex);
  return regex;
}

/** Returns the compiled pattern that all evaluations share. */
function shared(key: string, pattern: string, bits: number): RE2JS {
  const known = kept.get(key);
  if (known !== undefined) return known;
  const regex = compile(pattern, bits);
  kept.add(key, regex);
  return regex;
}

function compile(pattern: string, bits: number): RE2JS {
  try {
    return RE2JS.compile(pattern, bits);
  } catch (error) {
    throw typeError(`'${pattern.slice(0, 100)}' is no regular expression: ${(error as Error).message}`);
  }
}

/**
 * Text that charges for each unit that a pattern looks at and each that is taken from it. A search for all matches may look at the
 * same units again and again, so that their number does not follow from the length.
 */
class ChargedText extends String {
  readonly #text: string;
  readonly #budget: Budget;
  readonly #perUnit: number;
  readonly #writing: Writing;
  #search: Search | undefined;

  constructor(text: string, budget: Budget, perUnit: number) {
    super(text);
    this.#text = text;
    this.#budget = budget;
    this.#perUnit = perUnit;
    this.#writing = new Writing(budget);
  }

  override charCodeAt(index: number): number {
    this.#budget.work(this.#perUnit);
    return this.#text.charCodeAt(index);
  }

  override indexOf(part: string, from = 0): number {
    this.#budget.work(4);
    if (this.#search?.part !== part) this.#search = new Search(this.#text, part, this.#budget);
    return this.#search.first(from);
  }

  override substring(start: number, end: number): string {
    this.#budget.work(2);
    this.#writing.text(end - start);
    return this.#text.substring(start, end);
  }
}

/** Creates a matcher, over plain text where no work counts. Groups that are read make each step copy where they begin and end. */
function matcherOf(regex: RE2JS, text: string, budget: Budget, groups = 0): ReturnType<RE2JS['matcher']> {
  budget.work(10);
  if (!budget.metered) return regex.matcher(text);
  const perUnit = 0.5 + (regex.programSize() / 16) * (1 + groups / 32);
  // The library takes String objects, but its types do not say so.
  return regex.matcher(new ChargedText(text, budget, perUnit) as unknown as string);
}

/** Returns whether a pattern matches the beginning of a text (`anchored`), or any part of it. */
export function matches(regex: RE2JS, text: string, anchored: boolean, budget: Budget): boolean {
  const matcher = matcherOf(regex, text, budget);
  return anchored ? matcher.lookingAt() : matcher.find();
}

/** Returns all parts of a text that a pattern matches. */
export function findAll(pattern: string, text: string, flags: RegexFlags, budget: Budget): string[] {
  const matcher = matcherOf(compileRegex(pattern, flags, budget), text, budget);
  const found: string[] = [];
  while (matcher.find()) found.push(matcher.group(0) ?? '');
  return found;
}

/**
 * Finds matches as Python's `re.findall` does: returns the matches of a pattern without groups, the texts of its only group, or a list of
 * texts for each match of a pattern with several groups. A group that did not match is empty.
 */
export function findGroups(pattern: string, text: string, flags: RegexFlags, budget: Budget): (string | string[])[] {
  const regex = compileRegex(pattern, flags, budget);
  const groups = regex.groupCount();
  const matcher = matcherOf(regex, text, budget, groups);
  const found: (string | string[])[] = [];
  while (matcher.find()) {
    if (groups < 2) found.push(matcher.group(groups) ?? '');
    else found.push(Array.from({ length: groups }, (_, index) => matcher.group(index + 1) ?? ''));
  }
  return found;
}

/** Replaces every match of a pattern by a replacement in Python's words, which regex-replacement.ts reads. */
export function replaceAllMatches(regex: RE2JS, text: string, replacement: string, budget: Budget): string {
  const names = regex.namedGroups() as Record<string, number>;
  const parts = parseReplacement(replacement, { count: regex.groupCount(), names }, budget);
  const usesGroups = parts.some((part) => typeof part === 'number' && part > 0);
  const matcher = matcherOf(regex, text, budget, usesGroups ? regex.groupCount() : 0);
  const writing = new Writing(budget);
  let [result, written] = ['', 0];
  while (matcher.find()) {
    const piece = parts.map((part) => (typeof part === 'string' ? part : (matcher.group(part) ?? ''))).join('');
    const before = text.slice(written, matcher.start());
    budget.work(4 + parts.length);
    writing.text(before.length + piece.length);
    result += before + piece;
    written = matcher.end();
  }
  result += text.slice(written);
  budget.text(result.length);
  return result;
}

/** Replaces all matches of a pattern as dialect 1 does: by a replacement in the syntax of the regular expression engine. */
export function replaceMatches(regex: RE2JS, text: string, replacement: string, budget: Budget): string {
  const groups = replacement.includes('$') ? regex.groupCount() : 0;
  return matcherOf(regex, text, budget, groups).replaceAll(replacement);
}

/** Translates a replacement (`\\1`) to the syntax of the regular expression engine, as dialect 1 does. */
export function translateReplacement(text: string, budget: Budget): string {
  budget.work(text.length / 4);
  return text
    .replaceAll('$', '\\$')
    .replace(/\\(\d+)/g, (_, number: string) => `$${number}`)
    .replace(/\\g<(\w+)>/g, (_, name: string) => `$\u007b${name}}`);
}
