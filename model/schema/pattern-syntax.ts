/** ECMAScript's classes and escapes in the syntax of RE2, which knows ASCII white space only. */
const SPACE =
  '\\t\\n\\x0B\\f\\r \\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}\\x{FEFF}';
const NOT_SPACE =
  '\\x00-\\x08\\x0E-\\x1F!-\\x{9F}\\x{A1}-\\x{167F}\\x{1681}-\\x{1FFF}\\x{200B}-\\x{2027}\\x{202A}-\\x{202E}' +
  '\\x{2030}-\\x{205E}\\x{2060}-\\x{2FFF}\\x{3001}-\\x{FEFE}\\x{FF00}-\\x{10FFFF}';

const MAX_COUNT = 1_000;

const UNSUPPORTED: readonly [RegExp, string][] = [
  [/\(\?[=!]/y, 'look-ahead is not supported'],
  [/\(\?<[=!]/y, 'look-behind is not supported'],
  [/\\[1-9]/y, 'back references are not supported'],
  [/\\k/y, 'back references are not supported'],
];

const REWRITTEN: readonly [RegExp, (parts: RegExpExecArray, inClass: boolean) => string][] = [
  [/\\s/y, (_, inClass) => (inClass ? SPACE : `[${SPACE}]`)],
  [/\\S/y, (_, inClass) => (inClass ? NOT_SPACE : `[^${SPACE}]`)],
  [/\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})/iy, ([, high, low]) => codePoint(paired(high!, low!))],
  [/\\u([0-9a-f]{4})/iy, ([, hex]) => codePoint(Number.parseInt(hex!, 16))],
  [/\\u\{0*([0-9a-f]{1,6})\}/iy, ([, hex]) => codePoint(Number.parseInt(hex!, 16))],
  [/\\c([a-z])/iy, ([, letter]) => codePoint(letter!.charCodeAt(0) % 32)],
  [/\\0/y, () => '\\x00'],
  [/\\b/y, (_, inClass) => (inClass ? '\\x08' : '\\b')],
  [/\\\//y, () => '/'],
  [/\\([pP])\{(?:General_Category=|gc=)?([^}=]*)\}/y, ([, which, name]) => `\\${which}{${CATEGORIES[name!] ?? name}}`],
  [/\\([pP])\{(?:Script|sc)=([^}]*)\}/y, ([, which, name]) => `\\${which}{${name}}`],
];

/** Long names of the general categories that people write most; RE2 has the short ones. */
const CATEGORIES: Readonly<Record<string, string>> = {
  Letter: 'L',
  Lowercase_Letter: 'Ll',
  Uppercase_Letter: 'Lu',
  Titlecase_Letter: 'Lt',
  Modifier_Letter: 'Lm',
  Other_Letter: 'Lo',
  Mark: 'M',
  Number: 'N',
  Decimal_Number: 'Nd',
  digit: 'Nd',
  Punctuation: 'P',
  punct: 'P',
  Symbol: 'S',
  Separator: 'Z',
  Space_Separator: 'Zs',
  Other: 'C',
  Control: 'Cc',
};

/**
 * Translates a regular expression of ECMAScript (with the flag `u`, as JSON Schema asks for) into one of RE2; `problem` says
 * what RE2 does not support. One pass over the text.
 */
export function toRe2(source: string): { text: string } | { problem: string } {
  let text = '';
  let inClass = false;
  for (let at = 0; at < source.length; ) {
    const problem = !inClass || source[at] === '\\' ? problemAt(source, at) : undefined;
    if (problem !== undefined) return { problem };
    const piece = pieceAt(source, at, inClass);
    text += piece.written;
    at += piece.length;
    inClass = piece.inClass;
  }
  return { text };
}

/** A translated piece of an expression, the length that it had, and whether a class is open behind it. */
interface Piece {
  written: string;
  length: number;
  inClass: boolean;
}

function pieceAt(source: string, at: number, inClass: boolean): Piece {
  const character = source[at]!;
  if (character === '\\') {
    const [written, length] = escapeAt(source, at, inClass);
    return { written, length, inClass };
  }
  if (inClass) {
    // Alone, "[" means itself; before ":" RE2 would read a class of POSIX.
    return { written: character === '[' ? '\\[' : character, length: 1, inClass: character !== ']' };
  }
  if (character === '[') {
    const [written, length, closed] = classAt(source, at);
    return { written, length, inClass: !closed };
  }
  return { written: character === '.' ? '[^\\n\\r\\x{2028}\\x{2029}]' : character, length: 1, inClass };
}

function problemAt(source: string, at: number): string | undefined {
  for (const [expression, problem] of UNSUPPORTED) {
    expression.lastIndex = at;
    if (expression.test(source)) return problem;
  }
  if (source[at] !== '{') return undefined;
  COUNT.lastIndex = at;
  const [, least = '0', most = '0'] = COUNT.exec(source) ?? [];
  if (Number(least) > MAX_COUNT || Number(most) > MAX_COUNT) return 'counts above 1,000 are not supported';
  return undefined;
}

const COUNT = /\{(\d+)(?:,(\d*))?\}/y;

function escapeAt(source: string, at: number, inClass: boolean): [text: string, length: number] {
  for (const [expression, write] of REWRITTEN) {
    expression.lastIndex = at;
    const found = expression.exec(source);
    if (found !== null) return [write(found, inClass), found[0].length];
  }
  return [source.slice(at, at + 2), 2];
}

/** The beginning of a class: RE2 knows neither `[]`, which matches nothing, nor `[^]`, which matches anything. */
function classAt(source: string, at: number): [text: string, length: number, closed: boolean] {
  if (source.startsWith('[^]', at)) return ['[\\x00-\\x{10FFFF}]', 3, true];
  if (source.startsWith('[]', at)) return ['[^\\x00-\\x{10FFFF}]', 2, true];
  return source[at + 1] === '^' ? ['[^', 2, false] : ['[', 1, false];
}

function codePoint(value: number): string {
  return `\\x{${value.toString(16)}}`;
}

function paired(high: string, low: string): number {
  return (Number.parseInt(high, 16) - 0xd800) * 0x400 + (Number.parseInt(low, 16) - 0xdc00) + 0x10000;
}
