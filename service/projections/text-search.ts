/** Replaces every occurrence of a text in others. */
export type Replacer = (text: string) => string;

/** Parts below this length are left to the runtime's search, whose time is at most the product of both lengths. */
const SHORT = 8;

/** The most comparisons that the runtime's search may need where it looks first whether a text has a part at all. */
const FEW = 4_096;

/**
 * Creates a replacer for a part, which is not empty. Its time grows with the length of the text alone, whatever the part looks like
 * (Knuth, Morris and Pratt), which does not hold for `replaceAll`.
 */
export function createReplacer(part: string, by: string): Replacer {
  if (part.length < SHORT) return (text) => text.replaceAll(part, by);
  let known: Int32Array | null = null;

  return (text) => {
    if (text.length < part.length) return text;
    if (text.length * part.length <= FEW && !text.includes(part)) return text;
    known ??= bordersOf(part);
    const pieces: string[] = [];
    let copied = 0;
    let matched = 0;
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      while (matched > 0 && part.charCodeAt(matched) !== unit) matched = known[matched - 1]!;
      if (part.charCodeAt(matched) === unit) matched += 1;
      if (matched < part.length) continue;
      pieces.push(text.slice(copied, index + 1 - part.length), by);
      copied = index + 1;
      matched = 0;
    }
    return copied === 0 ? text : pieces.join('') + text.slice(copied);
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
