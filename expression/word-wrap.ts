import { countPoints, findUnit } from './code-points.ts';

/** How lines are wrapped: to so many code points, and whether words that are longer or have a hyphen are broken. */
interface Rules {
  size: number;
  breakLong: boolean;
  onHyphens: boolean;
}

const SPACE = /[\t-\r ]/;
const LETTER = /[^\P{L}_]/u;
const WORD_OR_MARK = /[\p{L}\p{N}_!"'&.,?]/u;
const WORD = /[\p{L}\p{N}_]/u;

/** Wraps one line as Python's `textwrap` does; an empty line becomes none. */
export function wrapLine(line: string, rules: Rules): string[] {
  const lines: string[] = [];
  const chunks = chunksOf(line, rules.onHyphens).reverse();
  while (chunks.length > 0) {
    // Only the first line may begin with white space.
    if (SPACE.test(chunks.at(-1)![0]!) && lines.length > 0) chunks.pop();
    const taken = takeLine(chunks, rules);
    if (taken.length > 0 && SPACE.test(taken.at(-1)![0]!)) taken.pop();
    if (taken.length > 0) lines.push(taken.join(''));
  }
  return lines;
}

/** Takes the chunks of one line from the end of those that are left: as many as fit, or else a part of one, or one that is too long. */
function takeLine(chunks: string[], { size, breakLong, onHyphens }: Rules): string[] {
  const taken: string[] = [];
  let room = size;
  while (chunks.length > 0 && fits(chunks.at(-1)!, room)) {
    const chunk = chunks.pop()!;
    taken.push(chunk);
    room -= countPoints(chunk);
  }
  const long = chunks.at(-1);
  if (long === undefined || fits(long, size)) return taken;
  if (breakLong) {
    const cut = breakAt(long, room, onHyphens);
    taken.push(long.slice(0, cut));
    chunks[chunks.length - 1] = long.slice(cut);
  } else if (taken.length === 0) taken.push(chunks.pop()!);
  return taken;
}

/** Returns whether a text has at most so many code points; examines no more of them. */
function fits(text: string, room: number): boolean {
  return findUnit(text, room) >= text.length;
}

/** Returns where a word that is too long is broken: behind its last hyphen within the room, or at the end of the room. */
function breakAt(word: string, room: number, onHyphens: boolean): number {
  const end = findUnit(word, room);
  if (!onHyphens || end === word.length) return end;
  const piece = word.slice(0, end);
  const hyphen = piece.lastIndexOf('-');
  return hyphen > 0 && /[^-]/.test(piece.slice(0, hyphen)) ? hyphen + 1 : end;
}

/** Returns the pieces between which a line may be broken: runs of white space, and words or their parts. */
function chunksOf(line: string, onHyphens: boolean): string[] {
  const points = [...line];
  const chunks: string[] = [];
  let start = 0;
  const cut = (end: number): void => {
    if (end > start) chunks.push(points.slice(start, end).join(''));
    start = end;
  };
  for (let index = 0; index < points.length; index += 1) {
    const space = SPACE.test(points[index]!);
    if (index > 0 && space !== SPACE.test(points[index - 1]!)) cut(index);
    if (space || !onHyphens || points[index] !== '-') continue;
    const dashes = dashesAt(points, index);
    if (dashes > 0) {
      // A dash between words is a separate piece.
      cut(index);
      cut(index + dashes);
      index += dashes - 1;
    } else if (endsPart(points, index) && index >= start) cut(index + 1);
  }
  cut(points.length);
  return chunks;
}

const has = (pattern: RegExp, point: string | undefined): boolean => point !== undefined && pattern.test(point);

/** Returns the number of hyphens that make a dash between two words here; 0: there is no dash. */
function dashesAt(points: readonly string[], index: number): number {
  if (points[index - 1] === '-' || !has(WORD_OR_MARK, points[index - 1])) return 0;
  let end = index;
  while (points[end] === '-') end += 1;
  return end - index >= 2 && has(WORD, points[end]) ? end - index : 0;
}

/** Returns whether a hyphen stands between parts of a word, with at least two letters in front. */
function endsPart(points: readonly string[], index: number): boolean {
  const letter = (at: number): boolean => has(LETTER, points[at]);
  const before =
    (letter(index - 1) && letter(index - 2)) ||
    (has(WORD_OR_MARK, points[index - 1]) && points[index - 2] === '-' && letter(index - 3));
  if (!before) return false;
  return letter(index + 1) && (letter(index + 2) || (points[index + 2] === '-' && letter(index + 3)));
}
