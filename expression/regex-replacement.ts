import type { Budget } from './budget.ts';
import { typeError } from './errors.ts';

/** The groups that a pattern has: how many, and the numbers of those with a name. */
interface Groups {
  count: number;
  names: Readonly<Record<string, number>>;
}

const ESCAPES: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\' };

/**
 * Parses a replacement in Python's words into texts and numbers of groups: `\1` to `\99`, `\g<1>`, `\g<0>` for the whole match,
 * `\g<name>`, `\\`, `\n` and its like, and octal numbers. Anything else stands for itself, `$` too. Throws on a group that the pattern
 * does not have, and on a letter that means nothing behind a backslash.
 */
export function parseReplacement(text: string, groups: Groups, budget: Budget): (string | number)[] {
  budget.work(1 + text.length / 8);
  const parts: (string | number)[] = [];
  let literal = '';
  const group = (number: number): void => {
    if (number > groups.count) throw typeError(`the pattern has no group ${number}`);
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push(number);
  };
  let index = 0;
  while (index < text.length) {
    const next = text.indexOf('\\', index);
    if (next === -1) break;
    literal += text.slice(index, next);
    const [octal] = /^(?:0[0-7]{0,2}|[0-3][0-7]{2})/.exec(text.slice(next + 1, next + 4)) ?? [];
    const [digits] = /^[1-9]\d?/.exec(text.slice(next + 1, next + 3)) ?? [];
    const letter = text[next + 1];
    if (letter === undefined) throw typeError('the replacement ends with a backslash; it is written \\\\');
    if (octal !== undefined) {
      literal += String.fromCharCode(Number.parseInt(octal, 8));
      index = next + 1 + octal.length;
    } else if (digits !== undefined) {
      group(Number(digits));
      index = next + 1 + digits.length;
    } else if (letter === 'g') {
      const close = text.indexOf('>', next);
      if (text[next + 2] !== '<' || close === -1)
        throw typeError('a group is written \\g<name> or \\g<1> in a replacement');
      group(numberOfGroup(text.slice(next + 3, close), groups));
      index = close + 1;
    } else {
      if (!Object.hasOwn(ESCAPES, letter) && /[a-zA-Z]/.test(letter)) {
        throw typeError(`\\${letter} means nothing in a replacement; a backslash is written \\\\`);
      }
      literal += ESCAPES[letter] ?? `\\${letter}`;
      index = next + 2;
    }
  }
  literal += text.slice(index);
  if (literal !== '') parts.push(literal);
  return parts;
}

function numberOfGroup(name: string, { names }: Groups): number {
  if (/^\d{1,9}$/.test(name)) return Number(name);
  if (!Object.hasOwn(names, name)) throw typeError(`the pattern has no group '${name.slice(0, 50)}'`);
  return names[name]!;
}
