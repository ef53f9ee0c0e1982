/**
 * Matches every signal name that a caller may send or await. Names with two leading underscores are reserved for Fermata. Free of
 * lookahead, so that JSON Schema patterns can use it too.
 */
export const SIGNAL_NAME = /^(_?[^_]|_$)/;

/** Returns whether a signal name is reserved for Fermata. */
export function isReservedSignal(name: string): boolean {
  return name.startsWith('__');
}
