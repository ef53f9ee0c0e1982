import type { Budget } from './budget.ts';
import { countPoints, findUnit, pointAt, pointBefore } from './code-points.ts';
import { keySought } from './dictionaries.ts';
import { readKeys } from './iteration.ts';
import { defined, describeKind, entriesOf, isDict, Namespace, Tuple, Undefined, type Value } from './values.ts';

/** Reads `value.name` or `value[key]`: own keys alone, negative indexes from the end. Returns Undefined where there is nothing. */
export function readMember(value: Value, key: string | number, budget: Budget): Value {
  const known = defined(value);
  if (typeof known === 'string' && typeof key === 'number') return readPoint(known, key, budget);
  const list = entriesOf(known);
  if (list !== null) {
    if (typeof key !== 'number') {
      const named = known instanceof Tuple ? known.items[known.names.indexOf(key)] : undefined;
      return named ?? new Undefined(`no key '${key}' in ${describeKind(known)}`);
    }
    const found = list[key < 0 ? list.length + key : key];
    return found === undefined ? noElement(known, key, list.length) : found;
  }
  const entries = known instanceof Namespace ? known.entries : isDict(known) ? known : null;
  if (entries === null) return new Undefined(`no key '${key}' in ${describeKind(known)}`);
  const name = keySought(key, budget);
  if (name !== null && !isPrivate(name) && Object.hasOwn(entries, name)) return entries[name]!;
  return new Undefined(`no key '${key}'; there are: ${listNames(readKeys(entries, budget))}`);
}

/** Reads a code point of a text by its number, counted from the end when it is negative. */
function readPoint(text: string, point: number, budget: Budget): Value {
  budget.work(Math.min(text.length, Math.abs(point)) / 32);
  let unit = text.length;
  if (point >= 0) unit = findUnit(text, point);
  else for (let passed = 0; passed > point && unit >= 0; passed -= 1) unit = pointBefore(text, unit);
  if (Number.isInteger(point) && unit >= 0 && unit < text.length) return pointAt(text, unit);
  budget.work(text.length / 64);
  return noElement(text, point, countPoints(text));
}

function noElement(of: Value, key: number, length: number): Undefined {
  return new Undefined(`no element ${key} in ${describeKind(of)} of ${length}`);
}

/** Returns whether a name is never data, such as `__proto__`. */
export function isPrivate(name: string): boolean {
  return name.startsWith('__') && name.endsWith('__');
}

/** Lists some names, for a message. */
export function listNames(names: string[]): string {
  if (names.length === 0) return 'none';
  return names.length > 20 ? `${names.slice(0, 20).join(', ')} and ${names.length - 20} more` : names.join(', ');
}
