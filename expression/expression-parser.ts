import type { Arguments, Expression, Filter } from './ast.ts';
import type { Position } from './errors.ts';
import type { TokenReader } from './token-reader.ts';

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=']);

/** Words that no value begins with. */
const RESERVED = new Set(['and', 'or', 'not', 'in', 'is', 'if', 'else', 'lambda']);

/** Words that follow a test without an argument in parentheses, and are not its argument. */
const AFTER_TEST = new Set(['else', 'or', 'and', 'if', 'not', 'in', 'recursive']);

/** Names of values that never change. */
export const CONSTANTS: Readonly<Record<string, null | boolean>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};

/** Parses expressions from tokens, with the precedence of Jinja2. Throws TemplateErrors of kind `syntax`. */
export class ExpressionParser {
  readonly #tokens: TokenReader;

  constructor(tokens: TokenReader) {
    this.#tokens = tokens;
  }

  /** Parses an expression, or a tuple where commas separate several. Without `conditions`, an `if` is left to the statement. */
  parseTuple(conditions = true): Expression {
    const place = this.#tokens.place();
    const parseEntry = () => (conditions ? this.parse() : this.#or());
    const first = parseEntry();
    if (!this.#tokens.is('operator', ',')) return first;
    const entries = [first];
    while (this.#tokens.take('operator', ',') !== null) {
      if (this.#tokens.is('close') || this.#tokens.is('end') || this.#tokens.is('operator', ')')) break;
      entries.push(parseEntry());
    }
    return { kind: 'tuple', entries, ...place };
  }

  /** Parses one expression, in which no comma separates several. */
  parse(): Expression {
    return this.#tokens.nest(() => {
      const place = this.#tokens.place();
      let result = this.#or();
      for (let length = 0; this.#tokens.take('name', 'if') !== null; length += 1) {
        this.#tokens.limitChain(length);
        const test = this.#or();
        const otherwise = this.#tokens.take('name', 'else') === null ? null : this.parse();
        result = { kind: 'condition', test, value: result, otherwise, ...place };
      }
      return result;
    });
  }

  /** Parses filters that follow each other; the `|` in front of the first may be missing. */
  parseFilters(): Filter[] {
    const filters: Filter[] = [];
    this.#tokens.take('operator', '|');
    do filters.push(this.#filter());
    while (this.#tokens.take('operator', '|') !== null);
    return filters;
  }

  #filter(): Filter {
    const place = this.#tokens.place();
    let name = this.#tokens.expect('name', 'a filter').value;
    while (this.#tokens.take('operator', '.') !== null) name += `.${this.#tokens.expect('name', 'a name').value}`;
    const args = this.#tokens.is('operator', '(') ? this.#arguments() : { positional: [], named: [] };
    return { name, args, ...place };
  }

  #binary(operand: () => Expression, operators: readonly string[], words = false): Expression {
    const place = this.#tokens.place();
    let left = operand();
    for (let length = 0; ; length += 1) {
      this.#tokens.limitChain(length);
      const token = this.#tokens.current;
      if (token.kind !== (words ? 'name' : 'operator') || !operators.includes(token.value)) return left;
      this.#tokens.next();
      left = { kind: 'binary', operator: token.value, left, right: operand(), ...place };
    }
  }

  #or(): Expression {
    return this.#binary(() => this.#and(), ['or'], true);
  }

  #and(): Expression {
    return this.#binary(() => this.#not(), ['and'], true);
  }

  #not(): Expression {
    const place = this.#tokens.place();
    if (this.#tokens.take('name', 'not') === null) return this.#compare();
    return this.#tokens.nest(() => ({ kind: 'unary', operator: 'not', of: this.#not(), ...place }));
  }

  #compare(): Expression {
    const place = this.#tokens.place();
    const first = this.#sum();
    const rest: { operator: string; right: Expression }[] = [];
    for (let operator = this.#comparison(); operator !== null; operator = this.#comparison()) {
      rest.push({ operator, right: this.#sum() });
    }
    return rest.length === 0 ? first : { kind: 'compare', first, rest, ...place };
  }

  /** Takes an operator that compares; null: another token follows. */
  #comparison(): string | null {
    const { kind, value } = this.#tokens.current;
    if (kind === 'operator' && COMPARISONS.has(value)) return this.#tokens.next().value;
    if (this.#tokens.take('name', 'in') !== null) return 'in';
    if (kind !== 'name' || value !== 'not' || this.#tokens.following?.value !== 'in') return null;
    this.#tokens.skip(2);
    return 'not in';
  }

  #sum(): Expression {
    return this.#binary(() => this.#concatenation(), ['+', '-']);
  }

  #concatenation(): Expression {
    return this.#binary(() => this.#product(), ['~']);
  }

  #product(): Expression {
    return this.#binary(() => this.#power(), ['*', '/', '//', '%']);
  }

  #power(): Expression {
    return this.#binary(() => this.#unary(true), ['**']);
  }

  #unary(withFilters: boolean): Expression {
    return this.#tokens.nest(() => {
      const place = this.#tokens.place();
      const sign = this.#tokens.take('operator', '-') ?? this.#tokens.take('operator', '+');
      const operand: Expression =
        sign === null
          ? this.#primary()
          : { kind: 'unary', operator: sign.value as '-' | '+', of: this.#unary(false), ...place };
      const result = this.#postfix(operand);
      return withFilters ? this.#filtered(result) : result;
    });
  }

  /** Parses the attributes, subscripts and calls that follow a value. */
  #postfix(start: Expression): Expression {
    let result = start;
    for (let length = 0; ; length += 1) {
      this.#tokens.limitChain(length);
      if (this.#tokens.take('operator', '.') !== null) result = this.#attribute(result);
      else if (this.#tokens.take('operator', '[') !== null) result = this.#subscript(result);
      else if (this.#tokens.is('operator', '(')) result = this.#call(result);
      else return result;
    }
  }

  #attribute(of: Expression): Expression {
    const place = this.#tokens.place();
    const { kind, value } =
      this.#tokens.take('name') ?? this.#tokens.take('integer') ?? this.#tokens.failExpecting('a key');
    return { kind: 'attribute', of, name: kind === 'integer' ? Number(value) : value, ...place };
  }

  #subscript(of: Expression): Expression {
    const place = this.#tokens.place();
    const parts: (Expression | undefined)[] = [undefined];
    while (!this.#tokens.is('operator', ']')) {
      if (this.#tokens.take('operator', ':') !== null) {
        if (parts.push(undefined) > 3) this.#tokens.failExpecting("']'");
      } else if (parts.at(-1) === undefined) parts[parts.length - 1] = this.parse();
      else this.#tokens.failExpecting("']'");
    }
    this.#tokens.expectOperator(']');
    const [from, to, by] = parts;
    if (parts.length === 1) {
      if (from === undefined) this.#tokens.fail('a key is expected between the brackets');
      return { kind: 'item', of, key: from, ...place };
    }
    return { kind: 'slice', of, ...(from && { from }), ...(to && { to }), ...(by && { by }), ...place };
  }

  #call(of: Expression): Expression {
    const place = this.#tokens.place();
    return { kind: 'call', of, args: this.#arguments(), ...place };
  }

  /** Parses the filters, tests and calls that follow a value. */
  #filtered(start: Expression): Expression {
    let result = start;
    for (let length = 0; ; length += 1) {
      this.#tokens.limitChain(length);
      if (this.#tokens.take('operator', '|') !== null) {
        const { name, args, line, column } = this.#filter();
        result = { kind: 'filter', name, of: result, args, line, column };
      } else if (this.#tokens.take('name', 'is') !== null) result = this.#test(result);
      else if (this.#tokens.is('operator', '(')) result = this.#call(result);
      else return result;
    }
  }

  #test(of: Expression): Expression {
    const place = this.#tokens.place();
    const negated = this.#tokens.take('name', 'not') !== null;
    const name = this.#tokens.expect('name', 'a test').value;
    const test: Expression = { kind: 'test', name, of, args: this.#testArguments(), ...place };
    return negated ? { kind: 'unary', operator: 'not', of: test, ...place } : test;
  }

  /** Parses the arguments of a test: in parentheses, or one value without them. */
  #testArguments(): Arguments {
    if (this.#tokens.is('operator', '(')) return this.#arguments();
    return { positional: this.#startsArgument() ? [this.#postfix(this.#primary())] : [], named: [] };
  }

  #startsArgument(): boolean {
    const { kind, value } = this.#tokens.current;
    if (kind === 'name') {
      if (value === 'is') this.#tokens.fail('tests cannot be chained with is');
      return !AFTER_TEST.has(value);
    }
    return ['string', 'integer', 'float'].includes(kind) || (kind === 'operator' && (value === '[' || value === '{'));
  }

  #arguments(): Arguments {
    return this.#tokens.nest(() => {
      const args: Arguments = { positional: [], named: [] };
      this.#tokens.expectOperator('(');
      this.#entries(')', () => this.#argument(args));
      return args;
    });
  }

  #argument({ positional, named }: Arguments): void {
    const { kind, value } = this.#tokens.current;
    const after = this.#tokens.following;
    if (kind === 'name' && after?.kind === 'operator' && after.value === '=') {
      this.#tokens.skip(2);
      named.push([value, this.parse()]);
      return;
    }
    if (named.length > 0) this.#tokens.fail('an argument without a name follows one with a name');
    positional.push(this.parse());
  }

  /** Parses what commas separate, up to a closing operator, which may follow a comma. */
  #entries<T>(close: string, parseEntry: () => T): T[] {
    const entries: T[] = [];
    while (!this.#tokens.is('operator', close)) {
      entries.push(parseEntry());
      if (this.#tokens.take('operator', ',') === null) break;
    }
    this.#tokens.expectOperator(close);
    return entries;
  }

  #primary(): Expression {
    const place = this.#tokens.place();
    switch (this.#tokens.current.kind) {
      case 'name':
        return this.#nameOrConstant(place);
      case 'string':
        return this.#text(place);
      case 'integer':
      case 'float':
        return this.#number(place);
      case 'operator':
        return this.#bracketed(place);
      default:
        return this.#tokens.failExpecting('a value');
    }
  }

  #nameOrConstant(place: Position): Expression {
    const name = this.#tokens.current.value;
    if (RESERVED.has(name)) this.#tokens.failExpecting('a value');
    this.#tokens.next();
    if (Object.hasOwn(CONSTANTS, name)) return { kind: 'constant', value: CONSTANTS[name]!, ...place };
    return { kind: 'name', name, ...place };
  }

  /** Parses a text, which may be written in several parts. */
  #text(place: Position): Expression {
    let value = '';
    for (let part = this.#tokens.take('string'); part !== null; part = this.#tokens.take('string')) value += part.value;
    return { kind: 'constant', value, ...place };
  }

  #number(place: Position): Expression {
    const token = this.#tokens.next();
    const value = Number(token.value);
    if (token.kind === 'float') return { kind: 'constant', value, float: true, ...place };
    if (!Number.isSafeInteger(value)) this.#tokens.fail('the number is beyond 2^53', token);
    return { kind: 'constant', value, ...place };
  }

  #bracketed(place: Position): Expression {
    if (this.#tokens.take('operator', '(') !== null) return this.#parenthesized(place);
    if (this.#tokens.take('operator', '[') !== null) {
      return { kind: 'list', entries: this.#entries(']', () => this.parse()), ...place };
    }
    if (this.#tokens.take('operator', '{') !== null) {
      return { kind: 'dict', entries: this.#entries('}', () => this.#pair()), ...place };
    }
    return this.#tokens.failExpecting('a value');
  }

  #parenthesized(place: Position): Expression {
    if (this.#tokens.take('operator', ')') !== null) return { kind: 'tuple', entries: [], ...place };
    const inner = this.parseTuple();
    this.#tokens.expectOperator(')');
    return inner;
  }

  #pair(): [Expression, Expression] {
    const key = this.parse();
    this.#tokens.expectOperator(':');
    return [key, this.parse()];
  }
}
