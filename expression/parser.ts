import type { Expression, Statement, Target } from './ast.ts';
import { type Position, TemplateError } from './errors.ts';
import { CONSTANTS, ExpressionParser } from './expression-parser.ts';
import { type Token, tokenize } from './lexer.ts';
import { TokenReader } from './token-reader.ts';

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
  return new StatementParser(tokenize(source)).parse();
}

const OPEN = '{{ ';

/** Parses an expression without braces around it. Throws a TemplateError of kind `syntax`. */
export function parseExpression(source: string): Expression {
  const tokens = tokensOfExpression(source);
  try {
    const [only, ...rest] = new StatementParser(tokens).parse();
    if (only?.kind === 'output' && rest.length === 0) return only.of;
  } catch (error) {
    throw error instanceof TemplateError ? withoutBraces(error, source, error) : error;
  }
  throw new TemplateError('syntax', 'exactly one expression is expected', { line: 1, column: 1 });
}

/** Cuts an expression in braces into tokens, with the places that they have without the braces. */
function tokensOfExpression(source: string): Token[] {
  const shifted = ({ line, column }: Position): Position => ({
    line,
    column: line === 1 ? Math.max(1, column - OPEN.length) : column,
  });
  try {
    return tokenize(`${OPEN}${source} }}`).map((token) => Object.assign(token, shifted(token)));
  } catch (error) {
    throw error instanceof TemplateError ? withoutBraces(error, source, shifted(error)) : error;
  }
}

/** Returns an error at a place whose message does not mention the braces, which nobody wrote. */
function withoutBraces({ kind, message }: TemplateError, source: string, place: Position): TemplateError {
  const lines = source.split('\n');
  const beyond = place.line === lines.length && place.column > [...lines.at(-1)!].length;
  const words = beyond
    ? 'something is missing at the end'
    : message.replace(/^'}}' is expected/, 'the end is expected');
  return new TemplateError(kind, words, place);
}

/** Parses the statements of a template. */
class StatementParser {
  readonly #tokens: TokenReader;
  readonly #expressions: ExpressionParser;
  /** The number of loops around what is being parsed. */
  #loops = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = new TokenReader(tokens);
    this.#expressions = new ExpressionParser(this.#tokens);
  }

  parse(): Statement[] {
    const { body, end } = this.#body([]);
    if (end !== null) this.#tokens.fail(`${end} closes nothing here`);
    return body;
  }

  /** Parses statements up to one of some words; returns the word, or null at the end of the template. */
  #body(until: string[]): { body: Statement[]; end: string | null } {
    return this.#tokens.nest(() => {
      const body: Statement[] = [];
      for (;;) {
        const token = this.#tokens.next();
        switch (token.kind) {
          case 'eof':
            if (until.length > 0) this.#tokens.fail(`${until.at(-1)} is missing`, token);
            return { body, end: null };
          case 'text':
            body.push({ kind: 'text', text: token.value });
            break;
          case 'open':
            body.push(this.#output());
            break;
          default: {
            const word = this.#tokens.expect('name', 'a statement');
            if (until.includes(word.value)) return { body, end: word.value };
            body.push(this.#statement(word));
          }
        }
      }
    });
  }

  #output(): Statement {
    const of = this.#expressions.parseTuple();
    this.#tokens.expect('close', "'}}'");
    return { kind: 'output', of };
  }

  #end(): void {
    this.#tokens.expect('end', "'%}'");
  }

  #statement(token: Token): Statement {
    const word = token.value;
    switch (word) {
      case 'if':
        return this.#if();
      case 'for':
        return this.#for();
      case 'set':
        return this.#set();
      case 'with':
        return this.#with();
      case 'filter':
        return this.#apply();
      case 'do':
        return this.#do();
      case 'break':
      case 'continue':
        if (this.#loops === 0) this.#tokens.fail(`${word} stands outside a loop`, token);
        this.#end();
        return { kind: word };
      default:
        return this.#refuse(token);
    }
  }

  /** Throws a TemplateError for a word that begins no statement. */
  #refuse(token: Token): never {
    const word = token.value;
    if (word.startsWith('end') || word === 'else' || word === 'elif') {
      this.#tokens.fail(`${word} closes nothing here`, token);
    }
    if (Object.hasOwn(REFUSED, word)) this.#tokens.fail(`${word} is not supported: ${REFUSED[word]}`, token);
    this.#tokens.fail(`there is no statement '${word}'`, token);
  }

  #if(): Statement {
    const branches: { test: Expression | null; body: Statement[] }[] = [];
    let test: Expression | null = this.#expressions.parseTuple();
    for (;;) {
      this.#end();
      const { body, end } = this.#body(test === null ? ['endif'] : ['elif', 'else', 'endif']);
      branches.push({ test, body });
      if (end === 'endif') {
        this.#end();
        return { kind: 'if', branches };
      }
      test = end === 'elif' ? this.#expressions.parseTuple() : null;
    }
  }

  #for(): Statement {
    const target = this.#names();
    if (this.#tokens.take('name', 'in') === null) this.#tokens.failExpecting("'in'");
    const of = this.#expressions.parseTuple(false);
    const condition = this.#tokens.take('name', 'if') === null ? null : this.#expressions.parse();
    const recursive = this.#tokens.take('name', 'recursive') !== null;
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
    const parenthesis = this.#tokens.take('operator', '(');
    const names = [this.#name()];
    while (this.#tokens.take('operator', ',') !== null && this.#tokens.is('name')) names.push(this.#name());
    if (parenthesis !== null) this.#tokens.expectOperator(')');
    return names;
  }

  #name(): string {
    const token = this.#tokens.expect('name', 'a name');
    if (Object.hasOwn(CONSTANTS, token.value) || token.value.startsWith('__')) {
      this.#tokens.fail(`'${token.value}' cannot be assigned to`, token);
    }
    return token.value;
  }

  #set(): Statement {
    const target = this.#target();
    if (this.#tokens.take('operator', '=') !== null) {
      const value = this.#expressions.parseTuple();
      this.#end();
      return { kind: 'set', target, value };
    }
    if (!('names' in target) || target.names.length !== 1) this.#tokens.failExpecting("'='");
    const filters = this.#tokens.is('operator', '|') ? this.#expressions.parseFilters() : [];
    this.#end();
    const { body } = this.#body(['endset']);
    this.#end();
    return { kind: 'capture', name: target.names[0]!, filters, body };
  }

  #target(): Target {
    const names = this.#names();
    if (names.length === 1 && this.#tokens.take('operator', '.') !== null) {
      return { namespace: names[0]!, field: this.#tokens.expect('name', 'a field').value };
    }
    return { names };
  }

  #with(): Statement {
    const assignments: [string, Expression][] = [];
    while (!this.#tokens.is('end')) {
      if (assignments.length > 0) this.#tokens.expectOperator(',');
      const name = this.#name();
      this.#tokens.expectOperator('=');
      assignments.push([name, this.#expressions.parse()]);
    }
    this.#end();
    const { body } = this.#body(['endwith']);
    this.#end();
    return { kind: 'with', assignments, body };
  }

  #apply(): Statement {
    const filters = this.#expressions.parseFilters();
    this.#end();
    const { body } = this.#body(['endfilter']);
    this.#end();
    return { kind: 'apply', filters, body };
  }

  #do(): Statement {
    const of = this.#expressions.parseTuple();
    this.#end();
    return { kind: 'do', of };
  }
}
