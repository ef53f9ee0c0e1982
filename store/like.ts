/** A pattern for LIKE that finds text anywhere; what LIKE reads as wildcards in it stands for itself. */
export function likePattern(text: string): string {
  return `%${escapeLike(text)}%`;
}

/** A pattern for LIKE in which `*` alone is a wildcard. */
export function wildcardPattern(text: string): string {
  return escapeLike(text).replaceAll('*', '%');
}

function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, (character) => `\\${character}`);
}
