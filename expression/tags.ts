import { characterEntities } from 'character-entities';
import { characterEntitiesLegacy } from 'character-entities-legacy';
import type { Budget } from './budget.ts';
import { splitText } from './text-edits.ts';

// Converts HTML to text. Index loops: patterns would take quadratic time on hostile text.

/** Names of characters that are also recognized without a semicolon. */
const WITHOUT_SEMICOLON = new Set(characterEntitiesLegacy);
const LONGEST = Math.max(...characterEntitiesLegacy.map((name) => name.length));

/** The characters of Windows-1252 that numbers from 0x80 to 0x9f mean, where there is one. */
const WINDOWS_1252 =
  '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178';

/** Returns the text of HTML: without comments and tags, with single spaces, and with the characters that its references name. */
export function stripTags(value: string, budget: Budget): string {
  budget.work(value.length / 4);
  const text = without(without(value, '<!--', '-->'), '<', '>');
  return unescapeHtml(splitText(text, null, -1, budget).join(' '));
}

function without(value: string, open: string, close: string): string {
  let result = '';
  let index = 0;
  for (let start = value.indexOf(open); start !== -1; start = value.indexOf(open, index)) {
    const end = value.indexOf(close, start);
    if (end === -1) break;
    result += value.slice(index, start);
    index = end + close.length;
  }
  return result + value.slice(index);
}

/** Replaces character references, such as `&amp;`, `&#38;` and `&#x26;`; unknown ones stay as they are. */
function unescapeHtml(value: string): string {
  return value.replace(
    /&(?:#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?|([^\t\n\f <&#;]{1,32})(;?))/g,
    (whole, hex, decimal, name, end) => {
      if (hex !== undefined) return characterOf(Number.parseInt(hex, 16));
      if (decimal !== undefined) return characterOf(Number.parseInt(decimal, 10));
      if (end === ';' && Object.hasOwn(characterEntities, name)) return characterEntities[name]!;
      for (let size = Math.min(LONGEST, name.length); size > 1; size -= 1) {
        const known = name.slice(0, size);
        if (WITHOUT_SEMICOLON.has(known)) return characterEntities[known]! + name.slice(size) + end;
      }
      return whole;
    },
  );
}

function characterOf(code: number): string {
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return '\ufffd';
  if (code >= 0x80 && code <= 0x9f) return WINDOWS_1252[code - 0x80]!;
  // Controls and invalid characters are removed.
  if (code < 0x20 ? ![9, 10, 12, 13].includes(code) : code === 0x7f) return '';
  if ((code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe) return '';
  return String.fromCodePoint(code);
}
