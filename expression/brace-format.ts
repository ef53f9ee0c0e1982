import type { Budget } from './budget.ts';
import { CHARACTERS_IN_PLACES } from './dialect.ts';
import { typeError } from './errors.ts';
import { formatBySpec } from './format-spec.ts';
import { escapeNonAscii } from './percent-format.ts';
import { represent, spell, Writing } from './spelling.ts';
import { type Dict, defined, entriesOf, isDict, type Value } from './values.ts';

/** Units of work that one place in a format costs, whatever its value. */
const PLACE = 10;

/** Formats values as Python's `'{} {name:>8}'.format(…)` does. Throws where Python does. */
export function formatBraces(pattern: string, values: Value[], named: Dict, budget: Budget): string {
  return new BraceFormatter(values, named, budget).format(pattern, 0);
}

class BraceFormatter {
  readonly #values: Value[];
  readonly #named: Dict;
  readonly #budget: Budget;
  readonly #writing: Writing;
  /** The next value of places without a number; null once a place has had one. */
  #automatic: number | null = 0;

  constructor(values: Value[], named: Dict, budget: Budget) {
    this.#values = values;
    this.#named = named;
    this.#budget = budget;
    this.#writing = new Writing(budget);
  }

  format(pattern: string, depth: number): string {
    if (depth > 1) throw typeError('the places of a format are nested too deep');
    this.#budget.work(pattern.length / 16);
    const brace = /[{}]/g;
    let result = '';
    let index = 0;
    for (;;) {
      brace.lastIndex = index;
      const at = brace.exec(pattern)?.index;
      if (at === undefined) break;
      result += pattern.slice(index, at);
      if (pattern[at + 1] === pattern[at]) {
        result += pattern[at];
        index = at + 2;
        continue;
      }
      if (pattern[at] === '}') throw typeError('the format has a single }; it is written }}');
      const end = closingBrace(pattern, at);
      this.#budget.work(PLACE + (end - at) / 4);
      const text = this.#place(pattern.slice(at + 1, end), depth);
      this.#writing.text(text.length);
      result += text;
      index = end + 1;
    }
    result += pattern.slice(index);
    this.#budget.text(result.length);
    return result;
  }

  #place(place: string, depth: number): string {
    const match = /^((?:[^[\]:!]|\[[^\]]*\])*)(?:!([rsa]))?(?::(.*))?$/su.exec(place);
    if (match === null) throw typeError(`'{${place.slice(0, 50)}}' is not a place of a format`);
    const [, field = '', conversion, spec = ''] = match;
    const value = this.#field(field);
    const given = conversion === undefined ? value : spelt(value, conversion, this.#budget);
    return formatBySpec(given, spec.includes('{') ? this.format(spec, depth + 1) : spec, this.#budget);
  }

  #field(field: string): Value {
    const [, first = '', path = ''] = /^([^.[]*)(.*)$/s.exec(field)!;
    let value = this.#first(first);
    const step = /\.([^.[]+)|\[([^\]]+)\]/y;
    while (step.lastIndex < path.length) {
      const found = step.exec(path);
      if (found === null) throw typeError(`'${field.slice(0, 50)}' does not name a value`);
      const key = found[1] ?? found[2]!;
      const inner = innerOf(defined(value), key, this.#budget);
      if (inner === undefined) throw typeError(`the format names '${field.slice(0, 50)}', which is not given`);
      value = inner;
    }
    return defined(value);
  }

  #first(name: string): Value {
    if (name !== '' && !/^\d+$/.test(name)) {
      if (Object.hasOwn(this.#named, name)) return this.#named[name]!;
      throw typeError(`the format names '${name.slice(0, 50)}', which is not given`);
    }
    if ((name === '') !== (this.#automatic !== null) && this.#automatic !== 0) {
      throw typeError('a format either numbers all of its places, or none of them');
    }
    const index = name === '' ? (this.#automatic ?? 0) : Number(name);
    this.#automatic = name === '' ? index + 1 : null;
    if (index >= this.#values.length) throw typeError('the format has more places than there are values');
    return this.#values[index]!;
  }
}

/** Returns the entry of a list or the character of a text at an index, or the entry of a dictionary under a key; undefined: there is none. */
function innerOf(value: Value, key: string, budget: Budget): Value | undefined {
  const isText = typeof value === 'string' && budget.dialect >= CHARACTERS_IN_PLACES;
  if (isText) budget.work(value.length / 16);
  const list = isText ? [...value] : entriesOf(value);
  if (list !== null) return list[/^\d+$/.test(key) ? Number(key) : -1];
  return isDict(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Returns the index of the brace that closes the one at an index. */
function closingBrace(pattern: string, open: number): number {
  let depth = 0;
  for (let index = open; index < pattern.length; index += 1) {
    if (pattern[index] === '{') depth += 1;
    else if (pattern[index] === '}') depth -= 1;
    if (depth === 0) return index;
  }
  throw typeError('the format has a place that no } closes');
}

/** Applies `!s`, `!r` or `!a`. */
function spelt(value: Value, conversion: string, budget: Budget): string {
  if (conversion === 's') return spell(value, budget);
  const text = represent(value, budget);
  return conversion === 'a' ? escapeNonAscii(text) : text;
}
