const MARK = '…';

/**
 * Returns a text that UTF-8 can encode, at most `most` UTF-16 units long: lone surrogates become U+FFFD, and a longer text is cut and
 * ends with `…`.
 */
export function boundedText(text: string, most: number): string {
  return (text.length <= most ? text : text.slice(0, most - MARK.length) + MARK).toWellFormed();
}

/** The message about a name that `isStorableText` refuses. */
export const NOT_STORABLE = 'must not contain U+0000 or an unpaired surrogate';

/** Returns whether Postgres stores a text as it is. */
export function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/** Returns a text that Postgres can store: lone surrogates and U+0000, which its `text` lacks, become U+FFFD. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

/** Replaces the percent-escapes of a text by the characters that they are in UTF-8; null if one is not UTF-8. */
export function decodeEscapes(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
