import { randomBytes } from 'node:crypto';

/** The number of random bytes. */
const BYTES = 16;

/**
 * Creates the salt with which the parameters of a run are hashed, as hexadecimal: without it, hidden parameters could be guessed from
 * the digest of a question.
 */
export function createBlind(): string {
  return randomBytes(BYTES).toString('hex');
}
