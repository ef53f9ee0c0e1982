import type { Json, JsonObject } from '../../model/json.ts';
import { listBase64Writings, listWritings } from './writings.ts';

/** Shorter secrets could be part of any text and are only masked as whole values. */
const SHORTEST = 8;

/** The number of digits from which a number that is a secret is masked. */
const SHORTEST_NUMBER = 6;

const MASK = '********';

/** Masks secrets in JSON: in texts, keys and numbers. */
export type SecretMask = <T extends Json>(value: T) => T;

/** Masks the secrets of an attempt. */
export interface Masks {
  mask: SecretMask;
  /** Reports whether a text contains a secret, including short ones, in any form in which Fermata writes it. */
  holdsSecret(text: string): boolean;
  /**
   * Records a text, or bytes, that Fermata encodes as base64, such as credentials or a body. Its base64 is masked as a
   * whole from then on if it contains a secret.
   */
  encoded(written: string | Buffer): void;
  /** Records base64 that Fermata decodes, such as a body. The bytes of secrets in it are secrets from then on, too. */
  decoded(base64: string): void;
}

/** Creates the masks of secrets, by name; values that are not texts are not masked. */
export function createMasks(secrets: JsonObject): Masks {
  const texts = Object.values(secrets).flatMap((secret) =>
    typeof secret === 'string' && secret !== ''
      ? [secret, ...passwordIn(secret), ...placesIn(secret).filter((place) => place.length >= SHORTEST)]
      : [],
  );
  const forms = new Set<string>();
  const whole = new Set<string>();
  const parts = new Set<string>();
  let ordered: string[] | null = null;
  for (const text of texts) note(text);

  function note(text: string): void {
    for (const form of listWritings(text)) {
      forms.add(form);
      whole.add(form);
      if (text.length >= SHORTEST && form.length >= SHORTEST) parts.add(form);
    }
    ordered = null;
  }

  function hide(text: string): string {
    if (whole.has(text)) return MASK;
    // Longest first, since one may be part of another.
    ordered ??= [...parts].sort((a, b) => b.length - a.length);
    return ordered.reduce((left, part) => left.replaceAll(part, MASK), text);
  }

  function mask(value: Json): Json {
    if (typeof value === 'string') return hide(value);
    if (typeof value === 'number') {
      const text = String(value);
      return text.length >= SHORTEST_NUMBER && whole.has(text) ? MASK : value;
    }
    if (Array.isArray(value)) return value.map(mask);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [hide(key), mask(entry)]));
  }

  const holdsSecret = (text: string) => [...forms].some((form) => text.includes(form));
  return {
    mask: (value) => (forms.size === 0 ? value : (mask(value) as typeof value)),
    holdsSecret,
    encoded(written) {
      // Secrets are also known in the form of UTF-8 that was read as Latin-1.
      if (!holdsSecret(typeof written === 'string' ? written : written.toString('latin1'))) return;
      for (const form of listBase64Writings(written)) {
        whole.add(form);
        if (form.length >= SHORTEST) parts.add(form);
      }
      ordered = null;
    },
    decoded(base64) {
      for (const secret of texts) {
        for (const bytes of decodedParts(base64, secret)) {
          note(bytes);
          note(Buffer.from(bytes, 'latin1').toString());
        }
      }
    },
  };
}

/**
 * Returns, as Latin-1, the bytes that a secret in base64 decodes to at each offset, without those shared with other
 * characters.
 */
function decodedParts(base64: string, secret: string): Set<string> {
  const [text, part] = [base64, secret].map((each) => each.replaceAll(/\s/g, '')) as [string, string];
  const found = new Set<string>();
  if (part === '') return found;
  for (let index = text.indexOf(part); index !== -1; index = text.indexOf(part, index + part.length)) {
    // Four characters encode three bytes.
    const [start, end] = [Math.ceil(index / 4) * 4, Math.floor((index + part.length) / 4) * 4];
    if (end > start) found.add(Buffer.from(text.slice(start, end), 'base64').toString('latin1'));
  }
  return found;
}

/**
 * Returns the forms in which messages and servers write an HTTP URL: whole and path, each with and without the query.
 */
function placesIn(text: string): string[] {
  if (!URL.canParse(text)) return [];
  const { protocol, origin, pathname, search } = new URL(text);
  if (!/^https?:$/.test(protocol) || (pathname === '/' && search === '')) return [];
  const path = pathname + search;
  return [origin + path, origin + pathname, path, pathname];
}

/** Returns the password of a URL, encoded and decoded. */
function passwordIn(text: string): string[] {
  if (!URL.canParse(text)) return [];
  const { password } = new URL(text);
  return password === '' ? [] : [password, decodedOf(password)];
}

function decodedOf(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
