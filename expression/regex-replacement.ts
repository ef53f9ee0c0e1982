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
  let index = 0;
  for (let next = text.indexOf('\\'); next !== -1; next = text.indexOf('\\', index)) {
    literal += text.slice(index, next);
    const { part, end } = escapeAt(text, next, groups);
    index = end;
    if (typeof part === 'string') literal += part;
    else {
      if (part > groups.count) throw typeError(`the pattern has no group ${part}`);
      if (literal !== '') parts.push(literal);
      literal = '';
      parts.push(part);
    }
  }
  literal += text.slice(index);
  if (literal !== '') parts.push(literal);
  return parts;
}

/** Reads the escape at a backslash: a text, or the number of a group, and the index behind it. */
function escapeAt(text: string, at: number, groups: Groups): { part: string | number; end: number } {
  const [octal] = /^(?:0[0-7]{0,2}|[0-3][0-7]{2})/.exec(text.slice(at + 1, at + 4)) ?? [];
  if (octal !== undefined) return { part: String.fromCharCode(Number.parseInt(octal, 8)), end: at + 1 + octal.length };
  const [digits] = /^[1-9]\d?/.exec(text.slice(at + 1, at + 3)) ?? [];
  if (digits !== undefined) return { part: Number(digits), end: at + 1 + digits.length };
  const letter = text[at + 1];
  if (letter === undefined) throw typeError('the replacement ends with a backslash; it is written \\\\');
  if (letter === 'g') return groupAt(text, at, groups);
  if (!Object.hasOwn(ESCAPES, letter) && /[a-zA-Z]/.test(letter)) {
    throw typeError(`\\${letter} means nothing in a replacement; a backslash is written \\\\`);
  }
  return { part: ESCAPES[letter] ?? `\\${letter}`, end: at + 2 };
}

/** Reads `\g<name>` or `\g<1>`. */
function groupAt(text: string, at: number, groups: Groups): { part: number; end: number } {
  const close = text.indexOf('>', at);
  if (text[at + 2] !== '<' || close === -1) throw typeError('a group is written \\g<name> or \\g<1> in a replacement');
  return { part: numberOfGroup(text.slice(at + 3, close), groups), end: close + 1 };
}

function numberOfGroup(name: string, { names }: Groups): number {
  if (/^\d{1,9}$/.test(name)) return Number(name);
  if (!Object.hasOwn(names, name)) throw typeError(`the pattern has no group '${name.slice(0, 50)}'`);
  return names[name]!;
}
