import type { Budget } from './budget.ts';
import { KEYS_BY_NUMBER } from './dialect.ts';
import { typeError } from './errors.ts';
import { spell } from './spelling.ts';
import { defined, describeKind, isDict, numberOf, type Value } from './values.ts';

/** Returns a value as the key of a dictionary: keys are text, as in JSON. */
export function keyText(key: Value, budget: Budget): string {
  const known = defined(key);
  if (known === null || typeof known === 'boolean') return String(known);
  if (typeof known === 'string' || numberOf(known) !== null) return spell(known, budget);
  throw typeError(`${describeKind(known)} cannot be a key`);
}

/** Returns the key that a value looks for in a dictionary: its text, or null for a value that is not a key. In dialect 1 only text is. */
export function keySought(value: Value, budget: Budget): string | null {
  const known = defined(value);
  if (typeof known === 'string') return known;
  if (budget.dialect < KEYS_BY_NUMBER) return null;
  if (known === null || numberOf(known) !== null) return keyText(known, budget);
  if (Array.isArray(known) || isDict(known)) throw typeError(`${describeKind(known)} cannot be a key`);
  return null;
}
