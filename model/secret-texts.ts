/**
 * Texts of an input that have secrets in them, by the place of each (a JSON pointer): pieces of text, and names of secrets. It
 * stands beside the input, so that nothing which comes from outside can become one.
 */
export type SecretTexts = Record<string, (string | { secret: string })[]>;
