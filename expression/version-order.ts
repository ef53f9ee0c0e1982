// biome-ignore format: one line a part
const SEMANTIC = /^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/**
 * The order of two versions: -1, 0 or 1. Two of Semantic Versioning 2.0 are compared by its rules, without what stands behind `+`; others by
 * their parts between `.`, `-` and `+`, where a word is less than a number, and less than nothing.
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

/** Digits of any number, which may be too many for a number. */
function compareNumbers(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+(?=\d)/, ''), b.replace(/^0+(?=\d)/, '')];
  if (x.length !== y.length) return x.length < y.length ? -1 : 1;
  return x === y ? 0 : x < y ? -1 : 1;
}

function comparePreReleases(a: string[], b: string[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [x, y] = [a[index], b[index]];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const [first, second] = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (first !== second) return first ? -1 : 1;
    const order = first ? compareNumbers(x, y) : x === y ? 0 : x < y ? -1 : 1;
    if (order !== 0) return order;
  }
  return 0;
}

function compareParts(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(/[.+-]/)) as [string[], string[]];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [x, y] = [left[index], right[index]];
    const isWord = (part: string | undefined): boolean => part !== undefined && !/^\d+$/.test(part);
    // A version with a word more is a pre-release of the one without.
    if (x === undefined) return isWord(y) ? 1 : -1;
    if (y === undefined) return isWord(x) ? -1 : 1;
    if (isWord(x) !== isWord(y)) return isWord(x) ? -1 : 1;
    const order = isWord(x) ? (x === y ? 0 : x < y ? -1 : 1) : compareNumbers(x, y);
    if (order !== 0) return order;
  }
  return 0;
}
