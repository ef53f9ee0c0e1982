import type { Budget } from './budget.ts';
import { countPoints, pointAt, pointBefore } from './code-points.ts';
import { typeError } from './errors.ts';
import { splitAt } from './search.ts';

// Edits of text in dialect 1. Nothing in this file is ever fixed.

/** Replaces text; the length of the result is known before it is built. */
export function earlierReplaceText(value: string, from: string, to: string, count: number, budget: Budget): string {
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
  return (
    parts.slice(0, times + 1).join(to) +
    parts
      .slice(times + 1)
      .map((part) => from + part)
      .join('')
  );
}

/** Returns a text with its first code point as a capital and all others small. */
export function earlierCapitalize(value: string): string {
  const first = pointAt(value, 0);
  return first.toUpperCase() + value.slice(first.length).toLowerCase();
}

/** Python's `str.center`. */
export function center(value: string, width: number): string {
  const missing = Math.max(0, width - countPoints(value));
  const before = Math.floor(missing / 2) + (missing % 2 === 1 && width % 2 === 1 ? 1 : 0);
  return ' '.repeat(before) + value + ' '.repeat(missing - before);
}

/** Python's `str.strip` with characters. */
export function earlierStrip(value: string, chars: string, start: boolean, end: boolean, budget: Budget): string {
  budget.work((value.length + chars.length) / 16);
  const set = new Set(chars);
  let from = 0;
  let to = value.length;
  for (let point = pointAt(value, from); start && from < to && set.has(point); point = pointAt(value, from)) {
    from += point.length;
  }
  for (let before = pointBefore(value, to); end && to > from && set.has(value.slice(before, to)); ) {
    to = before;
    before = pointBefore(value, to);
  }
  return value.slice(from, to);
}

/** Python's `str.split`: null separates by any white space. */
export function earlierSplitText(value: string, separator: string | null, most: number, budget: Budget): string[] {
  if (separator === '') throw typeError('the separator is empty');
  if (separator === null) {
    budget.work(1 + value.length / 16);
    const words = value.trim() === '' ? [] : value.trim().split(/\s+/);
    if (most < 0 || words.length <= most + 1) return words;
    let rest = value.trimStart();
    const result: string[] = [];
    for (let index = 0; index < most; index += 1) {
      result.push(words[index]!);
      rest = rest.slice(words[index]!.length).trimStart();
    }
    return [...result, rest];
  }
  const parts = splitAt(value, separator, budget);
  if (most < 0 || parts.length <= most + 1) return parts;
  return [...parts.slice(0, most), parts.slice(most).join(separator)];
}
