import type { Arguments, Expression, Filter, Statement, Target } from './ast.ts';
import { type Position, TemplateError } from './errors.ts';
import { type Token, tokenize } from './lexer.ts';

/** Operators, keys or filters that may follow each other in one expression. */
const MAX_CHAIN = 1_000;

/** Levels of nesting that an expression or statement may have. */
const MAX_NESTING = 100;

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=']);
const CONSTANTS: Record<string, null | boolean> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};

/** Statements of Jinja2 that are refused, with what to write instead. */
const REFUSED: Record<string, string> = {
  macro: 'keep a text in a variable with {% set name %}…{% endset %}, or repeat it with {% for %}',
  call: 'keep a text in a variable with {% set name %}…{% endset %}',
  include: 'a template stands alone; keep what several share in the variables of the workflow',
  import: 'a template stands alone; keep what several share in the variables of the workflow',
  from: 'a template stands alone; keep what several share in the variables of the workflow',
  extends: 'a template stands alone; keep what several share in the variables of the workflow',
  block: 'a template stands alone, so write what is in the block without it',
  autoescape: 'nothing is escaped by itself; use the filter escape where a text becomes HTML',
  debug: 'render what you want to see with pprint in a task core.log',
  trans: 'texts are not translated; write the text itself',
};

/** Parses a template into statements. Throws a TemplateError of kind `syntax`. */
export function parseTemplate(source: string): Statement[] {
  return new Parser(tokenize(source)).parseAll();
}

const OPEN = '{{ ';

/** Parses an expression that stands by itself. Throws a TemplateError of kind `syntax`. */
export function parseExpression(source: string): Expression {
  const tokens = tokensOfExpression(source);
  try {
    const [only, ...rest] = new Parser(tokens).parseAll();
    if (only?.kind === 'output' && rest.length === 0) return only.of;
  } catch (error) {
    throw error instanceof TemplateError ? inWords(error, source, error) : error;
  }
  throw new TemplateError('syntax', 'exactly one expression is expected', { line: 1, column: 1 });
}

/** The tokens of an expression in braces, with the places that they have without them. */
function tokensOfExpression(source: string): Token[] {
  const shifted = ({ line, column }: Position): Position => ({
    line,
    column: line === 1 ? Math.max(1, column - OPEN.length) : column,
  });
  try {
    return tokenize(`${OPEN}${source} }}`).map((token) => Object.assign(token, shifted(token)));
  } catch (error) {
    throw error instanceof TemplateError ? inWords(error, source, shifted(error)) : error;
  }
}

/** The same error in words that do not speak of braces that nobody wrote. */
function inWords({ kind, message }: TemplateError, source: string, place: Position): TemplateError {
  const lines = source.split('\n');
  const beyond = place.line === lines.length && place.column > [...lines.at(-1)!].length;
  const words = beyond
    ? 'something is missing at the end'
    : message.replace(/^'}}' is expected/, 'the end is expected');
  return new TemplateError(kind, words, place);
}

class Parser {
  readonly #tokens: Token[];
  #at = 0;
  #depth = 0;
  #loops = 0;

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  parseAll(): Statement[] {
    const { body, end } = this.#body([]);
    if (end !== null) this.#fail(`${end} closes nothing here`);
    return body;
  }

  get #token(): Token {
    return this.#tokens[this.#at]!;
  }

  #next(): Token {
    const token = this.#token;
    if (token.kind !== 'eof') this.#at += 1;
    return token;
  }

  #place({ line, column } = this.#token): Position {
    return { line, column };
  }

  #fail(message: string, token = this.#token): never {
    throw new TemplateError('syntax', message, this.#place(token));
  }

  #unexpected(wanted: string): never {
    const { kind, value } = this.#token;
    const found = kind === 'close' || kind === 'end' || kind === 'eof' ? 'the end' : `'${value}'`;
    this.#fail(`${wanted} is expected here, not ${found}`);
  }

  #is(kind: Token['kind'], value?: string): boolean {
    return this.#token.kind === kind && (value === undefined || this.#token.value === value);
  }

  #take(kind: Token['kind'], value?: string): Token | null {
    return this.#is(kind, value) ? this.#next() : null;
  }

  #expect(kind: Token['kind'], wanted?: string): Token {
    return this.#take(kind) ?? this.#unexpected(wanted ?? `a ${kind}`);
  }

  #operator(value: string): Token {
    return this.#take('operator', value) ?? this.#unexpected(`'${value}'`);
  }

  #nested<T>(work: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_NESTING) this.#fail(`this is nested deeper than ${MAX_NESTING} levels`);
    const result = work();
    this.#depth -= 1;
    return result;
  }

  /** Statements until one of some words; gives the word, or null at the end of the template. */
  #body(until: string[]): { body: Statement[]; end: string | null } {
    return this.#nested(() => {
      const body: Statement[] = [];
      for (;;) {
        const token = this.#next();
        if (token.kind === 'eof') {
          if (until.length > 0) this.#fail(`${until.at(-1)} is missing`, token);
          return { body, end: null };
        }
        if (token.kind === 'text') body.push({ kind: 'text', text: token.value });
        else if (token.kind === 'open') {
          body.push({ kind: 'output', of: this.#tuple() });
          this.#expect('close', "'}}'");
        } else {
          const named = this.#expect('name', 'a statement');
          const word = named.value;
          if (until.includes(word)) return { body, end: word };
          if (word.startsWith('end') || word === 'else' || word === 'elif') {
            this.#fail(`${word} closes nothing here`, named);
          }
          body.push(this.#statement(word, named));
        }
      }
    });
  }

  #end(): void {
    this.#expect('end', "'%}'");
  }

  #statement(word: string, token: Token): Statement {
    switch (word) {
      case 'if':
        return this.#if();
      case 'for':
        return this.#for();
      case 'set':
        return this.#set();
      case 'with':
        return this.#with();
      case 'filter': {
        const filters = this.#filters();
        this.#end();
        const { body } = this.#body(['endfilter']);
        this.#end();
        return { kind: 'apply', filters, body };
      }
      case 'do': {
        const of = this.#tuple();
        this.#end();
        return { kind: 'do', of };
      }
      case 'break':
      case 'continue':
        if (this.#loops === 0) this.#fail(`${word} stands outside a loop`, token);
        this.#end();
        return { kind: word };
      default:
        if (Object.hasOwn(REFUSED, word)) this.#fail(`${word} is not supported: ${REFUSED[word]}`, token);
        return this.#fail(`there is no statement '${word}'`, token);
    }
  }

  #if(): Statement {
    const branches: { test: Expression | null; body: Statement[] }[] = [];
    let test: Expression | null = this.#tuple();
    for (;;) {
      this.#end();
      const { body, end } = this.#body(test === null ? ['endif'] : ['elif', 'else', 'endif']);
      branches.push({ test, body });
      if (end === 'endif') {
        this.#end();
        return { kind: 'if', branches };
      }
      test = end === 'elif' ? this.#tuple() : null;
    }
  }

  #for(): Statement {
    const target = this.#names();
    if (this.#take('name', 'in') === null) this.#unexpected("'in'");
    const of = this.#tuple(false);
    const condition = this.#take('name', 'if') === null ? null : this.#expression();
    const recursive = this.#take('name', 'recursive') !== null;
    this.#end();
    this.#loops += 1;
    const { body, end } = this.#body(['else', 'endfor']);
    this.#loops -= 1;
    this.#end();
    let otherwise: Statement[] = [];
    if (end === 'else') {
      otherwise = this.#body(['endfor']).body;
      this.#end();
    }
    return { kind: 'for', target, of, condition, body, otherwise, recursive };
  }

  #names(): string[] {
    const parenthesis = this.#take('operator', '(');
    const names = [this.#name()];
    while (this.#take('operator', ',') !== null && this.#is('name')) names.push(this.#name());
    if (parenthesis !== null) this.#operator(')');
    return names;
  }

  #name(): string {
    const token = this.#expect('name', 'a name');
    if (Object.hasOwn(CONSTANTS, token.value) || token.value.startsWith('__')) {
      this.#fail(`'${token.value}' cannot be assigned to`, token);
    }
    return token.value;
  }

  #set(): Statement {
    const target = this.#target();
    if (this.#take('operator', '=') !== null) {
      const value = this.#tuple();
      this.#end();
      return { kind: 'set', target, value };
    }
    if (!('names' in target) || target.names.length !== 1) this.#unexpected("'='");
    const filters = this.#is('operator', '|') ? this.#filters() : [];
    this.#end();
    const { body } = this.#body(['endset']);
    this.#end();
    return { kind: 'capture', name: target.names[0]!, filters, body };
  }

  #target(): Target {
    const names = this.#names();
    if (names.length === 1 && this.#take('operator', '.') !== null) {
      return { namespace: names[0]!, field: this.#expect('name', 'a field').value };
    }
    return { names };
  }

  #with(): Statement {
    const assignments: [string, Expression][] = [];
    while (!this.#is('end')) {
      if (assignments.length > 0) this.#operator(',');
      const name = this.#name();
      this.#operator('=');
      assignments.push([name, this.#expression()]);
    }
    this.#end();
    const { body } = this.#body(['endwith']);
    this.#end();
    return { kind: 'with', assignments, body };
  }

  #filters(): Filter[] {
    const filters: Filter[] = [];
    this.#take('operator', '|');
    do filters.push(this.#filter());
    while (this.#take('operator', '|') !== null);
    return filters;
  }

  #filter(): Filter {
    const place = this.#place();
    let name = this.#expect('name', 'a filter').value;
    while (this.#take('operator', '.') !== null) name += `.${this.#expect('name', 'a name').value}`;
    const args = this.#is('operator', '(') ? this.#arguments() : { positional: [], named: [] };
    return { name, args, ...place };
  }

  /** A comma makes a tuple of what is not in parentheses; a condition may be left to what follows. */
  #tuple(conditions = true): Expression {
    const place = this.#place();
    const one = () => (conditions ? this.#expression() : this.#or());
    const first = one();
    if (!this.#is('operator', ',')) return first;
    const entries = [first];
    while (this.#take('operator', ',') !== null) {
      if (this.#is('close') || this.#is('end') || this.#is('operator', ')')) break;
      entries.push(one());
    }
    return { kind: 'tuple', entries, ...place };
  }

  #expression(): Expression {
    return this.#nested(() => {
      const place = this.#place();
      let result = this.#or();
      for (let length = 0; this.#take('name', 'if') !== null; length += 1) {
        this.#bound(length);
        const test = this.#or();
        const otherwise = this.#take('name', 'else') === null ? null : this.#expression();
        result = { kind: 'condition', test, value: result, otherwise, ...place };
      }
      return result;
    });
  }

  #bound(length: number): void {
    if (length > MAX_CHAIN) this.#fail(`more than ${MAX_CHAIN} parts follow each other here`);
  }

  #binary(operand: () => Expression, operators: readonly string[], words = false): Expression {
    const place = this.#place();
    let left = operand();
    for (let length = 0; ; length += 1) {
      this.#bound(length);
      const token = this.#token;
      if (token.kind !== (words ? 'name' : 'operator') || !operators.includes(token.value)) return left;
      this.#next();
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
    const place = this.#place();
    if (this.#take('name', 'not') === null) return this.#compare();
    return this.#nested(() => ({ kind: 'unary', operator: 'not', of: this.#not(), ...place }));
  }

  #compare(): Expression {
    const place = this.#place();
    const first = this.#sum();
    const rest: { operator: string; right: Expression }[] = [];
    for (;;) {
      const token = this.#token;
      if (token.kind === 'operator' && COMPARISONS.has(token.value)) {
        this.#next();
        rest.push({ operator: token.value, right: this.#sum() });
      } else if (this.#take('name', 'in') !== null) {
        rest.push({ operator: 'in', right: this.#sum() });
      } else if (this.#is('name', 'not') && this.#tokens[this.#at + 1]?.value === 'in') {
        this.#at += 2;
        rest.push({ operator: 'not in', right: this.#sum() });
      } else return rest.length === 0 ? first : { kind: 'compare', first, rest, ...place };
    }
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
    return this.#nested(() => {
      const place = this.#place();
      const sign = this.#take('operator', '-') ?? this.#take('operator', '+');
      let result: Expression =
        sign === null
          ? this.#primary()
          : { kind: 'unary', operator: sign.value as '-' | '+', of: this.#unary(false), ...place };
      result = this.#postfix(result);
      return withFilters ? this.#filtered(result) : result;
    });
  }

  #postfix(start: Expression): Expression {
    let result = start;
    for (let length = 0; ; length += 1) {
      this.#bound(length);
      let place = this.#place();
      if (this.#take('operator', '.') !== null) {
        place = this.#place();
        const token = this.#take('name') ?? this.#take('integer') ?? this.#unexpected('a key');
        const name = token.kind === 'integer' ? Number(token.value) : token.value;
        result = { kind: 'attribute', of: result, name, ...place };
      } else if (this.#take('operator', '[') !== null) {
        place = this.#place();
        result = this.#subscript(result, place);
      } else if (this.#is('operator', '(')) {
        result = { kind: 'call', of: result, args: this.#arguments(), ...place };
      } else return result;
    }
  }

  #subscript(of: Expression, place: Position): Expression {
    const parts: (Expression | undefined)[] = [undefined];
    while (!this.#is('operator', ']')) {
      if (this.#take('operator', ':') !== null) {
        if (parts.push(undefined) > 3) this.#unexpected("']'");
      } else if (parts.at(-1) === undefined) parts[parts.length - 1] = this.#expression();
      else this.#unexpected("']'");
    }
    this.#operator(']');
    const [from, to, by] = parts;
    if (parts.length === 1) {
      if (from === undefined) this.#fail('a key is expected between the brackets');
      return { kind: 'item', of, key: from, ...place };
    }
    return { kind: 'slice', of, ...(from && { from }), ...(to && { to }), ...(by && { by }), ...place };
  }

  #filtered(start: Expression): Expression {
    let result = start;
    for (let length = 0; ; length += 1) {
      this.#bound(length);
      if (this.#take('operator', '|') !== null) {
        const { name, args, line, column } = this.#filter();
        result = { kind: 'filter', name, of: result, args, line, column };
      } else if (this.#take('name', 'is') !== null) result = this.#test(result);
      else if (this.#is('operator', '(')) {
        const place = this.#place();
        result = { kind: 'call', of: result, args: this.#arguments(), ...place };
      } else return result;
    }
  }

  #test(of: Expression): Expression {
    const place = this.#place();
    const negated = this.#take('name', 'not') !== null;
    const name = this.#expect('name', 'a test').value;
    let args: Arguments = { positional: [], named: [] };
    if (this.#is('operator', '(')) args = this.#arguments();
    else if (this.#startsArgument()) {
      args = { positional: [this.#postfix(this.#primary())], named: [] };
    }
    const test: Expression = { kind: 'test', name, of, args, ...place };
    return negated ? { kind: 'unary', operator: 'not', of: test, ...place } : test;
  }

  #startsArgument(): boolean {
    const { kind, value } = this.#token;
    if (kind === 'name') {
      if (value === 'is') this.#fail('tests cannot be chained with is');
      return !['else', 'or', 'and', 'if', 'not', 'in', 'recursive'].includes(value);
    }
    return ['string', 'integer', 'float'].includes(kind) || (kind === 'operator' && (value === '[' || value === '{'));
  }

  #arguments(): Arguments {
    return this.#nested(() => {
      const args: Arguments = { positional: [], named: [] };
      this.#operator('(');
      while (!this.#is('operator', ')')) {
        const token = this.#token;
        const after = this.#tokens[this.#at + 1];
        if (token.kind === 'name' && after?.kind === 'operator' && after.value === '=') {
          this.#at += 2;
          args.named.push([token.value, this.#expression()]);
        } else {
          if (args.named.length > 0) this.#fail('an argument without a name follows one with a name');
          args.positional.push(this.#expression());
        }
        if (this.#take('operator', ',') === null) break;
      }
      this.#operator(')');
      return args;
    });
  }

  #primary(): Expression {
    const place = this.#place();
    const token = this.#token;
    if (token.kind === 'name') {
      if (['and', 'or', 'not', 'in', 'is', 'if', 'else', 'lambda'].includes(token.value)) this.#unexpected('a value');
      this.#next();
      if (Object.hasOwn(CONSTANTS, token.value)) {
        return { kind: 'constant', value: CONSTANTS[token.value]!, ...place };
      }
      return { kind: 'name', name: token.value, ...place };
    }
    if (token.kind === 'string') {
      let value = '';
      for (let part = this.#take('string'); part !== null; part = this.#take('string')) value += part.value;
      return { kind: 'constant', value, ...place };
    }
    if (token.kind === 'integer' || token.kind === 'float') {
      this.#next();
      const value = Number(token.value);
      if (token.kind === 'integer' && !Number.isSafeInteger(value)) this.#fail('the number is beyond 2^53', token);
      return { kind: 'constant', value, ...(token.kind === 'float' ? { float: true } : {}), ...place };
    }
    if (this.#take('operator', '(') !== null) {
      if (this.#take('operator', ')') !== null) return { kind: 'tuple', entries: [], ...place };
      const inner = this.#tuple();
      this.#operator(')');
      return inner;
    }
    if (this.#take('operator', '[') !== null) {
      const entries: Expression[] = [];
      while (!this.#is('operator', ']')) {
        entries.push(this.#expression());
        if (this.#take('operator', ',') === null) break;
      }
      this.#operator(']');
      return { kind: 'list', entries, ...place };
    }
    if (this.#take('operator', '{') !== null) {
      const entries: [Expression, Expression][] = [];
      while (!this.#is('operator', '}')) {
        const key = this.#expression();
        this.#operator(':');
        entries.push([key, this.#expression()]);
        if (this.#take('operator', ',') === null) break;
      }
      this.#operator('}');
      return { kind: 'dict', entries, ...place };
    }
    return this.#unexpected('a value');
  }
}
