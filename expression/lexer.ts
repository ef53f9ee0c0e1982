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

/** Escapes of one letter in texts; a line that ends with a backslash continues in the next one. */
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  '0': '\0',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** Escapes of code points, and the number of their hexadecimal digits. */
const CODE_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

const OPENING = '([{';
const CLOSING = ')]}';

/** Cuts a template into tokens: text, and what stands between `{{ }}` and `{% %}`. Throws errors of kind `syntax`. */
export function tokenize(source: string): Token[] {
  const tokens = new Lexer(source).read();
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

/** Reads the tokens of a template; their places are counted afterwards. */
class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  /** The index of the first character that is not read yet. */
  #index = 0;
  /** Whether the next text loses the white space in front. */
  #trimNext = false;

  constructor(source: string) {
    this.#source = source;
  }

  read(): Token[] {
    for (let open = nextOpening(this.#source, 0); open !== -1; open = nextOpening(this.#source, this.#index)) {
      this.#readText(open, this.#source[open + 2] === '-');
      const mark = this.#source[open + 1];
      if (mark === '#') this.#skipComment(open);
      else if (mark === '{') this.#readBraces(open, 'open', 'close', '}}');
      else if (!this.#readRaw(open)) this.#readBraces(open, 'begin', 'end', '%}');
    }
    this.#readText(this.#source.length, false);
    this.#add('eof', '', this.#source.length);
    return this.#tokens;
  }

  #add(kind: Token['kind'], value: string, index: number): void {
    this.#tokens.push({ kind, value, index, line: 0, column: 0 });
  }

  #fail(message: string, index = this.#index): never {
    throw new TemplateError('syntax', message, positionAt(this.#source, index));
  }

  /** Matches a sticky expression at the index; null: it does not match. */
  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#index;
    return pattern.exec(this.#source)?.[0] ?? null;
  }

  /** Adds the text up to an index, unless it is empty. */
  #readText(end: number, trimEnd: boolean): void {
    let value = this.#source.slice(this.#index, end);
    if (this.#trimNext) value = value.trimStart();
    if (trimEnd) value = value.trimEnd();
    if (value !== '') this.#add('text', value, this.#index);
    this.#trimNext = false;
  }

  #skipComment(open: number): void {
    const close = this.#source.indexOf('#}', open + 2);
    if (close === -1) this.#fail('this {# is never closed by #}', open);
    this.#trimNext = this.#source[close - 1] === '-' && close - 1 > open + 1;
    this.#index = close + 2;
  }

  /** Adds the text of a raw block, if one begins here. */
  #readRaw(open: number): boolean {
    const raw = rawBlock(this.#source, open);
    if (raw === null) return false;
    this.#add('text', raw.text, open);
    this.#index = raw.end;
    this.#trimNext = raw.trim;
    return true;
  }

  /** Adds what stands between two pairs of braces, and the braces. */
  #readBraces(open: number, first: 'open' | 'begin', last: 'close' | 'end', close: '}}' | '%}'): void {
    this.#add(first, '', open);
    const mark = this.#source[open + 2];
    this.#index = open + (mark === '-' || mark === '+' ? 3 : 2);
    const brackets: string[] = [];
    while (this.#index < this.#source.length) {
      if (this.#skipSpace()) continue;
      const closed = brackets.length === 0 ? this.#closingLength(close) : 0;
      if (closed > 0) {
        this.#add(last, '', this.#index);
        this.#trimNext = closed === 3 && this.#source[this.#index] === '-';
        this.#index += closed;
        return;
      }
      if (!this.#readString() && !this.#readName() && !this.#readNumber()) this.#readOperator(brackets);
    }
    this.#fail(`this ${this.#source.slice(open, open + 2)} is never closed by ${close}`, open);
  }

  /** Skips one character of white space; false: there is none. */
  #skipSpace(): boolean {
    const character = this.#source[this.#index]!;
    if (character !== ' ' && (character >= '!' || !/\s/.test(character))) return false;
    this.#index += 1;
    return true;
  }

  /** Returns the length of the closing braces at the index, with the mark for white space; 0: there are none. */
  #closingLength(close: string): number {
    if (this.#source.startsWith(close, this.#index)) return 2;
    const mark = this.#source[this.#index];
    return (mark === '-' || mark === '+') && this.#source.startsWith(close, this.#index + 1) ? 3 : 0;
  }

  #readString(): boolean {
    const mark = this.#source[this.#index];
    if (mark !== '"' && mark !== "'") return false;
    const string = stringAt(this.#source, this.#index);
    if (string === null) this.#fail('this text is never closed');
    this.#add('string', string.value, this.#index);
    this.#index = string.end;
    return true;
  }

  #readName(): boolean {
    const name = this.#match(NAME);
    if (name === null) return false;
    this.#add('name', name, this.#index);
    this.#index += name.length;
    return true;
  }

  #readNumber(): boolean {
    const start = this.#index;
    const number = this.#match(NUMBER);
    if (number === null) return false;
    this.#index += number.length;
    // In a.1.0 both numbers are indexes, and no fraction.
    const before = this.#tokens.at(-1);
    const isIndex = before?.kind === 'operator' && before.value === '.';
    const fraction = isIndex || /^0[xXbBoO]/.test(number) ? null : this.#match(FRACTION);
    this.#index += fraction?.length ?? 0;
    const value = (number + (fraction ?? '')).replaceAll('_', '');
    this.#add(fraction === null ? 'integer' : 'float', value, start);
    return true;
  }

  #readOperator(brackets: string[]): void {
    const character = this.#source[this.#index]!;
    const pair = this.#source.slice(this.#index, this.#index + 2);
    const operator = DOUBLE.has(pair) ? pair : SINGLE.has(character) ? character : null;
    if (operator === null) this.#fail(`'${character}' is not expected here`);
    if (OPENING.includes(operator)) brackets.push(operator);
    if (CLOSING.includes(operator) && brackets.pop() !== OPENING[CLOSING.indexOf(operator)]) {
      this.#fail(`'${operator}' closes nothing here`);
    }
    this.#add('operator', operator, this.#index);
    this.#index += operator.length;
  }
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

/** Reads the text that begins with a quote, and the index behind it; null: it is never closed. */
function stringAt(source: string, start: number): { value: string; end: number } | null {
  const mark = source[start];
  let value = '';
  let index = start + 1;
  while (index < source.length) {
    const character = source[index]!;
    if (character === mark) return { value, end: index + 1 };
    if (character === '\\') {
      if (index + 1 === source.length) return null;
      const escaped = escapeAt(source, index);
      value += escaped.value;
      index = escaped.end;
    } else {
      value += character;
      index += 1;
    }
  }
  return null;
}

/** Reads the escape that begins with a backslash. One that Python does not know stays as it is, as in '\d'. */
function escapeAt(source: string, start: number): { value: string; end: number } {
  const letter = source[start + 1]!;
  const digits = CODE_DIGITS[letter] ?? 0;
  const code = source.slice(start + 2, start + 2 + digits);
  if (digits > 0 && code.length === digits && /^[0-9a-fA-F]+$/.test(code) && Number.parseInt(code, 16) <= 0x10ffff) {
    return { value: String.fromCodePoint(Number.parseInt(code, 16)), end: start + 2 + digits };
  }
  return { value: ESCAPES[letter] ?? `\\${letter}`, end: start + 2 };
}
