/** A value that JSON can hold. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

/** A JSON object. Only own keys count. */
export interface JsonObject {
  [key: string]: Json;
}

/** Returns whether a value is a JSON object: neither null nor a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the value of an own key, or undefined: inherited names never count as data. */
export function ownValue<T>(object: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Orders text by UTF-16 code unit, the same in every process and locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Returns a text as it is, and any other value as JSON. */
export function plainText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Writes JSON with keys sorted by code unit: equal values give equal text, which can be hashed and compared. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (isJsonObject(value)) {
    const entries = Object.keys(value).sort(compareText);
    return `{${entries.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** The number of levels of nesting that a definition or an input may have. */
export const MAX_DEPTH = 100;

/** Counts levels of nesting: 0 for a scalar, 1 for `[]`. Stops just above `limit`. */
export function jsonDepth(value: unknown, limit: number): number {
  let depth = 0;
  let level: unknown[] = [value];
  while (depth <= limit) {
    const next: unknown[] = [];
    let nested = false;
    for (const entry of level) {
      if (typeof entry !== 'object' || entry === null) continue;
      nested = true;
      for (const child of Object.values(entry)) next.push(child);
    }
    if (!nested) return depth;
    depth += 1;
    level = next;
  }
  return depth;
}

/**
 * Returns whether a value takes more than `limit` characters as JSON, without escapes and punctuation; examines no more of it than
 * that. A part that stands in several places counts in each.
 */
export function exceedsLength(value: unknown, limit: number): boolean {
  let left = limit;
  const visit = (part: unknown): void => {
    left -= typeof part === 'string' ? part.length : 4;
    if (left < 0 || typeof part !== 'object' || part === null) return;
    for (const [key, field] of Object.entries(part)) {
      if (!Array.isArray(part)) left -= key.length;
      visit(field);
      if (left < 0) return;
    }
  };
  visit(value);
  return left < 0;
}

/** Returns the number of bytes that a value takes as JSON. */
export function jsonSize(value: unknown): number {
  return utf8Length(JSON.stringify(value));
}

const BEYOND_ASCII = /[\u0080-\uffff]/;

/** Returns the number of bytes of text as UTF-8, without encoding it. */
export function utf8Length(text: string): number {
  // Looking for what needs more than a byte is much faster than looking at each unit, and most JSON has none of it.
  if (!BEYOND_ASCII.test(text)) return text.length;
  let bytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit <= 0x7f) bytes += 1;
    else if (unit <= 0x7ff) bytes += 2;
    else if (unit >= 0xd800 && unit <= 0xdbff && index + 1 < text.length) {
      bytes += 4;
      index += 1;
    } else bytes += 3;
  }
  return bytes;
}
