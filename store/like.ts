/** Returns a LIKE pattern that finds a text anywhere, with LIKE's wildcards escaped. */
export function likePattern(text: string): string {
  return `%${escapeLike(text)}%`;
}

/** Returns a LIKE pattern in which only `*` is a wildcard. */
export function wildcardPattern(text: string): string {
  return escapeLike(text).replaceAll('*', '%');
}

function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, (character) => `\\${character}`);
}
