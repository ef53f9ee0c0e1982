import type { Json, JsonObject } from '../model/json.ts';
import { base64TextsOf, writingsOf } from './writings.ts';

/** Secrets that are shorter could be a part of anything, and are hidden as a whole value alone. */
const SHORTEST = 8;

/** Digits from which on a number is hidden that is a secret. */
const SHORTEST_NUMBER = 6;

const MASK = '********';

/** Hides secrets wherever they come back: texts in any JSON, its keys, and numbers. */
export type Mask = <T extends Json>(value: T) => T;

/** What hides the secrets of an attempt. */
export interface Masks {
  mask: Mask;
  /** Whether a text holds a secret, short ones included, however Fermata has written it. */
  holdsSecret(text: string): boolean;
  /**
   * Notes a text, or bytes, that Fermata encodes as base64, such as an account or a body. From then on its base64 is hidden as a whole
   * where it holds a secret.
   */
  encoded(written: string | Buffer): void;
  /** Notes base64 that Fermata decodes, such as a body. From then on, the bytes that a secret in it stands for are a secret as well. */
  decoded(base64: string): void;
}

/** Creates it for some secrets, by name; values that are no text are not hidden. */
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
    for (const form of writingsOf(text)) {
      forms.add(form);
      whole.add(form);
      if (text.length >= SHORTEST && form.length >= SHORTEST) parts.add(form);
    }
    ordered = null;
  }

  function hide(text: string): string {
    if (whole.has(text)) return MASK;
    // The longest first: one may be a part of another.
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
      // Secrets are known as UTF-8 that is read as Latin-1, too.
      if (!holdsSecret(typeof written === 'string' ? written : written.toString('latin1'))) return;
      for (const form of base64TextsOf(written)) {
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

/** Returns, as Latin-1, the bytes that each place of a secret within base64 stands for, without those that it shares with other characters. */
function decodedParts(base64: string, secret: string): Set<string> {
  const [text, part] = [base64, secret].map((each) => each.replaceAll(/\s/g, '')) as [string, string];
  const found = new Set<string>();
  if (part === '') return found;
  for (let index = text.indexOf(part); index !== -1; index = text.indexOf(part, index + part.length)) {
    // Four characters are three bytes.
    const [start, end] = [Math.ceil(index / 4) * 4, Math.floor((index + part.length) / 4) * 4];
    if (end > start) found.add(Buffer.from(text.slice(start, end), 'base64').toString('latin1'));
  }
  return found;
}

/** Returns how messages and servers write a URL of HTTP, each with and without its query: as a whole, and its path alone. */
function placesIn(text: string): string[] {
  if (!URL.canParse(text)) return [];
  const { protocol, origin, pathname, search } = new URL(text);
  if (!/^https?:$/.test(protocol) || (pathname === '/' && search === '')) return [];
  const path = pathname + search;
  return [origin + path, origin + pathname, path, pathname];
}

/** The password of a URL, as it is written there and as it is. */
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
