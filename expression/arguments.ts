import { typeError } from './errors.ts';
import { defined, kindOf, numberOf, spell, truthy, type Value } from './values.ts';

/** An argument as an integer, or what it is when it was left out. */
export function integer(value: Value | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  const number = numberOf(defined(value));
  if (number === null || !Number.isInteger(number)) throw typeError(`an integer is expected, not ${kindOf(value)}`);
  return number;
}

/** An argument as text. */
export function text(value: Value | undefined, otherwise = ''): string {
  if (value === undefined) return otherwise;
  const known = defined(value);
  if (typeof known !== 'string') throw typeError(`a string is expected, not ${kindOf(known)}`);
  return known;
}

/** A value as text, whatever it is: what Jinja2's filters for strings do. */
export function soft(value: Value): string {
  return spell(value);
}

/** An argument as a flag. */
export function flag(value: Value | undefined, otherwise = false): boolean {
  return value === undefined ? otherwise : truthy(value);
}
