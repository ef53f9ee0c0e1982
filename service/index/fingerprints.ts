import { sha256Hex } from '../access/hash.ts';

/** The hexadecimal digits of a fingerprint, and the characters of a message that it is made from. */
const DIGITS = 16;
const LONGEST = 8_192;

/** The parts of messages that differ from one failure to the next, in the order in which they are replaced. */
const VARIABLE: readonly [RegExp, string][] = [
  [/\b[a-z][a-z\d+.-]{0,20}:\/\/[^\s"'`<>]+/gi, '<url>'],
  [/"[^"]*"|`[^`]*`|(?<!\w)'[^']*'(?!\w)/g, '<text>'],
  [/\b[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\b/gi, '<uuid>'],
  [/\b(0x)?[\da-f]{8,}\b/gi, '<hex>'],
  [/\d+([.,]\d+)*/g, '<number>'],
];

/** The parts of a failure by which it is like others. */
export interface FailureKind {
  code: string;
  /** Null for a failure of no task. */
  task: string | null;
  message: string;
}

/**
 * Returns the fingerprint of a failure: failures with the same code and task, whose messages differ in URLs, quoted texts, UUIDs, long
 * hexadecimal numbers and numbers alone, have the same one.
 */
export function computeFingerprint({ code, task, message }: FailureKind): string {
  return sha256Hex(JSON.stringify([code, task, withoutVariables(message)])).slice(0, DIGITS);
}

function withoutVariables(message: string): string {
  return VARIABLE.reduce((text, [part, placeholder]) => text.replaceAll(part, placeholder), message.slice(0, LONGEST));
}
