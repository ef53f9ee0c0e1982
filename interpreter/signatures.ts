import { digest } from '../expression/encoding.ts';
import { canonicalJson, type Json, type JsonObject } from '../model/json.ts';
import { verifyEd25519 } from './ed25519.ts';

// Ed25519 for statements. Runs, the API and offline readers verify with the same code, so that no two of them can disagree about the
// encoding of a signature. Temporal's sandbox has neither node:crypto nor asynchronous hashes.

// Declared here because a pure folder has no ambient globals; every JavaScript runtime of the interpreter has it.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };

/** The beginning of every signed text, so that no signature over anything else passes for one over a statement. */
const PREFIX = 'fermata-statement-v1\n';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const SIGNATURE_BYTES = 64;
const KEY_BYTES = 32;

/** The number of valid signatures that are kept so that they need not be verified again. */
const MAX_KNOWN = 10_000;
const known = new Set<string>();

/** Returns the text of a statement that is signed. */
export function signedText(statement: JsonObject): string {
  return PREFIX + canonicalJson(statement);
}

/** Returns the hash of a value that a statement does not show; the salt keeps it from being guessed. */
export function saltedHash(salt: string, value: Json): string {
  return digest(`${salt}\n${canonicalJson(value)}`, 'sha256');
}

/** Returns the hash of both arguments that a run is started with, as they arrive: as JSON. */
export function startContent(input: Json, run: Json): string {
  return digest(canonicalJson([input, run]), 'sha256');
}

/** Returns whether `sig` is the signature of a statement by the key `x`, both base64url (RFC 8032, without ZIP 215). */
export function isSignedBy(x: string, statement: JsonObject, sig: string): boolean {
  const text = signedText(statement);
  const name = nameSignature(x, text, sig);
  if (known.has(name)) return true;
  const [key, signature] = [bytesOf(x, KEY_BYTES), bytesOf(sig, SIGNATURE_BYTES)];
  if (key === null || signature === null || !verifyEd25519(signature, new TextEncoder().encode(text), key))
    return false;
  remember(name);
  return true;
}

/** Remembers a signature that this process has just made with the private key of `x`, so that it need not verify it. */
export function rememberSigned(x: string, statement: JsonObject, sig: string): void {
  remember(nameSignature(x, signedText(statement), sig));
}

function nameSignature(x: string, text: string, sig: string): string {
  return digest(`${x} ${sig} ${text}`, 'sha256');
}

function remember(name: string): void {
  known.add(name);
  const [oldest] = known;
  if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
}

/** Decodes base64url of so many bytes; null for anything else, also for a second spelling of the same bytes. */
function bytesOf(text: string, length: number): Uint8Array | null {
  if (text.length !== Math.ceil((length * 4) / 3)) return null;
  const bytes = new Uint8Array(length);
  let [bits, held, at] = [0, 0, 0];
  for (const character of text) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) return null;
    held = (held << 6) | value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at] = held >> bits;
    at += 1;
    held &= (1 << bits) - 1;
  }
  return held === 0 ? bytes : null;
}
