import type { WorkMeter } from '../model/work.ts';
import { integer } from './arguments.ts';
import type { Arguments, Expression } from './ast.ts';
import { Budget } from './budget.ts';
import { DECLARED_ARGUMENTS, type Dialect, FINITE_NUMBERS, LAZY_UNDEFINED, RECURSIVE_LOOPS } from './dialect.ts';
import { keySought, keyText } from './dictionaries.ts';
import { apply, type Environment, type Given, type Operation, place, unknownName } from './environment.ts';
import { evaluateComparison } from './equality.ts';
import { EvaluationError, type Position, TemplateError, typeError } from './errors.ts';
import { filtersOf } from './filters.ts';
import { Frames } from './frames.ts';
import { functionsOf } from './functions.ts';
import { truthy } from './iteration.ts';
import { isPrivate, listNames, readMember } from './members.ts';
import { findMethod } from './methods.ts';
import { operate } from './operators.ts';
import { slice } from './slices.ts';
import { spell } from './spelling.ts';
import { testsOf } from './tests.ts';
import {
  asFloat,
  Callable,
  defined,
  describeKind,
  entriesOf,
  Float,
  finite,
  isFloat,
  numberOf,
  Tuple,
  Undefined,
  type Value,
} from './values.ts';

/** The names from outside that a template can read: `lookup` returns the value of a root name, undefined without one. */
export interface Scope {
  lookup(root: string): Value | undefined;
  /** Returns all root names, for messages. */
  names(): string[];
  /** Draws a number from 0 up to 1; absent: templates that need one fail. */
  random?(): number;
  /** The rules that templates follow. */
  readonly dialect: Dialect;
  /** Counts the work of all templates that share it; absent: work is not counted, as in interpreters below 8. */
  readonly meter?: WorkMeter | undefined;
}

/** Steps that one evaluation may take. */
const MAX_STEPS = 200_000;

/** Units of work that a function of the host costs: the most expensive draws a number from a digest. */
const HOST_CALL = 50;

/** Evaluates the expressions of one template once, over one scope and with one budget. */
export class Evaluator implements Environment {
  readonly budget: Budget;
  /** The names that the template has set. */
  readonly frames = new Frames();
  readonly #scope: Scope;
  /** The values that the template itself has made: only these may be changed. */
  #owned: WeakSet<object> | undefined;
  readonly #roots = new Map<string, Value>();

  constructor(scope: Scope) {
    this.#scope = scope;
    this.budget = new Budget(MAX_STEPS, scope.meter, scope.dialect);
  }

  /** Evaluates an expression. Throws a TemplateError with the place of the error. */
  evaluate(expression: Expression): Value {
    try {
      this.budget.charge(1);
      const value = this.#evaluate(expression);
      if (value instanceof Undefined) value.place ??= expression;
      return value;
    } catch (error) {
      throw placed(error, expression);
    }
  }

  /** Returns a value that may be bound, listed or passed on although it is undefined; only its use fails. Throws in dialect 1. */
  held(value: Value): Value {
    return this.budget.dialect >= LAZY_UNDEFINED ? value : defined(value);
  }

  filter(name: string, value: Value, given: Given): Value {
    const filters = filtersOf(this.budget.dialect);
    const found = Object.hasOwn(filters, name) ? filters[name]! : null;
    if (found === null) throw unknownName('filter', name);
    this.budget.read(value);
    const result = apply(name, found, value, given, this);
    this.budget.read(result);
    return found.passes ? result : this.own(result);
  }

  random(): number {
    if (this.#scope.random === undefined) throw typeError('nothing can be left to chance here');
    this.budget.work(HOST_CALL);
    return this.#scope.random();
  }

  test(name: string, value: Value, given: Given): boolean {
    const { dialect } = this.budget;
    const tests = testsOf(dialect);
    const found = Object.hasOwn(tests, name) ? tests[name]! : null;
    if (found === null) throw unknownName('test', name);
    this.budget.charge(1);
    const args = dialect >= DECLARED_ARGUMENTS ? place(name, found.signature, given, dialect).placed : given.positional;
    return found.run(value, args, { budget: this.budget, filters: filtersOf(dialect), tests });
  }

  /** Records that the template has made a value, so that it may change the value. */
  own<T extends Value>(value: T): T {
    if (typeof value === 'object' && value !== null) {
      this.#owned ??= new WeakSet();
      this.#owned.add(value);
    }
    return value;
  }

  /**
   * Returns the value of a name: set by the template, of the scope, or a function of the language. Undefined values name the known names.
   */
  lookup(name: string): Value {
    const set = this.frames.find(name);
    if (set !== undefined) return set;
    if (!isPrivate(name)) {
      const found = this.#ofScope(name);
      if (found !== undefined) return found;
      const functions = functionsOf(this.budget.dialect);
      if (Object.hasOwn(functions, name)) return this.#functionOf(functions[name]!);
    }
    const names = this.#scope.names();
    this.budget.work(names.length / 16);
    return new Undefined(`'${name}' is not defined; there are: ${listNames(names)}`);
  }

  #functionOf({ signature, run }: Operation): Callable {
    return new Callable((args, named) => this.own(run(null, args, this, named)), signature);
  }

  /**
   * Returns the value of a root of the scope. Where work counts, the scope is asked only once, since building the value may be expensive.
   */
  #ofScope(name: string): Value | undefined {
    if (!this.budget.metered) return this.#scope.lookup(name);
    const known = this.#roots.get(name);
    if (known !== undefined) return known;
    const found = this.#scope.lookup(name);
    if (found !== undefined) this.#roots.set(name, found instanceof Callable ? this.#charged(found) : found);
    return this.#roots.get(name);
  }

  /** Wraps a function of the host so that each call is charged. */
  #charged(of: Callable): Callable {
    return new Callable((args, named) => {
      this.budget.work(HOST_CALL);
      return of.call(args, named);
    }, of.signature);
  }

  #evaluate(expression: Expression): Value {
    switch (expression.kind) {
      case 'constant':
        return expression.float === true ? this.#float(expression.value as number) : expression.value;
      case 'name':
        return this.lookup(expression.name);
      case 'list':
        return this.own(expression.entries.map((entry) => this.held(this.evaluate(entry))));
      case 'tuple':
        return new Tuple(expression.entries.map((entry) => this.held(this.evaluate(entry))));
      case 'dict':
        return this.own(
          Object.fromEntries(
            expression.entries.map(([key, value]) => [
              keyText(this.evaluate(key), this.budget),
              this.held(this.evaluate(value)),
            ]),
          ),
        );
      case 'attribute':
        return readMember(this.evaluate(expression.of), expression.name, this.budget);
      case 'item':
        return this.#item(this.evaluate(expression.of), defined(this.evaluate(expression.key)));
      case 'slice':
        return this.#slice(expression);
      case 'call':
        return this.#call(expression.of, expression.args);
      case 'filter': {
        const value = this.evaluate(expression.of);
        return this.filter(expression.name, value, this.given(expression.args));
      }
      case 'test': {
        const value = this.evaluate(expression.of);
        return this.test(expression.name, value, this.given(expression.args));
      }
      case 'unary':
        return this.#unary(expression.operator, this.evaluate(expression.of));
      case 'binary':
        return this.#binary(expression);
      case 'compare':
        return this.#compare(expression);
      case 'condition':
        if (truthy(this.evaluate(expression.test), this.budget)) return this.evaluate(expression.value);
        if (expression.otherwise !== null) return this.evaluate(expression.otherwise);
        return new Undefined('the condition is false, and there is no else', true);
    }
  }

  #float(value: number): Value {
    return asFloat(this.budget.dialect >= FINITE_NUMBERS ? finite(value) : value);
  }

  /** Evaluates the arguments of a call in order. */
  given({ positional, named }: Arguments): Given {
    return {
      positional: positional.map((argument) => this.held(this.evaluate(argument))),
      named: named.map(([name, argument]) => [name, this.held(this.evaluate(argument))]),
    };
  }

  #item(of: Value, key: Value): Value {
    const whole = numberOf(key);
    if (entriesOf(of) !== null || typeof of === 'string') {
      if (whole !== null && !isFloat(key)) return readMember(of, whole, this.budget);
      const named = of instanceof Tuple && typeof key === 'string' ? readMember(of, key, this.budget) : null;
      if (named !== null && !(named instanceof Undefined)) return named;
      return new Undefined(`no element ${spell(key, this.budget)} in ${describeKind(of)}`);
    }
    const name = keySought(key, this.budget);
    if (name !== null) return readMember(of, name, this.budget);
    return new Undefined(`no key ${spell(key, this.budget)} in ${describeKind(defined(of))}`);
  }

  #slice({ of, from, to, by }: Extract<Expression, { kind: 'slice' }>): Value {
    const value = defined(this.evaluate(of));
    const bound = (part: Expression | undefined): number | null => {
      const given = part === undefined ? null : defined(this.evaluate(part));
      return given === null ? null : integer(given, 0);
    };
    const part = slice(value, { step: () => bound(by), ends: () => [bound(from), bound(to)] }, this.budget);
    return Array.isArray(part) ? this.own(part) : part;
  }

  #call(of: Expression, args: Arguments): Value {
    if (of.kind === 'attribute' && typeof of.name === 'string') {
      const subject = defined(this.evaluate(of.of));
      const owned = typeof subject === 'object' && subject !== null && this.#owned?.has(subject) === true;
      const method = findMethod(subject, of.name, owned, this.budget.dialect);
      if (method !== null) {
        const given = this.given(args);
        this.budget.read(subject);
        const result = apply(of.name, method, subject, given, this);
        this.budget.read(result);
        return method.passes ? result : this.own(result);
      }
    }
    const recur = of.kind === 'name' && of.name === 'loop' ? this.frames.recursion() : undefined;
    const called =
      recur === undefined ? defined(this.evaluate(of)) : new Callable(([list = null]) => recur(list), 'iterable! /');
    if (!(called instanceof Callable)) throw this.#notCallable(of, called);
    const given = this.given(args);
    if (this.budget.dialect < DECLARED_ARGUMENTS) {
      return called.call([...given.positional], Object.fromEntries(given.named));
    }
    const name = of.kind === 'name' || of.kind === 'attribute' ? String(of.name) : 'the function';
    const { placed, rest } = place(name, called.signature, given, this.budget.dialect);
    return called.call(placed, rest);
  }

  #notCallable(of: Expression, value: Value): EvaluationError {
    const isLoop = of.kind === 'name' && of.name === 'loop' && this.budget.dialect >= RECURSIVE_LOOPS;
    return typeError(
      isLoop
        ? 'loop(…) is there in a recursive loop: {% for … recursive %}'
        : `${describeKind(value)} cannot be called`,
    );
  }

  #unary(operator: 'not' | '-' | '+', value: Value): Value {
    if (operator === 'not') return !truthy(value, this.budget);
    const number = numberOf(defined(value));
    if (number === null) throw typeError(`${operator} does not take ${describeKind(value)}`);
    const signed = operator === '-' ? -number : number;
    return value instanceof Float ? new Float(signed) : signed === 0 ? 0 : signed;
  }

  #binary({ operator, left, right }: Extract<Expression, { kind: 'binary' }>): Value {
    const first = this.evaluate(left);
    if (operator === 'or') return truthy(first, this.budget) ? first : this.held(this.evaluate(right));
    if (operator === 'and') return truthy(first, this.budget) ? this.held(this.evaluate(right)) : first;
    return this.own(operate(operator, first, this.evaluate(right), this.budget));
  }

  #compare({ first, rest }: Extract<Expression, { kind: 'compare' }>): boolean {
    let left = this.evaluate(first);
    for (const { operator, right: next } of rest) {
      const right = this.evaluate(next);
      this.budget.read(left);
      this.budget.read(right);
      if (!evaluateComparison(operator, left, right, this.budget)) return false;
      left = right;
    }
    return true;
  }
}

/** Returns an error with the place where it began, or else the given one. */
export function placed(error: unknown, { line, column }: Position): unknown {
  if (error instanceof EvaluationError)
    return new TemplateError(error.kind, error.message, error.place ?? { line, column });
  if (error instanceof RangeError) return new TemplateError('limit', 'the template needs too much', { line, column });
  return error;
}
