import type { Budget } from './budget.ts';
import { countPoints, pointAt, pointBefore } from './code-points.ts';
import { typeError } from './errors.ts';
import { splitAt } from './search.ts';

// Edits text as Python's methods do. Positions and lengths are in code points.

/** Python's white space, for the brackets of a regular expression. */
export const SPACES = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const WHITE = new RegExp(`[${SPACES}]+`, 'g');
const ALL_WHITE = new RegExp(`^[${SPACES}]+$`);
const ONE_WHITE = new RegExp(`[${SPACES}]`);

/** Returns whether a text is not empty and has nothing but white space. */
export function isSpace(value: string): boolean {
  return ALL_WHITE.test(value);
}

/** Removes some characters from the ends of a text; null: white space. */
export function strip(value: string, chars: string | null, start: boolean, end: boolean, budget: Budget): string {
  budget.work((value.length + (chars?.length ?? 0)) / 16);
  const set = chars === null ? null : new Set(chars);
  const goes = (point: string): boolean => (set === null ? ONE_WHITE.test(point) : set.has(point));
  let from = 0;
  let to = value.length;
  while (start && from < to) {
    const point = pointAt(value, from);
    if (!goes(point)) break;
    from += point.length;
  }
  while (end && to > from) {
    const before = pointBefore(value, to);
    if (!goes(value.slice(before, to))) break;
    to = before;
  }
  return value.slice(from, to);
}

/** Splits a text at a separator, or at runs of white space where it is null; at most `most` times, without limit when negative. */
export function splitText(value: string, separator: string | null, most: number, budget: Budget): string[] {
  if (separator === '') throw typeError('the separator is empty');
  if (separator !== null) {
    const parts = splitAt(value, separator, budget);
    if (most < 0 || parts.length <= most + 1) return parts;
    return [...parts.slice(0, most), parts.slice(most).join(separator)];
  }
  budget.work(1 + value.length / 16);
  const rest = strip(value, null, true, false, budget);
  const words: string[] = [];
  let at = 0;
  WHITE.lastIndex = 0;
  for (let gap = WHITE.exec(rest); gap !== null && words.length !== most; gap = WHITE.exec(rest)) {
    words.push(rest.slice(at, gap.index));
    at = gap.index + gap[0].length;
  }
  return at < rest.length ? [...words, rest.slice(at)] : words;
}

/** Splits as `splitText` does, with the splits counted from the end. */
export function splitFromEnd(value: string, separator: string | null, most: number, budget: Budget): string[] {
  if (most < 0) return splitText(value, separator, most, budget);
  if (separator !== null) {
    const parts = splitText(value, separator, -1, budget);
    if (parts.length <= most + 1) return parts;
    return [parts.slice(0, parts.length - most).join(separator), ...parts.slice(parts.length - most)];
  }
  const rest = strip(value, null, false, true, budget);
  const words = splitText(rest, null, -1, budget);
  if (words.length <= most) return words;
  // The rest in front keeps its white space.
  const inFront = words.slice(0, words.length - most);
  const end = inFront.reduce((from, word) => rest.indexOf(word, from) + word.length, 0);
  return [rest.slice(0, end), ...words.slice(words.length - most)];
}

/** Returns the lines of a text, with or without their line ends. */
export function splitLines(value: string, keepEnds: boolean): string[] {
  const lines: string[] = [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these end lines in Python.
  const ends = /\r\n|[\n-\r\x1c-\x1e\x85\u2028\u2029]/g;
  let start = 0;
  for (let end = ends.exec(value); end !== null; end = ends.exec(value)) {
    lines.push(value.slice(start, keepEnds ? ends.lastIndex : end.index));
    start = ends.lastIndex;
  }
  return start < value.length ? [...lines, value.slice(start)] : lines;
}

/** Replaces text; the length of the result is known before it is built. */
export function replaceText(value: string, from: string, to: string, count: number, budget: Budget): string {
  if (from === '') {
    budget.work(value.length / 4);
    const characters = [...value];
    const times = count < 0 ? characters.length + 1 : Math.min(count, characters.length + 1);
    budget.text(value.length + times * to.length);
    return (
      characters.map((character, index) => (index < times ? to : '') + character).join('') +
      (times > characters.length ? to : '')
    );
  }
  const parts = splitAt(value, from, budget);
  const times = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1);
  budget.text(value.length + times * Math.max(0, to.length - from.length));
  if (times === parts.length - 1) return parts.join(to);
  return parts.slice(0, times + 1).join(to) + from + parts.slice(times + 1).join(from);
}

/** Returns a text with its first code point in title case and all others in lower case. */
export function capitalize(value: string): string {
  const first = pointAt(value, 0);
  const capital = first.toUpperCase();
  const head = pointAt(capital, 0);
  return head + capital.slice(head.length).toLowerCase() + value.slice(first.length).toLowerCase();
}

/** Fills a text up to a width with one character: in front, behind, or on both sides. */
export function pad(value: string, width: number, fill: string, at: 'start' | 'end' | 'both', budget: Budget): string {
  if (countPoints(fill) !== 1) throw typeError('what fills up a text is one character');
  budget.work(value.length / 64);
  const missing = Math.max(0, width - countPoints(value));
  budget.text(value.length + missing * fill.length);
  const half = Math.floor(missing / 2) + (missing % 2 === 1 && width % 2 === 1 ? 1 : 0);
  const before = at === 'start' ? missing : at === 'end' ? 0 : half;
  return fill.repeat(before) + value + fill.repeat(missing - before);
}
