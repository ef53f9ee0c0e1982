import { md5, sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { typeError } from './errors.ts';

// Every JavaScript runtime of the engine has these two; Temporal's sandbox lacks functions for Base64.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (encoding: string, options: object) => { decode(bytes: Uint8Array): string };

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Encodes text as UTF-8 in Base64. */
export function base64Encode(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let result = '';
  for (let index = 0; index < bytes.length; index += 3) {
    const [a, b, c] = [bytes[index]!, bytes[index + 1], bytes[index + 2]];
    result += ALPHABET[a >> 2];
    result += ALPHABET[((a & 3) << 4) | ((b ?? 0) >> 4)];
    result += b === undefined ? '=' : ALPHABET[((b & 15) << 2) | ((c ?? 0) >> 6)];
    result += c === undefined ? '=' : ALPHABET[c & 63];
  }
  return result;
}

/**
 * Decodes Base64 of UTF-8 to text. `exact` refuses a length that Base64 cannot have, and keeps a byte order mark; dialect 1 ignores an
 * extra character, and drops the mark.
 */
export function base64Decode(text: string, { exact = false } = {}): string {
  const padded = text.replace(/\s/g, '').replaceAll('-', '+').replaceAll('_', '/');
  let end = padded.length;
  while (padded[end - 1] === '=') end -= 1;
  const digits = padded.slice(0, end);
  if (exact && end % 4 === 1) throw typeError('the text is no Base64');
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const digit of digits) {
    const value = ALPHABET.indexOf(digit);
    if (value === -1) throw typeError('the text is no Base64');
    held = (held << 6) | value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 255);
    held &= (1 << bits) - 1;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: exact }).decode(Uint8Array.from(bytes));
  } catch {
    throw typeError('what the Base64 holds is no text');
  }
}

/** Percent-encodes text as Python does: `/` stays in a path, a space is `+` in a query. */
export function urlEncode(text: string, query: boolean): string {
  let encoded: string;
  try {
    encoded = encodeURIComponent(text);
  } catch {
    throw typeError('the text has half a character');
  }
  encoded = encoded.replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
  return query ? encoded.replaceAll('%20', '+') : encoded.replaceAll('%2F', '/');
}

/** Decodes percent-encoded text: the inverse of `urlEncode`. */
export function urlDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw typeError('the text is not percent-encoded');
  }
}

const DIGESTS: Record<string, (bytes: Uint8Array) => Uint8Array> = { md5, sha1, sha256, sha512 };

/** Returns a digest of text as UTF-8, in hexadecimal. */
export function digest(text: string, algorithm: string): string {
  const hash = Object.hasOwn(DIGESTS, algorithm) ? DIGESTS[algorithm] : undefined;
  if (hash === undefined)
    throw typeError(`there is no hash '${algorithm}'; there are: ${Object.keys(DIGESTS).join(', ')}`);
  return bytesToHex(hash(new TextEncoder().encode(text)));
}
