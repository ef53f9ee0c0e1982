import type { Budget } from './budget.ts';
import { typeError } from './errors.ts';
import { type Dict, defined, entriesOf, isDict, kindOf, numberOf, represent, type Value } from './values.ts';

/** JSON as Python's `json.dumps` writes it: `", "` and `": "` between, floats with their point. */
export function writeJson(value: Value, options: { indent?: number; sorted?: boolean }, budget: Budget): string {
  const { indent, sorted = false } = options;
  const write = (current: Value, margin: string): string => {
    const known = defined(current);
    budget.read(known);
    if (known === null || typeof known === 'boolean') return String(known);
    if (typeof known === 'string') return asciiJson(known);
    if (numberOf(known) !== null) return represent(known);
    const inner = indent === undefined ? '' : `${margin}${' '.repeat(indent)}`;
    const list = entriesOf(known);
    if (list !== null)
      return wrap(
        '[',
        list.map((entry) => write(entry, inner)),
        ']',
        margin,
        inner,
      );
    if (!isDict(known)) throw typeError(`${kindOf(known)} is no JSON`);
    const keys = Object.keys(known);
    if (sorted) keys.sort((a, b) => (a < b ? -1 : 1));
    return wrap(
      '{',
      keys.map((key) => `${asciiJson(key)}: ${write(known[key]!, inner)}`),
      '}',
      margin,
      inner,
    );
  };
  const wrap = (open: string, parts: string[], close: string, margin: string, inner: string): string => {
    if (parts.length === 0) return open + close;
    if (indent === undefined) return open + parts.join(', ') + close;
    return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${margin}${close}`;
  };
  const text = write(value, '');
  budget.text(text.length);
  return text;
}

function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Reads JSON; what is none is an error. */
export function readJson(text: string): Value {
  try {
    return JSON.parse(text) as Dict;
  } catch {
    throw typeError('the text is no JSON');
  }
}
