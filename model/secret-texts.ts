/**
 * Texts of an input that contain secrets, by their places (JSON pointers): pieces of text, and names of secrets. They are kept separate
 * from the input, so that no value from outside can become a secret.
 */
export type SecretTexts = Record<string, (string | { secret: string })[]>;
