import { type Position, positionAt, TemplateError } from './errors.ts';

/** A token, with the place where it begins in the template. */
export interface Token extends Position {
  kind: 'text' | 'open' | 'close' | 'begin' | 'end' | 'name' | 'string' | 'integer' | 'float' | 'operator' | 'eof';
  value: string;
  index: number;
}

const DOUBLE = new Set(['**', '//', '==', '!=', '<=', '>=']);
const SINGLE = new Set('+-*/%~<>=.,:|()[]{}');
const NAME = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*/y;
const NUMBER = /0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*/y;
const FRACTION = /(\.\d[\d_]*([eE][+-]?\d+)?|[eE][+-]?\d+)/y;
const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v', a: '\x07', '0': '\0' };

/** Cuts a template into tokens: text, and what stands between `{{ }}` and `{% %}`. Throws errors of kind `syntax`. */
export function tokenize(source: string): Token[] {
  const tokens = tokensOf(source);
  // Places are counted in one pass: each by itself would take quadratic time.
  let [index, line, column] = [0, 1, 1];
  for (const token of tokens) {
    while (index < token.index) {
      const character = source.codePointAt(index)!;
      index += character > 0xffff ? 2 : 1;
      if (character === 10) [line, column] = [line + 1, 1];
      else column += 1;
    }
    token.line = line;
    token.column = column;
  }
  return tokens;
}

function token(kind: Token['kind'], value: string, index: number): Token {
  return { kind, value, index, line: 0, column: 0 };
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  let index = 0;
  let trimNext = false;
  const text = (end: number, trimEnd: boolean): void => {
    let value = source.slice(index, end);
    if (trimNext) value = value.trimStart();
    if (trimEnd) value = value.trimEnd();
    if (value !== '') tokens.push(token('text', value, index));
    trimNext = false;
  };
  while (index < source.length) {
    const open = nextOpening(source, index);
    if (open === -1) break;
    const mark = source[open + 2];
    const skip = mark === '-' || mark === '+' ? 3 : 2;
    text(open, mark === '-');
    if (source[open + 1] === '#') {
      const close = source.indexOf('#}', open + 2);
      if (close === -1) throw new TemplateError('syntax', 'this {# is never closed by #}', positionAt(source, open));
      trimNext = source[close - 1] === '-' && close - 1 > open + 1;
      index = close + 2;
      continue;
    }
    const block = source[open + 1] === '%';
    const raw = block ? rawBlock(source, open) : null;
    if (raw !== null) {
      tokens.push(token('text', raw.text, open));
      index = raw.end;
      trimNext = raw.trim;
      continue;
    }
    tokens.push(token(block ? 'begin' : 'open', '', open));
    const closed = inside(source, open, open + skip, block ? '%}' : '}}', tokens);
    tokens.push(token(block ? 'end' : 'close', '', closed.index));
    index = closed.index + closed.length;
    trimNext = closed.trim;
  }
  text(source.length, false);
  tokens.push(token('eof', '', source.length));
  return tokens;
}

function nextOpening(source: string, from: number): number {
  for (let index = source.indexOf('{', from); index !== -1; index = source.indexOf('{', index + 1)) {
    const next = source[index + 1];
    if (next === '{' || next === '%' || next === '#') return index;
  }
  return -1;
}

function rawBlock(source: string, open: number): { text: string; end: number; trim: boolean } | null {
  const begin = /\{%[-+]?\s*raw\s*(-?)%\}/y;
  begin.lastIndex = open;
  const match = begin.exec(source);
  if (match === null) return null;
  const end = /\{%(-?)\s*endraw\s*(-?)%\}/g;
  end.lastIndex = begin.lastIndex;
  const close = end.exec(source);
  if (close === null) throw new TemplateError('syntax', 'raw is never closed by endraw', positionAt(source, open));
  let text = source.slice(begin.lastIndex, close.index);
  if (match[1] === '-') text = text.trimStart();
  if (close[1] === '-') text = text.trimEnd();
  return { text, end: end.lastIndex, trim: close[2] === '-' };
}

function inside(
  source: string,
  open: number,
  from: number,
  close: string,
  tokens: Token[],
): { index: number; length: number; trim: boolean } {
  let index = from;
  const stack: string[] = [];
  const fail = (message: string, at = index): never => {
    throw new TemplateError('syntax', message, positionAt(source, at));
  };
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = index;
    return pattern.exec(source)?.[0] ?? null;
  };
  while (index < source.length) {
    const character = source[index]!;
    if (character === ' ' || (character < '!' && /\s/.test(character))) {
      index += 1;
      continue;
    }
    if (stack.length === 0) {
      if (source.startsWith(close, index)) return { index, length: 2, trim: false };
      if ((character === '-' || character === '+') && source.startsWith(close, index + 1)) {
        return { index, length: 3, trim: character === '-' };
      }
    }
    if (character === '"' || character === "'") {
      const string = readString(source, index);
      if (string === null) return fail('this text is never closed', index);
      tokens.push(token('string', string.value, index));
      index = string.end;
      continue;
    }
    const name = match(NAME);
    if (name !== null) {
      tokens.push(token('name', name, index));
      index += name.length;
      continue;
    }
    const number = match(NUMBER);
    if (number !== null) {
      const start = index;
      index += number.length;
      // In a.1.0 both are indexes, and no fraction.
      const afterDot = tokens.at(-1)?.kind === 'operator' && tokens.at(-1)?.value === '.';
      const fraction = afterDot || /^0[xXbBoO]/.test(number) ? null : match(FRACTION);
      index += fraction?.length ?? 0;
      const value = (number + (fraction ?? '')).replaceAll('_', '');
      tokens.push(token(fraction === null ? 'integer' : 'float', value, start));
      continue;
    }
    const pair = source.slice(index, index + 2);
    const operator = DOUBLE.has(pair) ? pair : SINGLE.has(character) ? character : null;
    if (operator === null) return fail(`'${character}' is not expected here`);
    if ('([{'.includes(operator)) stack.push(operator);
    if (')]}'.includes(operator)) {
      const opened = stack.pop();
      if (opened === undefined || '([{'.indexOf(opened) !== ')]}'.indexOf(operator)) {
        return fail(`'${operator}' closes nothing here`);
      }
    }
    tokens.push(token('operator', operator, index));
    index += operator.length;
  }
  return fail(`this ${source.slice(open, open + 2)} is never closed by ${close}`, open);
}

function readString(source: string, start: number): { value: string; end: number } | null {
  const mark = source[start];
  let value = '';
  let index = start + 1;
  while (index < source.length) {
    const character = source[index]!;
    if (character === mark) return { value, end: index + 1 };
    if (character !== '\\') {
      value += character;
      index += 1;
      continue;
    }
    const next = source[index + 1];
    if (next === undefined) return null;
    const digits = next === 'x' ? 2 : next === 'u' ? 4 : next === 'U' ? 8 : 0;
    const code = source.slice(index + 2, index + 2 + digits);
    if (digits > 0 && code.length === digits && /^[0-9a-fA-F]+$/.test(code) && Number.parseInt(code, 16) <= 0x10ffff) {
      value += String.fromCodePoint(Number.parseInt(code, 16));
      index += 2 + digits;
    } else if (next === '\\' || next === "'" || next === '"' || next === '\n') {
      value += next === '\n' ? '' : next;
      index += 2;
    } else if (Object.hasOwn(ESCAPES, next)) {
      value += ESCAPES[next];
      index += 2;
    } else {
      // An escape that Python does not know stays as it is, as in '\d'.
      value += `\\${next}`;
      index += 2;
    }
  }
  return null;
}
