import type { Fault } from './events.ts';
import { BYTES_REFUSED } from './versions.ts';

/** The key of the marker that stands for a payload that cannot be read; codec/payload-converter.cjs makes such markers. */
const UNREADABLE = Symbol.for('fermata.unreadable');

/** Characters of an encoding's name that are repeated in a message. */
const MAX_NAME = 100;

/**
 * Returns the encoding of the payload that a decoded value stands for, as a run of this interpreter version takes it; null for
 * a value that is JSON.
 */
export function unreadableEncoding(value: unknown, interpreter: number): string | null {
  if (typeof value !== 'object' || value === null) return null;
  if (value instanceof Uint8Array) return interpreter < BYTES_REFUSED ? null : 'binary/plain';
  const encoding = (value as { [UNREADABLE]?: unknown })[UNREADABLE];
  return typeof encoding === 'string' ? encoding : null;
}

/** Returns why a run of this interpreter version refuses a payload with this encoding; null when it takes it. */
export function refusedEncoding(encoding: string, isJson: boolean, interpreter: number): string | null {
  if (encoding === 'binary/null' || (encoding === 'json/plain' && isJson)) return null;
  return encoding === 'binary/plain' && interpreter < BYTES_REFUSED ? null : encoding;
}

/** Makes the fault of a task whose output has this encoding, and is refused. */
export function unreadableFault(encoding: string): Fault {
  const message =
    encoding === 'json/plain'
      ? 'the output is not valid JSON'
      : `the output is encoded as "${encoding.slice(0, MAX_NAME)}": outputs are JSON`;
  return { kind: 'application', type: 'output_invalid', message, details: [] };
}
