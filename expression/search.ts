import type { Budget } from './budget.ts';

/** The length of a part, in units, up to which JavaScript's own search is fast on any text; beyond, it may take quadratic time. */
const SHORT = 16;

/** Units of text that are searched for one unit of work. */
const UNITS_PER_WORK = 64;

/** Finds one part in a text, in time that grows with the sum of both lengths. */
export class Search {
  readonly part: string;
  readonly #text: string;
  readonly #budget: Budget;
  /** For each beginning of the part: the length of the longest shorter beginning that it ends with. */
  readonly #overlaps: Int32Array | null;

  constructor(text: string, part: string, budget: Budget) {
    this.part = part;
    this.#text = text;
    this.#budget = budget;
    budget.work(1 + part.length / UNITS_PER_WORK);
    this.#overlaps = part.length <= SHORT || part.length > text.length ? null : overlapsOf(part);
  }

  /** Returns the index of the first occurrence at or after a unit, or -1. */
  first(from = 0): number {
    const { part } = this;
    const found = this.#overlaps === null ? this.#text.indexOf(part, from) : this.#scan(this.#overlaps, from, false);
    this.#budget.work(((found === -1 ? this.#text.length : found + part.length) - from) / UNITS_PER_WORK);
    return found;
  }

  /** Returns the index of the last occurrence, or -1. */
  last(): number {
    this.#budget.work(this.#text.length / UNITS_PER_WORK);
    return this.#overlaps === null ? this.#text.lastIndexOf(this.part) : this.#scan(this.#overlaps, 0, true);
  }

  #scan(overlaps: Int32Array, from: number, last: boolean): number {
    const [text, part] = [this.#text, this.part];
    let found = -1;
    let matched = 0;
    for (let index = from; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      while (matched > 0 && unit !== part.charCodeAt(matched)) matched = overlaps[matched - 1]!;
      if (unit === part.charCodeAt(matched)) matched += 1;
      if (matched < part.length) continue;
      found = index - part.length + 1;
      if (!last) break;
      matched = overlaps[matched - 1]!;
    }
    return found;
  }
}

function overlapsOf(part: string): Int32Array {
  const overlaps = new Int32Array(part.length);
  let matched = 0;
  for (let index = 1; index < part.length; index += 1) {
    const unit = part.charCodeAt(index);
    while (matched > 0 && unit !== part.charCodeAt(matched)) matched = overlaps[matched - 1]!;
    if (unit === part.charCodeAt(matched)) matched += 1;
    overlaps[index] = matched;
  }
  return overlaps;
}

/** Splits a text at every occurrence of a part that is not empty. */
export function splitAt(text: string, part: string, budget: Budget): string[] {
  if (part.length <= SHORT) {
    // Every piece becomes a separate text.
    budget.work(1 + text.length / 16);
    return text.split(part);
  }
  const search = new Search(text, part, budget);
  const pieces: string[] = [];
  let start = 0;
  for (let index = search.first(); index !== -1; index = search.first(start)) {
    pieces.push(text.slice(start, index));
    start = index + part.length;
  }
  pieces.push(text.slice(start));
  return pieces;
}
