import type { WorkMeter } from '../model/work.ts';
import { integer } from './arguments.ts';
import type { Arguments, Expression, Statement } from './ast.ts';
import { Budget } from './budget.ts';
import type { Dialect } from './dialect.ts';
import { apply, type Environment, unknownName } from './environment.ts';
import { compare, contains, equals } from './equality.ts';
import { EvaluationError, type Position, TemplateError, typeError } from './errors.ts';
import { filtersOf } from './filters.ts';
import { isPrivate, listNames, readMember } from './members.ts';
import { methodOf } from './methods.ts';
import { operate } from './operators.ts';
import { spell } from './spelling.ts';
import { TESTS } from './tests.ts';
import {
  Callable,
  type Dict,
  defined,
  entriesOf,
  Float,
  floatOf,
  isFloat,
  iterate,
  kindOf,
  Namespace,
  numberOf,
  Tuple,
  truthy,
  Undefined,
  type Value,
} from './values.ts';

/** Gives the value of a root name, or undefined when there is none. */
export interface Scope {
  lookup(root: string): Value | undefined;
  /** The root names that there are, for messages. */
  names(): string[];
  /** A number from 0 up to 1; without it nothing may be left to chance. */
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

/** Levels of `{% for %}` and the like that a name is looked for in. */
interface Frame {
  vars: Map<string, Value>;
  parent: Frame | null;
  /** Makes `loop`, which most rounds of a loop never look at. */
  loop?: () => Dict;
}

/** What statements put out: a value for `{{ }}`, text for the rest. */
type Chunk = { value: Value } | { text: string };

/** Evaluates one template once, over one scope and with one budget. */
export class Evaluator implements Environment {
  readonly budget: Budget;
  readonly #scope: Scope;
  /** What the template itself has made: only that may be changed. */
  #owned: WeakSet<object> | undefined;
  readonly #roots = new Map<string, Value>();
  #frame: Frame = { vars: new Map(), parent: null };
  #depth = 0;

  constructor(scope: Scope) {
    this.#scope = scope;
    this.budget = new Budget(MAX_STEPS, scope.meter, scope.dialect);
  }

  /** The value of an expression. */
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

  /** What a template gives: the value of its only output, else text; null when it puts out nothing. */
  render(statements: readonly Statement[]): Value {
    const chunks: Chunk[] = [];
    this.#run(statements, chunks);
    const [only] = chunks;
    if (only === undefined) return null;
    if (chunks.length === 1) return 'value' in only ? only.value : only.text;
    return this.#join(chunks);
  }

  filter(name: string, value: Value, args: Value[], named: Record<string, Value>): Value {
    const filters = filtersOf(this.budget.dialect);
    const found = Object.hasOwn(filters, name) ? filters[name]! : null;
    if (found === null) throw unknownName('filter', name);
    this.budget.read(value);
    const result = apply(name, found, value, args, named, this);
    this.budget.read(result);
    return found.passes ? result : this.#own(result);
  }

  random(): number {
    if (this.#scope.random === undefined) throw typeError('nothing can be left to chance here');
    this.budget.work(HOST_CALL);
    return this.#scope.random();
  }

  test(name: string, value: Value, args: Value[]): boolean {
    const found = Object.hasOwn(TESTS, name) ? TESTS[name]! : null;
    if (found === null) throw unknownName('test', name);
    this.budget.charge(1);
    return found(value, args, { budget: this.budget, filters: filtersOf(this.budget.dialect), tests: TESTS });
  }

  #own<T extends Value>(value: T): T {
    if (typeof value === 'object' && value !== null) {
      this.#owned ??= new WeakSet();
      this.#owned.add(value);
    }
    return value;
  }

  #join(chunks: Chunk[]): string {
    const parts = chunks.map((chunk) => ('text' in chunk ? chunk.text : spell(chunk.value, this.budget)));
    this.budget.text(parts.reduce((sum, part) => sum + part.length, 0));
    return parts.join('');
  }

  #lookup(name: string): Value {
    for (let frame: Frame | null = this.#frame; frame !== null; frame = frame.parent) {
      const found = frame.vars.get(name);
      if (found !== undefined) return found;
      if (name === 'loop' && frame.loop !== undefined) {
        const state = frame.loop();
        frame.vars.set('loop', state);
        return state;
      }
    }
    if (!isPrivate(name)) {
      const found = this.#ofScope(name);
      if (found !== undefined) return found;
      const own = Object.hasOwn(GLOBALS, name) ? GLOBALS[name]! : null;
      if (own !== null) return new Callable((args, named) => this.#own(own(args, named, this.budget)));
    }
    const names = this.#scope.names();
    this.budget.work(names.length / 16);
    return new Undefined(`'${name}' is not defined; there are: ${listNames(names)}`);
  }

  /** The value of a root of the scope. Where work counts, it is asked for once: it may have to be put together of many parts. */
  #ofScope(name: string): Value | undefined {
    if (!this.budget.metered) return this.#scope.lookup(name);
    const known = this.#roots.get(name);
    if (known !== undefined) return known;
    const found = this.#scope.lookup(name);
    if (found !== undefined) this.#roots.set(name, found instanceof Callable ? this.#charged(found) : found);
    return this.#roots.get(name);
  }

  /** A function of the host that charges for each call. */
  #charged(of: Callable): Callable {
    return new Callable((args, named) => {
      this.budget.work(HOST_CALL);
      return of.call(args, named);
    });
  }

  #evaluate(expression: Expression): Value {
    switch (expression.kind) {
      case 'constant':
        return expression.float === true ? floatOf(expression.value as number) : expression.value;
      case 'name':
        return this.#lookup(expression.name);
      case 'list':
        return this.#own(expression.entries.map((entry) => defined(this.evaluate(entry))));
      case 'tuple':
        return new Tuple(expression.entries.map((entry) => defined(this.evaluate(entry))));
      case 'dict':
        return this.#own(
          Object.fromEntries(
            expression.entries.map(([key, value]) => [
              keyText(this.evaluate(key), this.budget),
              defined(this.evaluate(value)),
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
        const { positional, named } = this.#arguments(expression.args);
        return this.filter(expression.name, value, positional, named);
      }
      case 'test': {
        const value = this.evaluate(expression.of);
        return this.test(expression.name, value, this.#arguments(expression.args).positional);
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

  #arguments({ positional, named }: Arguments): { positional: Value[]; named: Record<string, Value> } {
    return {
      positional: positional.map((argument) => defined(this.evaluate(argument))),
      named: Object.fromEntries(named.map(([name, argument]) => [name, defined(this.evaluate(argument))])),
    };
  }

  #item(of: Value, key: Value): Value {
    const whole = numberOf(key);
    if (entriesOf(of) !== null || typeof of === 'string') {
      if (whole !== null && !isFloat(key)) return readMember(of, whole, this.budget);
      return new Undefined(`no element ${spell(key, this.budget)} in ${kindOf(of)}`);
    }
    if (typeof key === 'string') return readMember(of, key, this.budget);
    return new Undefined(`no key ${spell(key, this.budget)} in ${kindOf(defined(of))}`);
  }

  #slice({ of, from, to, by }: Extract<Expression, { kind: 'slice' }>): Value {
    const value = defined(this.evaluate(of));
    // Without half of a pair in it, a text has a code point at each unit.
    const wide = typeof value === 'string' && /[\ud800-\udfff]/.test(value);
    if (wide) this.budget.work(value.length / 16);
    const list = typeof value === 'string' ? (wide ? [...value] : value) : entriesOf(value);
    if (list === null) throw typeError(`${kindOf(value)} cannot be sliced`);
    this.budget.read(value);
    const bound = (part: Expression | undefined): number | null => {
      const given = part === undefined ? null : defined(this.evaluate(part));
      return given === null ? null : integer(given, 0);
    };
    const step = bound(by) ?? 1;
    if (step === 0) throw typeError('a slice has no step of zero');
    const clamp = (index: number, low: number, high: number) =>
      Math.min(high, Math.max(low, index < 0 ? list.length + index : index));
    const [low, high] = step > 0 ? [0, list.length] : [-1, list.length - 1];
    const [first, last] = [bound(from), bound(to)];
    const start = first === null ? (step > 0 ? low : high) : clamp(first, low, high);
    const end = last === null ? (step > 0 ? high : low) : clamp(last, low, high);
    if (typeof list === 'string' && step === 1) return list.slice(start, Math.max(start, end));
    const size = Math.max(0, Math.ceil((end - start) / step));
    this.budget.work(size / 4);
    const part = Array.from({ length: size }, (_, index) => list[start + index * step]!);
    if (typeof value === 'string') return part.join('');
    return value instanceof Tuple ? new Tuple(part) : this.#own(part);
  }

  #call(of: Expression, given: Arguments): Value {
    if (of.kind === 'attribute' && typeof of.name === 'string') {
      const subject = defined(this.evaluate(of.of));
      const owned = typeof subject === 'object' && subject !== null && this.#owned?.has(subject) === true;
      const method = methodOf(subject, of.name, owned, this.budget.dialect);
      if (method !== null) {
        const { positional, named } = this.#arguments(given);
        this.budget.read(subject);
        const result = apply(of.name, method, subject, positional, named, this);
        this.budget.read(result);
        return method.passes ? result : this.#own(result);
      }
    }
    const called = defined(this.evaluate(of));
    if (!(called instanceof Callable)) throw typeError(`${kindOf(called)} cannot be called`);
    const { positional, named } = this.#arguments(given);
    return called.call(positional, named);
  }

  #unary(operator: 'not' | '-' | '+', value: Value): Value {
    if (operator === 'not') return !truthy(value, this.budget);
    const number = numberOf(defined(value));
    if (number === null) throw typeError(`${operator} does not take ${kindOf(value)}`);
    const signed = operator === '-' ? -number : number;
    return value instanceof Float ? new Float(signed) : signed === 0 ? 0 : signed;
  }

  #binary({ operator, left, right }: Extract<Expression, { kind: 'binary' }>): Value {
    const first = this.evaluate(left);
    if (operator === 'or') return truthy(first, this.budget) ? first : defined(this.evaluate(right));
    if (operator === 'and') return truthy(first, this.budget) ? defined(this.evaluate(right)) : first;
    return this.#own(operate(operator, first, this.evaluate(right), this.budget));
  }

  #compare({ first, rest }: Extract<Expression, { kind: 'compare' }>): boolean {
    let left = this.evaluate(first);
    for (const { operator, right: next } of rest) {
      const right = this.evaluate(next);
      this.budget.read(left);
      this.budget.read(right);
      if (!holds(operator, left, right, this.budget)) return false;
      left = right;
    }
    return true;
  }

  #run(statements: readonly Statement[], out: Chunk[]): 'break' | 'continue' | null {
    for (const statement of statements) {
      const stop = this.#statement(statement, out);
      if (stop !== null) return stop;
    }
    return null;
  }

  #statement(statement: Statement, out: Chunk[]): 'break' | 'continue' | null {
    this.#charge();
    switch (statement.kind) {
      case 'text':
        out.push({ text: statement.text });
        return null;
      case 'output': {
        const value = this.evaluate(statement.of);
        if (value instanceof Undefined && value.silent) return null;
        out.push({ value: this.#at(statement.of, () => defined(value)) });
        return null;
      }
      case 'if': {
        const branch = statement.branches.find(({ test }) => test === null || this.#truthy(test));
        return branch === undefined ? null : this.#run(branch.body, out);
      }
      case 'for':
        this.#for(statement, out);
        return null;
      case 'set':
        this.#set(statement);
        return null;
      case 'capture': {
        const text = this.#filtered(statement.filters, this.#text(statement.body));
        this.#frame.vars.set(statement.name, text);
        return null;
      }
      case 'apply':
        out.push({ text: spell(this.#filtered(statement.filters, this.#text(statement.body)), this.budget) });
        return null;
      case 'with':
        return this.#within(() => {
          for (const [name, value] of statement.assignments) {
            this.#frame.vars.set(name, this.#defined(value));
          }
          return this.#run(statement.body, out);
        });
      default:
        return statement.kind;
    }
  }

  #charge(): void {
    this.budget.charge(1);
    if (this.#depth > 100) throw typeError('the template is nested too deep');
  }

  #truthy(expression: Expression): boolean {
    return this.#at(expression, () => truthy(this.evaluate(expression), this.budget));
  }

  #defined(expression: Expression): Value {
    return this.#at(expression, () => defined(this.evaluate(expression)));
  }

  /** Does something whose errors belong to a place. */
  #at<T>(place: Position, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw placed(error, place);
    }
  }

  #filtered(filters: Extract<Statement, { kind: 'apply' }>['filters'], value: Value): Value {
    return filters.reduce<Value>((current, { name, args, line, column }) => {
      return this.#at({ line, column }, () => {
        const { positional, named } = this.#arguments(args);
        return this.filter(name, current, positional, named);
      });
    }, value);
  }

  #text(body: readonly Statement[]): string {
    const chunks: Chunk[] = [];
    this.#within(() => this.#run(body, chunks));
    return this.#join(chunks);
  }

  #within<T>(work: () => T): T {
    this.#frame = { vars: new Map(), parent: this.#frame };
    this.#depth += 1;
    try {
      return work();
    } finally {
      this.#frame = this.#frame.parent!;
      this.#depth -= 1;
    }
  }

  #set({ target, value }: Extract<Statement, { kind: 'set' }>): void {
    const result = this.#defined(value);
    if ('namespace' in target) {
      const namespace = this.#lookup(target.namespace);
      if (!(namespace instanceof Namespace)) throw placed(typeError(`'${target.namespace}' is no namespace`), value);
      namespace.entries[target.field] = result;
      return;
    }
    this.#assign(target.names, result, value);
  }

  #assign(names: string[], value: Value, place: Position): void {
    if (names.length === 1) {
      this.#frame.vars.set(names[0]!, value);
      return;
    }
    const parts = entriesOf(value) ?? [];
    if (parts.length !== names.length) {
      throw placed(typeError(`${names.length} values are expected here, not ${parts.length}`), place);
    }
    for (const [index, name] of names.entries()) this.#frame.vars.set(name, parts[index]!);
  }

  #for(loop: Extract<Statement, { kind: 'for' }>, out: Chunk[]): void {
    let list = this.#at(loop.of, () => iterate(this.evaluate(loop.of), this.budget));
    const { condition } = loop;
    if (condition !== null) {
      list = list.filter((entry) =>
        this.#within(() => {
          this.#assign(loop.target, entry, loop.of);
          return this.#truthy(condition);
        }),
      );
    }
    if (list.length === 0) {
      this.#within(() => this.#run(loop.otherwise, out));
      return;
    }
    let changed: string | null = null;
    for (const [index, entry] of list.entries()) {
      // A round makes a scope and its loop: about as much work as four steps.
      this.budget.charge(4);
      const stop = this.#within(() => {
        this.#assign(loop.target, entry, loop.of);
        this.#frame.loop = () => ({
          ...{ index: index + 1, index0: index, revindex: list.length - index, revindex0: list.length - index - 1 },
          ...{ first: index === 0, last: index === list.length - 1, length: list.length, depth: 1, depth0: 0 },
          ...(index === 0 ? {} : { previtem: list[index - 1]! }),
          ...(index === list.length - 1 ? {} : { nextitem: list[index + 1]! }),
          cycle: new Callable((args) => args[index % Math.max(1, args.length)] ?? null),
          changed: new Callable((args) => {
            const now = spell(new Tuple(args), this.budget);
            const differs = now !== changed;
            changed = now;
            return differs;
          }),
        });
        return this.#run(loop.body, out);
      });
      if (stop === 'break') return;
    }
  }
}

/** Functions of the language itself. */
const GLOBALS: Record<string, (args: Value[], named: Dict, budget: Budget) => Value> = {
  range: (args, _, budget) => {
    const [first = 0, second, third] = args.map((argument) => integer(argument, 0));
    const [from, to, by] = second === undefined ? [0, first, 1] : [first, second, third ?? 1];
    if (by === 0) throw typeError('a range has no step of zero');
    const size = Math.max(0, Math.ceil((to - from) / by));
    budget.charge(size);
    return Array.from({ length: size }, (__, index) => from + index * by);
  },
  dict: (args, named, budget) => extended(args[0], named, budget),
  namespace: (args, named, budget) => new Namespace(extended(args[0], named, budget)),
};

function extended(base: Value = {}, named: Dict, budget: Budget): Dict {
  budget.work(typeof base === 'string' ? base.length : Object.keys(Object(base)).length);
  return { ...(base as Dict), ...named };
}

/** Names of the functions that every template has. */
export const GLOBAL_NAMES: readonly string[] = Object.keys(GLOBALS);

function holds(operator: string, left: Value, right: Value, budget: Budget): boolean {
  switch (operator) {
    case '==':
      return equals(left, right, budget);
    case '!=':
      return !equals(left, right, budget);
    case 'in':
      return contains(right, left, budget);
    case 'not in':
      return !contains(right, left, budget);
  }
  const order = compare(left, right, budget);
  if (operator === '<') return order < 0;
  if (operator === '<=') return order <= 0;
  return operator === '>' ? order > 0 : order >= 0;
}

/** Keys of dictionaries are text, as in JSON. */
function keyText(key: Value, budget: Budget): string {
  const known = defined(key);
  if (known === null || typeof known === 'boolean') return String(known);
  if (typeof known === 'string' || numberOf(known) !== null) return spell(known, budget);
  throw typeError(`${kindOf(known)} cannot be a key`);
}

function placed(error: unknown, { line, column }: Position): unknown {
  if (error instanceof EvaluationError)
    return new TemplateError(error.kind, error.message, error.place ?? { line, column });
  if (error instanceof RangeError) return new TemplateError('limit', 'the template needs too much', { line, column });
  return error;
}
