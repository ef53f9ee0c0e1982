import type { Arguments, Expression, Filter, Statement } from './ast.ts';
import type { Position } from './errors.ts';
import { FILTERS } from './filters.ts';
import { FUNCTION_NAMES } from './functions.ts';
import { TESTS } from './tests.ts';

/** A name that a template reads, with the keys below it that are written out. */
export interface TemplatePath extends Position {
  root: string;
  keys: (string | number)[];
  /** Whether the name may be missing, because it stands under `default` or `is defined`. */
  guarded: boolean;
  /** The arguments with which the name is called, as in `now()`; null: it is not called. */
  called: Arguments | null;
}

/** A filter or test that does not exist, with the names that do. */
export interface UnknownUse extends Position {
  what: 'filter' | 'test';
  name: string;
  candidates: readonly string[];
}

/** The names that a template reads and uses, known before it runs. */
export interface Analysis {
  references: TemplatePath[];
  unknown: UnknownUse[];
}

/** Finds every name that a template reads from outside, and every filter and test that does not exist. */
export function analyze(statements: readonly Statement[]): Analysis {
  const analysis: Analysis = { references: [], unknown: [] };
  new Walker(analysis).statements(statements, new Set(FUNCTION_NAMES));
  return analysis;
}

class Walker {
  readonly #analysis: Analysis;

  constructor(analysis: Analysis) {
    this.#analysis = analysis;
  }

  statements(statements: readonly Statement[], outer: ReadonlySet<string>): void {
    // Once a name is set, it is no longer a name from outside.
    const names = new Set(outer);
    for (const statement of statements) this.#statement(statement, names);
  }

  #statement(statement: Statement, names: Set<string>): void {
    switch (statement.kind) {
      case 'output':
      case 'do':
        this.#read(statement.of, names);
        return;
      case 'if':
        for (const { test, body } of statement.branches) {
          if (test !== null) this.#read(test, names);
          for (const inner of body) this.#statement(inner, names);
        }
        return;
      case 'for': {
        this.#read(statement.of, names);
        const inner = new Set([...names, ...statement.target, 'loop']);
        if (statement.condition !== null) this.#read(statement.condition, inner);
        this.statements(statement.body, inner);
        this.statements(statement.otherwise, names);
        return;
      }
      case 'set':
        this.#read(statement.value, names);
        if ('names' in statement.target) for (const name of statement.target.names) names.add(name);
        return;
      case 'capture':
        this.#filters(statement.filters, names);
        this.statements(statement.body, names);
        names.add(statement.name);
        return;
      case 'apply':
        this.#filters(statement.filters, names);
        this.statements(statement.body, names);
        return;
      case 'with': {
        const inner = new Set(names);
        for (const [, value] of statement.assignments) this.#read(value, names);
        for (const [name] of statement.assignments) inner.add(name);
        this.statements(statement.body, inner);
      }
    }
  }

  #filters(filters: readonly Filter[], names: ReadonlySet<string>): void {
    for (const { name, args, line, column } of filters) {
      this.#use('filter', name, FILTERS, { line, column });
      this.#arguments(args, names);
    }
  }

  #use(what: 'filter' | 'test', name: string, table: object, { line, column }: Position): void {
    if (Object.hasOwn(table, name)) return;
    this.#analysis.unknown.push({ what, name, candidates: Object.keys(table), line, column });
  }

  #arguments({ positional, named }: Arguments, names: ReadonlySet<string>): void {
    for (const argument of positional) this.#read(argument, names);
    for (const [, argument] of named) this.#read(argument, names);
  }

  #read(expression: Expression, names: ReadonlySet<string>, guarded = false, called: Arguments | null = null): void {
    switch (expression.kind) {
      case 'constant':
        return;
      case 'name':
      case 'attribute':
      case 'item':
        this.#path(expression, names, guarded, called);
        return;
      case 'list':
      case 'tuple':
        for (const entry of expression.entries) this.#read(entry, names);
        return;
      case 'dict':
        for (const pair of expression.entries) for (const part of pair) this.#read(part, names);
        return;
      case 'slice':
        for (const part of [expression.of, expression.from, expression.to, expression.by]) {
          if (part !== undefined) this.#read(part, names);
        }
        return;
      case 'call':
        this.#call(expression, names, guarded);
        return;
      case 'filter':
        this.#use('filter', expression.name, FILTERS, expression);
        this.#read(expression.of, names, guarded || expression.name === 'default' || expression.name === 'd');
        this.#arguments(expression.args, names);
        return;
      case 'test':
        this.#use('test', expression.name, TESTS, expression);
        this.#read(expression.of, names, expression.name === 'defined' || expression.name === 'undefined');
        this.#arguments(expression.args, names);
        return;
      case 'unary':
        this.#read(expression.of, names);
        return;
      case 'binary':
        this.#read(expression.left, names, guarded);
        // The operand after `x is defined and` is only read when x exists.
        this.#read(expression.right, names, guarded || (expression.operator === 'and' && isGuard(expression.left)));
        return;
      case 'compare':
        this.#read(expression.first, names, guarded);
        for (const { right } of expression.rest) this.#read(right, names, guarded);
        return;
      case 'condition':
        this.#condition(expression, names, guarded);
    }
  }

  #call({ of, args }: Extract<Expression, { kind: 'call' }>, names: ReadonlySet<string>, guarded: boolean): void {
    // The last name of a call on something is a method, and no key of the data.
    if (of.kind === 'attribute') this.#read(of.of, names, guarded);
    else this.#read(of, names, guarded, args);
    this.#arguments(args, names);
  }

  #condition(
    { test, value, otherwise }: Extract<Expression, { kind: 'condition' }>,
    names: ReadonlySet<string>,
    guarded: boolean,
  ): void {
    const inner = guarded || isGuard(test);
    this.#read(test, names);
    this.#read(value, names, inner);
    if (otherwise !== null) this.#read(otherwise, names, inner);
  }

  #path(expression: Expression, names: ReadonlySet<string>, guarded: boolean, called: Arguments | null): void {
    let keys: (string | number)[] = [];
    let current = expression;
    while (current.kind === 'attribute' || current.kind === 'item') {
      if (current.kind === 'attribute') keys.unshift(current.name);
      else {
        const { key } = current;
        this.#read(key, names);
        if (key.kind === 'constant' && (typeof key.value === 'string' || typeof key.value === 'number')) {
          keys.unshift(key.value);
        } else keys = [];
      }
      current = current.of;
    }
    if (current.kind !== 'name') this.#read(current, names, guarded);
    else if (!names.has(current.name)) {
      const { name: root, line, column } = current;
      this.#analysis.references.push({ root, keys, guarded, called, line, column });
    }
  }
}

function isGuard(expression: Expression): boolean {
  if (expression.kind === 'test') return expression.name === 'defined';
  return (
    expression.kind === 'binary' &&
    expression.operator === 'and' &&
    (isGuard(expression.left) || isGuard(expression.right))
  );
}
