import type { Json, JsonObject } from './json.ts';

/**
 * An issue of a value that a person wrote, as data; a value may have many issues.
 * `path` is a JSON pointer (RFC 6901) from the root of the request body; line and column are those inside a template. `omitted` is the
 * number of issues for which a `more_issues` stands; other issues have none.
 */
export interface Issue {
  code: string;
  path: string;
  message: string;
  line?: number;
  column?: number;
  omitted?: number;
}

/** Returns the JSON pointer of a path of keys and indexes. */
export function jsonPointer(path: readonly (string | number | symbol)[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Returns the value at a JSON pointer; undefined if there is none. */
export function valueAt(root: Json, pointer: string): Json | undefined {
  let current: Json | undefined = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as JsonObject)[key];
  }
  return current;
}

/** Longest word that is compared with others, in UTF-16 units, and most others that it is compared with. */
const MAX_WORD = 64;
const MAX_CANDIDATES = 200;
/** Most suggestions of one request. */
const MAX_SUGGESTIONS = 20;

/** Returns the candidate nearest to a misspelt word, if one is near enough to have been meant. Compares 200 of similar length at most. */
function nearestWord(word: string, lists: readonly Iterable<string>[]): string | undefined {
  if (word.length > MAX_WORD) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  let compared = 0;
  for (const candidates of lists) {
    for (const candidate of candidates) {
      if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
      if (compared === MAX_CANDIDATES) return best;
      compared += 1;
      const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), bestDistance);
      if (distance >= bestDistance) continue;
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Returns the ref that has most parts in common with another one: `core.http` for `http.get`. Compares the first 200. */
function relatedRef(ref: string, lists: readonly Iterable<string>[]): string | undefined {
  if (ref.length > MAX_WORD || !ref.includes('.')) return undefined;
  const parts = new Set(ref.toLowerCase().split(/[._]/));
  let best: string | undefined;
  let most = 0;
  let compared = 0;
  for (const candidates of lists) {
    for (const candidate of candidates) {
      if (compared === MAX_CANDIDATES) return best;
      compared += 1;
      const common = candidate.split(/[._]/).filter((part) => parts.has(part)).length;
      if (common <= most) continue;
      best = candidate;
      most = common;
    }
  }
  return best;
}

/**
 * Returns ` Did you mean "x"?`, or nothing, for the only misspelt word of a request. For a ref, it also suggests one with a common part.
 */
export function didYouMean(word: string, ...candidates: Iterable<string>[]): string {
  const lists = candidates.map((each) => [...each]);
  const nearest = nearestWord(word, lists) ?? relatedRef(word, lists);
  return nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
}

/** The suggestions of one request: for the first 20 misspelt words, since a comparison costs more than what is compared. */
export class Suggestions {
  #left = MAX_SUGGESTIONS;

  /** Returns ` Did you mean "x"?`, or nothing. */
  didYouMean(word: string, ...candidates: Iterable<string>[]): string {
    if (this.#left === 0) return '';
    this.#left -= 1;
    return didYouMean(word, ...candidates);
  }
}

/** Counts the letters that differ, are missing or are extra; two neighbours in the wrong order count once. */
function editDistance(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) >= bound) return bound;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const change = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      const swapped = row > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const swap = swapped ? beforePrevious[column - 2]! + 1 : change;
      current.push(Math.min(change, swap, previous[column]! + 1, current[column - 1]! + 1));
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length]!;
}

/** Most issues of one answer, and most characters of their pointers and messages. */
const MAX_ISSUES = 100;
const MAX_ISSUE_CHARACTERS = 200_000;

/** The code of an issue that stands for those that are left out; its `omitted` and its message say how many. */
export const MORE_ISSUES = 'more_issues';

/** Returns an issue that stands for `count` others; `path` is the root of what they are about. */
export function moreIssues(count: number, path = ''): Issue {
  return { code: MORE_ISSUES, path, message: `and ${count} more`, omitted: count };
}

/**
 * Returns the first 100 issues, fewer where they are long, and one that says how many more there are. Lists that were cut before may be
 * joined: what they left out counts.
 */
export function capIssues(issues: readonly Issue[]): Issue[] {
  const listed = issues.filter(({ code }) => code !== MORE_ISSUES);
  const cut = issues.filter(({ code }) => code === MORE_ISSUES);
  let characters = 0;
  const end = listed.findIndex(({ path, message }, index) => {
    characters += path.length + message.length;
    return index === MAX_ISSUES || (index > 0 && characters > MAX_ISSUE_CHARACTERS);
  });
  if (end === -1 && cut.length < 2) return [...listed, ...cut];
  const kept = end === -1 ? listed : listed.slice(0, end);
  return [...kept, moreIssues(countOf(issues) - kept.length)];
}

/** Reports whether an answer has no room for more issues than these, so that looking for more is in vain. */
export function fillsAnswer(issues: readonly Issue[]): boolean {
  return issues.length >= MAX_ISSUES;
}

/** Returns ` (and 2 more)` for several issues, or nothing for one. */
export function andMore(issues: readonly Issue[]): string {
  const count = countOf(issues);
  return count > 1 ? ` (and ${count - 1} more)` : '';
}

/** Counts issues with those that were left out. */
function countOf(issues: readonly Issue[]): number {
  return issues.reduce((sum, { omitted = 1 }) => sum + omitted, 0);
}

/** Writes all issues in one line, for a message; `what` names the value as a whole. */
export function issuesText(issues: readonly Issue[], what: string): string {
  return issues.map(({ path, message }) => `${path === '' ? what : path} ${message}`).join('; ');
}
