/** Events whose types begin so come from Fermata alone. */
export const RESERVED_PREFIX = 'io.fermata.';

/** Returns whether only Fermata itself can send events of a type. */
export function isReservedType(type: string): boolean {
  return type.startsWith(RESERVED_PREFIX);
}

/** Matches an exact type of events, or a pattern whose last segment alone is `*`. */
export const TYPE_PATTERN = /^([!-)+-~]{1,200}|\*|[!-)+-~]{1,197}\.\*)$/;

/** The message about a pattern that does not match. */
export const TYPE_PATTERN_RULE = 'must be a type, or end in ".*", which stands for any deeper type, or be "*"';

/** Returns the beginning that the types of a pattern have, with its last dot; null for an exact type. */
export function patternPrefix(pattern: string): string | null {
  return pattern.endsWith('*') ? pattern.slice(0, -1) : null;
}
