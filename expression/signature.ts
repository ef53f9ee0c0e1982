/** The arguments that a filter, test, method or function takes. */
export interface Signature {
  /** Parameters that are given by position or by name, in order. */
  parameters: readonly string[];
  /** The number of parameters that must be given. */
  required: number;
  /** Whether parameters can be given by position only. */
  positionalOnly: boolean;
  /** Parameters that are given by name only. */
  byName: readonly string[];
  /** Whether it takes more arguments by position than it names. */
  variadic: boolean;
  /** Whether it takes arguments with any other name. */
  anyName: boolean;
}

/**
 * Parses a signature: names in order, with `!` behind those that must be given; `*` takes any further arguments by position, and names
 * behind it are given by name only; `**` takes any name; with a final `/`, nothing is given by name.
 */
export function parseSignature(text: string): Signature {
  const words = text === '' ? [] : text.split(' ');
  const star = words.indexOf('*');
  const named = (part: string[]): string[] => part.filter((word) => /^\w/.test(word));
  const parameters = named(star === -1 ? words : words.slice(0, star));
  return {
    parameters: parameters.map((word) => word.replace('!', '')),
    required: parameters.filter((word) => word.endsWith('!')).length,
    positionalOnly: words.includes('/'),
    byName: star === -1 ? [] : named(words.slice(star)),
    variadic: star !== -1,
    anyName: words.includes('**'),
  };
}

/**
 * Returns what is wrong with arguments, so many by position and some by name; null: nothing. `name` is the name of the called operation.
 */
export function argumentFault(
  name: string,
  signature: Signature,
  count: number,
  names: readonly string[],
): string | null {
  const { parameters, required, positionalOnly, byName, variadic, anyName } = signature;
  if (!variadic && count > parameters.length) {
    if (parameters.length === 0) return `${name} takes no arguments`;
    return `${name} takes at most ${parameters.length} arguments, not ${count}`;
  }
  for (const [index, given] of names.entries()) {
    const place = positionalOnly ? -1 : parameters.indexOf(given);
    if (names.indexOf(given) < index || (place !== -1 && place < count)) return `${name} is given '${given}' twice`;
    if (place === -1 && !byName.includes(given) && !anyName) return `${name} has no argument '${given}'`;
  }
  for (const needed of parameters.slice(count, required)) {
    if (positionalOnly || !names.includes(needed)) return `${name} needs the argument '${needed}'`;
  }
  return null;
}
