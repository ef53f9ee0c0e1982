import type { Json, JsonObject } from '../model/json.ts';

/** Secrets that are shorter could be anything, and are left as they are. */
const SHORTEST = 8;

const MASK = '********';

/** Hides secrets wherever they come back: texts in any JSON, and its keys. */
export type Mask = <T extends Json>(value: T) => T;

/** Makes it for some secrets. */
export function maskOf(secrets: JsonObject): Mask {
  const hidden = writingsOf(secrets)
    .filter(({ length }) => length >= SHORTEST)
    // The longest first: one may be a part of another.
    .sort((a, b) => b.length - a.length);
  if (hidden.length === 0) return (value) => value;
  const hide = (text: string) => hidden.reduce((left, secret) => left.replaceAll(secret, MASK), text);
  const mask = (value: Json): Json => {
    if (typeof value === 'string') return hide(value);
    if (Array.isArray(value)) return value.map(mask);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [hide(key), mask(entry)]));
  };
  return (value) => mask(value) as typeof value;
}

/** Makes what recognizes a text that holds one of some secrets, short ones included, however Fermata has written it. */
export function secretDetector(secrets: JsonObject): (text: string) => boolean {
  const forms = writingsOf(secrets).filter((form) => form !== '');
  return (text) => forms.some((form) => text.includes(form));
}

/** Every form in which Fermata writes secrets, and the passwords of those that are URLs. */
function writingsOf(secrets: JsonObject): string[] {
  return Object.values(secrets).flatMap((secret) =>
    typeof secret === 'string' ? [secret, ...passwordIn(secret)].flatMap(writings) : [],
  );
}

/** The password of a URL, as it is written there and as it is. */
function passwordIn(text: string): string[] {
  if (!URL.canParse(text)) return [];
  const { password } = new URL(text);
  return password === '' ? [] : [password, decodeURIComponent(password)];
}

/** A secret as it may be written: as it is, in a URL, in its host, in a form, in a text of JSON. */
function writings(secret: string): string[] {
  // Half a character is nothing that a URL could hold.
  const inUrl = /\p{Surrogate}/u.test(secret) ? secret : encodeURIComponent(secret);
  const inForm = new URLSearchParams({ '': secret }).toString().slice(1);
  return [...new Set([secret, inUrl, secret.toLowerCase(), inForm, JSON.stringify(secret).slice(1, -1)])];
}
