import { type Position, TemplateError } from './errors.ts';
import type { Token } from './lexer.ts';

/** Operators, keys or filters that may follow each other in one expression. */
const MAX_CHAIN = 1_000;

/** Levels of nesting that an expression or statement may have. */
const MAX_NESTING = 100;

/** Reads the tokens of a template in order. Every method that expects something throws a TemplateError of kind `syntax`. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  /** Expects the last token to be that of the end, `eof`. */
  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** The token that is read next. */
  get current(): Token {
    return this.#tokens[this.#at]!;
  }

  /** The token after the current one; undefined at the end. */
  get following(): Token | undefined {
    return this.#tokens[this.#at + 1];
  }

  /** Takes the current token; that of the end is never passed. */
  next(): Token {
    const token = this.current;
    if (token.kind !== 'eof') this.#at += 1;
    return token;
  }

  /** Takes several tokens. */
  skip(count: number): void {
    this.#at += count;
  }

  /** Returns the place where the current token begins. */
  place(): Position {
    const { line, column } = this.current;
    return { line, column };
  }

  is(kind: Token['kind'], value?: string): boolean {
    return this.current.kind === kind && (value === undefined || this.current.value === value);
  }

  /** Takes the current token if it is the given one; null: it is another. */
  take(kind: Token['kind'], value?: string): Token | null {
    return this.is(kind, value) ? this.next() : null;
  }

  /** Takes a token of a kind, which errors call `wanted`. */
  expect(kind: Token['kind'], wanted: string): Token {
    return this.take(kind) ?? this.failExpecting(wanted);
  }

  expectOperator(value: string): Token {
    return this.take('operator', value) ?? this.failExpecting(`'${value}'`);
  }

  /** Throws a TemplateError of kind `syntax` at a token. */
  fail(message: string, { line, column }: Token = this.current): never {
    throw new TemplateError('syntax', message, { line, column });
  }

  /** Throws a TemplateError that names what is expected instead of the current token. */
  failExpecting(wanted: string): never {
    const { kind, value } = this.current;
    const found = kind === 'close' || kind === 'end' || kind === 'eof' ? 'the end' : `'${value}'`;
    this.fail(`${wanted} is expected here, not ${found}`);
  }

  /** Parses one level deeper; throws when there are too many levels. */
  nest<T>(parse: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_NESTING) this.fail(`this is nested deeper than ${MAX_NESTING} levels`);
    const result = parse();
    this.#depth -= 1;
    return result;
  }

  /** Throws when a chain of operators, keys or filters has become too long. */
  limitChain(length: number): void {
    if (length > MAX_CHAIN) this.fail(`more than ${MAX_CHAIN} parts follow each other here`);
  }
}
