const MARK = '…';

/**
 * Returns a text that UTF-8 can carry, `most` UTF-16 units long at most: lone surrogates become U+FFFD, and what is too long is
 * cut and ends with `…`.
 */
export function boundedText(text: string, most: number): string {
  return (text.length <= most ? text : text.slice(0, most - MARK.length) + MARK).toWellFormed();
}

/** What is wrong with a name that `isStorableText` refuses. */
export const NOT_STORABLE = 'must not contain U+0000 or an unpaired surrogate';

/** Returns whether Postgres stores a text as it is. */
export function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/** Returns a text that Postgres can store: lone surrogates and U+0000, which its `text` lacks, become U+FFFD. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}
