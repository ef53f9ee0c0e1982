import type { Budget } from './budget.ts';
import { typeError } from './errors.ts';
import { truthy } from './iteration.ts';
import { defined, describeKind, numberOf, type Value } from './values.ts';

/** Reads an argument as an integer; `otherwise` is the value of an absent one. */
export function integer(value: Value | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  const number = numberOf(defined(value));
  if (number === null || !Number.isInteger(number))
    throw typeError(`an integer is expected, not ${describeKind(value)}`);
  return number;
}

/** Reads an argument as text. */
export function text(value: Value | undefined, otherwise = ''): string {
  if (value === undefined) return otherwise;
  const known = defined(value);
  if (typeof known !== 'string') throw typeError(`a string is expected, not ${describeKind(known)}`);
  return known;
}

/** Reads an argument as a flag. */
export function flag(value: Value | undefined, budget: Budget, otherwise = false): boolean {
  return value === undefined ? otherwise : truthy(value, budget);
}
