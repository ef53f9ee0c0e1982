// biome-ignore format: one line a part
const SEMANTIC = /^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/**
 * Compares two versions: -1, 0 or 1. Two of Semantic Versioning 2.0 are compared by its rules, without the part behind `+`; others by
 * their parts between `.`, `-` and `+`, where a word is less than a number, and less than a missing part.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [SEMANTIC.exec(a), SEMANTIC.exec(b)];
  if (left === null || right === null) return compareParts(a, b);
  for (const index of [1, 2, 3]) {
    const order = compareNumbers(left[index]!, right[index]!);
    if (order !== 0) return order;
  }
  const [before, after] = [left[4], right[4]];
  if (before === undefined || after === undefined) return Number(before === undefined) - Number(after === undefined);
  return comparePreReleases(before.split('.'), after.split('.'));
}

/** Compares digits of any number, which may be too many for a number. */
function compareNumbers(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+(?=\d)/, ''), b.replace(/^0+(?=\d)/, '')];
  if (x.length !== y.length) return x.length < y.length ? -1 : 1;
  return compareTexts(x, y);
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Compares two lists by their first parts that differ; a part is undefined where the other list is longer. */
function compareLists(
  a: readonly string[],
  b: readonly string[],
  compare: (a: string | undefined, b: string | undefined) => number,
): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const order = compare(a[index], b[index]);
    if (order !== 0) return order;
  }
  return 0;
}

function isDigits(part: string): boolean {
  return /^\d+$/.test(part);
}

function comparePreReleases(a: string[], b: string[]): number {
  return compareLists(a, b, (x, y) => {
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    if (isDigits(x) !== isDigits(y)) return isDigits(x) ? -1 : 1;
    return isDigits(x) ? compareNumbers(x, y) : compareTexts(x, y);
  });
}

function compareParts(a: string, b: string): number {
  return compareLists(a.split(/[.+-]/), b.split(/[.+-]/), (x, y) => {
    // A version with an additional word is a pre-release of the one without.
    if (x === undefined || y === undefined) {
      const order = isDigits(x ?? y!) ? -1 : 1;
      return x === undefined ? order : -order;
    }
    if (isDigits(x) !== isDigits(y)) return isDigits(x) ? 1 : -1;
    return isDigits(x) ? compareNumbers(x, y) : compareTexts(x, y);
  });
}
