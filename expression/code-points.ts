// Python counts and orders text by code point, JavaScript by UTF-16 unit. A lone half of a surrogate pair is a code point too.

const isHigh = (unit: number): boolean => (unit & 0xfc00) === 0xd800;
const isLow = (unit: number): boolean => (unit & 0xfc00) === 0xdc00;

/** Returns whether a code point of two units begins at an index. */
function isPair(text: string, index: number): boolean {
  return isHigh(text.charCodeAt(index)) && isLow(text.charCodeAt(index + 1));
}

/** Counts the code points of a text, up to a unit that begins one. */
export function countPoints(text: string, end = text.length): number {
  let count = end;
  for (let index = 0; index < end; index += 1) {
    if (!isPair(text, index)) continue;
    count -= 1;
    index += 1;
  }
  return count;
}

/** Returns the unit at which the code point with a number begins, counted from 0; the length of the text beyond its end. */
export function findUnit(text: string, point: number): number {
  let unit = 0;
  for (let passed = 0; passed < point && unit < text.length; passed += 1) unit += isPair(text, unit) ? 2 : 1;
  return unit;
}

/** Returns the unit at which the code point before a unit begins. */
export function pointBefore(text: string, unit: number): number {
  return unit >= 2 && isPair(text, unit - 2) ? unit - 2 : unit - 1;
}

/** Returns the code point that begins at a unit, as text; empty at the end. */
export function pointAt(text: string, unit: number): string {
  return text.slice(unit, unit + (isPair(text, unit) ? 2 : 1));
}

/** Returns the number of units that two texts have in common at their beginning. */
export function commonUnits(a: string, b: string): number {
  const size = Math.min(a.length, b.length);
  let index = 0;
  while (index < size && a.charCodeAt(index) === b.charCodeAt(index)) index += 1;
  return index;
}

/** Compares two texts by code point, given the units that they have in common: negative, zero or positive. */
export function orderAfter(a: string, b: string, common: number): number {
  // Where only the second half of a pair differs, or one text has a pair and the other one half of it, the pairs are compared.
  const split = common > 0 && isHigh(a.charCodeAt(common - 1));
  const start = split && (isLow(a.charCodeAt(common)) || isLow(b.charCodeAt(common))) ? common - 1 : common;
  const [left, right] = [a.codePointAt(start), b.codePointAt(start)];
  return left === undefined || right === undefined ? a.length - b.length : left - right;
}
