import { randomBytes } from 'node:crypto';

/** Bytes that keep a hidden parameter from being guessed by the digest of a question. */
const BYTES = 16;

/** Creates what a run's parameters are hashed with, as hexadecimal. */
export function createBlind(): string {
  return randomBytes(BYTES).toString('hex');
}
