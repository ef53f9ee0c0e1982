import { JsonRefused, parseJson } from '../model/json-reader.ts';
import type { Budget } from './budget.ts';
import { typeError } from './errors.ts';
import { represent, Writing } from './spelling.ts';
import { type Dict, defined, describeKind, entriesOf, isDict, numberOf, type Value } from './values.ts';

/** Writes JSON as Python's `json.dumps` does: `", "` and `": "` between, floats with their point. */
export function writeJson(value: Value, options: { indent?: number; sorted?: boolean }, budget: Budget): string {
  const { indent, sorted = false } = options;
  const writing = new Writing(budget);
  const write = (current: Value, depth: number): string => {
    const known = defined(current);
    budget.read(known);
    writing.node(depth);
    if (known === null || typeof known === 'boolean') return String(known);
    if (typeof known === 'string') return asciiJson(known, writing);
    if (numberOf(known) !== null) return represent(known, budget);
    const list = entriesOf(known);
    if (list !== null) {
      const parts = list.map((entry) => write(entry, depth + 1));
      return wrap('[', parts, ']', depth);
    }
    if (!isDict(known)) throw typeError(`${describeKind(known)} is no JSON`);
    const keys = Object.keys(known);
    if (sorted) {
      budget.work((keys.length * Math.log2(keys.length + 1)) / 2);
      keys.sort((a, b) => (a < b ? -1 : 1));
    }
    const parts = keys.map((key) => `${asciiJson(key, writing)}: ${write(known[key]!, depth + 1)}`);
    return wrap('{', parts, '}', depth);
  };
  const wrap = (open: string, parts: string[], close: string, depth: number): string => {
    if (parts.length === 0) return open + close;
    if (indent === undefined) return open + parts.join(', ') + close;
    writing.text((parts.length + 1) * indent * (depth + 1));
    const margin = ' '.repeat(indent * depth);
    const inner = margin + ' '.repeat(indent);
    return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${margin}${close}`;
  };
  const text = write(value, 0);
  budget.text(text.length);
  return text;
}

function asciiJson(text: string, writing: Writing): string {
  writing.text(text.length);
  const json = JSON.stringify(text);
  const escaped = json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  writing.each(escaped.length - text.length);
  return escaped;
}

/** Parses JSON. Throws on invalid JSON, and on values that would change: integers from 2^53 on, repeated keys, lone surrogates. */
export function readExactJson(text: string, budget: Budget): Value {
  budget.work(text.length / 4);
  try {
    return parseJson(text) as Value;
  } catch (error) {
    throw typeError(
      error instanceof JsonRefused ? `the JSON changes on its way: ${error.message}` : 'the text is no JSON',
    );
  }
}

/** Parses JSON as dialect 1 does, with rounded numbers. Throws on invalid JSON. */
export function readJson(text: string, budget: Budget): Value {
  budget.work(text.length / 8);
  try {
    return JSON.parse(text) as Dict;
  } catch {
    throw typeError('the text is no JSON');
  }
}
