import { z } from 'zod';
import { isReservedType, patternPrefix, TYPE_PATTERN, TYPE_PATTERN_RULE } from '../events/type-pattern.ts';

/** Most characters of the type of an event. */
const MAX_TYPE = 200;

/** The type of an event: visible ASCII without `*`, in segments between dots. */
export const EventTypeSchema = z
  .string()
  .min(1)
  .max(MAX_TYPE)
  .regex(/^[!-)+-~]*$/, 'must be visible ASCII characters without "*"');

/** The type of the events that a rule is about: a type, or a pattern whose last segment alone is `*`. */
export const EventPatternSchema = z.string().regex(TYPE_PATTERN, TYPE_PATTERN_RULE);

/**
 * Returns the prefixes of the patterns that match a type, the shortest first. Only patterns that begin with `io.fermata.` match the types
 * of Fermata's own events.
 */
export function listPrefixes(type: string): string[] {
  const prefixes = [''];
  for (let dot = type.indexOf('.'); dot !== -1 && dot < type.length - 1; dot = type.indexOf('.', dot + 1)) {
    prefixes.push(type.slice(0, dot + 1));
  }
  return isReservedType(type) ? prefixes.filter(isReservedType) : prefixes;
}

/** Returns the type itself and the patterns that match it. */
export function listPatterns(type: string): string[] {
  return [type, ...listPrefixes(type).map((prefix) => `${prefix}*`)];
}

/** Returns whether a pattern matches a type. */
export function matchesPattern(pattern: string, type: string): boolean {
  const prefix = patternPrefix(pattern);
  if (prefix === null) return pattern === type;
  return type.length > prefix.length && type.startsWith(prefix) && (!isReservedType(type) || isReservedType(prefix));
}
