/**
 * What is wrong with something that a person wrote: many at once, as data.
 * `path` is a JSON pointer (RFC 6901) from the root of the request body; line and column are those inside a template.
 */
export interface Issue {
  code: string;
  path: string;
  message: string;
  line?: number;
  column?: number;
}

/** A JSON pointer for a path of keys and indexes. */
export function jsonPointer(path: readonly (string | number | symbol)[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The candidate nearest to a misspelt word, if one is near enough to have been meant. */
export function nearestWord(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** ` Did you mean "x"?`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const nearest = nearestWord(word, candidates);
  return nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
}

function editDistance(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) >= bound) return bound;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const change = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(change, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}

/** ` (and 2 more)` after the first of several issues, or nothing. */
export function andMore(issues: readonly Issue[]): string {
  return issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
}

/** All issues in one line, for a message; `what` names the value as a whole. */
export function issuesText(issues: readonly Issue[], what: string): string {
  return issues.map(({ path, message }) => `${path === '' ? what : path} ${message}`).join('; ');
}
