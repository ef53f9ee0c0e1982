import { typeError } from './errors.ts';
import { isSpace } from './text-edits.ts';

const BASES: Record<string, number> = { '0x': 16, '0o': 8, '0b': 2 };
const DIGITS = /^[0-9a-z]+(?:_[0-9a-z]+)*$/;
const FLOAT = /^[-+]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:e[-+]?\d+(?:_\d+)*)?$/;
const ENDLESS = /^[-+]?(?:inf|infinity|nan)$/;

function trimmed(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isSpace(text[start]!)) start += 1;
  while (end > start && isSpace(text[end - 1]!)) end -= 1;
  return text.slice(start, end).toLowerCase();
}

/** Replaces every decimal digit of a text by the ASCII digit of the same value. */
export function asciiDigits(text: string): string {
  return text.replace(/(?![0-9])\p{Nd}/gu, (digit) => {
    // Unicode keeps the ten digits of a script in one run, from 0 to 9.
    const code = digit.codePointAt(0)!;
    let before = 0;
    while (/\p{Nd}/u.test(String.fromCodePoint(code - before - 1))) before += 1;
    return String(before % 10);
  });
}

/** Parses an integer as Python's `int(text, base)` does; null: the text is not an integer. Throws beyond 2^53. */
export function parseIntegerText(text: string, base: number): number | null {
  if (base !== 0 && (base < 2 || base > 36)) return null;
  const written = trimmed(text);
  const sign = written.startsWith('-') ? -1 : 1;
  const unsigned = written.replace(/^[-+]/, '');
  const prefix = BASES[unsigned.slice(0, 2)];
  const prefixed = prefix !== undefined && (base === 0 || base === prefix);
  const digits = prefixed ? unsigned.slice(2).replace(/^_/, '') : unsigned;
  const radix = prefixed ? prefix : base === 0 ? 10 : base;
  if (!DIGITS.test(digits) || (base === 0 && !prefixed && /^0[0_]*[1-9]/.test(digits))) return null;
  let value = 0;
  for (const digit of digits.replaceAll('_', '')) {
    const one = Number.parseInt(digit, 36);
    if (one >= radix) return null;
    value = value * radix + one;
  }
  if (!Number.isSafeInteger(value)) throw typeError('the number is beyond 2^53');
  return sign * value || 0;
}

/**
 * Parses a number as Python's `float(text)` does; null: the text is not a number. Infinite for `inf`, `nan` and numbers that are too large.
 */
export function parseFloatText(text: string): number | null {
  const written = trimmed(text);
  if (ENDLESS.test(written)) return Number.POSITIVE_INFINITY;
  return FLOAT.test(written) ? Number(written.replaceAll('_', '')) : null;
}
