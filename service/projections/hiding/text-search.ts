/** Finds a text in others. */
export interface TextSearch {
  /** Replaces every occurrence. */
  replace(text: string): string;
  /** Returns how much of the beginning of the text stands in another one just before an index; never all of it. */
  beginningBefore(text: string, end: number): number;
}

/** Parts below this length are left to the runtime's search, whose time is at most the product of both lengths. */
const SHORT = 8;

/** The most comparisons that the runtime's search may need where it looks first whether a text has a part at all. */
const FEW = 4_096;

/**
 * Creates a search for a part, which is not empty. Its time grows with the length of the text alone, whatever the part looks like
 * (Knuth, Morris and Pratt), which does not hold for `replaceAll`.
 */
export function createTextSearch(part: string, by: string): TextSearch {
  let borders: Int32Array | null = null;

  /** Returns how much of the part has been met after a further character. */
  function advance(matched: number, unit: number): number {
    borders ??= bordersOf(part);
    let met = matched;
    while (met > 0 && part.charCodeAt(met) !== unit) met = borders[met - 1]!;
    return part.charCodeAt(met) === unit ? met + 1 : met;
  }

  return {
    replace(text) {
      if (text.length < part.length) return text;
      if (part.length < SHORT) return text.replaceAll(part, by);
      if (text.length * part.length <= FEW && !text.includes(part)) return text;
      const pieces: string[] = [];
      let copied = 0;
      let matched = 0;
      for (let index = 0; index < text.length; index += 1) {
        matched = advance(matched, text.charCodeAt(index));
        if (matched < part.length) continue;
        pieces.push(text.slice(copied, index + 1 - part.length), by);
        copied = index + 1;
        matched = 0;
      }
      return copied === 0 ? text : pieces.join('') + text.slice(copied);
    },

    beginningBefore(text, end) {
      let matched = 0;
      for (let index = Math.max(0, end + 1 - part.length); index < end; index += 1) {
        matched = advance(matched, text.charCodeAt(index));
      }
      return matched;
    },
  };
}

/** Returns, for each prefix of a text, the length of its longest proper prefix that is also its suffix. */
function bordersOf(text: string): Int32Array {
  const borders = new Int32Array(text.length);
  let border = 0;
  for (let index = 1; index < text.length; index += 1) {
    while (border > 0 && text.charCodeAt(border) !== text.charCodeAt(index)) border = borders[border - 1]!;
    if (text.charCodeAt(border) === text.charCodeAt(index)) border += 1;
    borders[index] = border;
  }
  return borders;
}
