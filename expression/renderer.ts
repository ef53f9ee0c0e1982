import type { Expression, Filter, Statement } from './ast.ts';
import { CHANGED_BY_VALUE, LAZY_UNDEFINED, RECURSIVE_LOOPS, TEXT_AT_ONCE, WITH_AT_ONCE } from './dialect.ts';
import { equals } from './equality.ts';
import { type Position, typeError } from './errors.ts';
import { Evaluator, placed, type Scope } from './evaluator.ts';
import type { Frame } from './frames.ts';
import { iterate, truthy } from './iteration.ts';
import { spell } from './spelling.ts';
import { Callable, type Dict, defined, entriesOf, isDict, Namespace, Tuple, Undefined, type Value } from './values.ts';

/** Levels of statements, and of recursive loops, that may be under way. */
const MAX_DEPTH = 100;

/** An output of statements: a value for `{{ }}`, text for the rest. */
type Chunk = { value: Value; text?: string } | { text: string };
type For = Extract<Statement, { kind: 'for' }>;
type Stop = 'break' | 'continue' | null;

/** Renders the statements of one template once. */
export class Renderer {
  readonly evaluator: Evaluator;
  #mayChange = false;

  constructor(scope: Scope) {
    this.evaluator = new Evaluator(scope);
  }

  /** Renders a template: returns the value of its only output, else text; null when it has no output. */
  render(statements: readonly Statement[]): Value {
    this.#mayChange = this.#budget.dialect >= TEXT_AT_ONCE && statements.length > 1;
    const chunks: Chunk[] = [];
    this.#run(statements, chunks);
    const [only] = chunks;
    if (only === undefined) return null;
    if (chunks.length === 1) return 'value' in only ? only.value : only.text;
    return this.#join(chunks);
  }

  get #budget() {
    return this.evaluator.budget;
  }

  #join(chunks: Chunk[]): string {
    const parts = chunks.map((chunk) => chunk.text ?? spell('value' in chunk ? chunk.value : '', this.#budget));
    this.#budget.text(parts.reduce((sum, part) => sum + part.length, 0));
    return parts.join('');
  }

  /** Creates the output of a value, with its text if later statements may still change the value. */
  #output(value: Value): Chunk {
    const changes = this.#mayChange && (Array.isArray(value) || isDict(value) || value instanceof Tuple);
    return changes ? { value, text: spell(value, this.#budget) } : { value };
  }

  #run(statements: readonly Statement[], out: Chunk[]): Stop {
    for (const statement of statements) {
      const stop = this.#statement(statement, out);
      if (stop !== null) return stop;
    }
    return null;
  }

  #statement(statement: Statement, out: Chunk[]): Stop {
    const { evaluator } = this;
    this.#charge();
    switch (statement.kind) {
      case 'text':
        out.push({ text: statement.text });
        return null;
      case 'output': {
        const value = evaluator.evaluate(statement.of);
        if (value instanceof Undefined && value.silent) return null;
        out.push(this.#at(statement.of, () => this.#output(defined(value))));
        return null;
      }
      case 'if': {
        const branch = statement.branches.find(({ test }) => test === null || this.#truthy(test));
        return branch === undefined ? null : this.#run(branch.body, out);
      }
      case 'for':
        this.#loop(
          statement,
          this.#at(statement.of, () => evaluator.evaluate(statement.of)),
          out,
        );
        return null;
      case 'set':
        this.#set(statement);
        return null;
      case 'capture': {
        const text = this.#filtered(statement.filters, this.#text(statement.body));
        evaluator.frames.set(statement.name, text);
        return null;
      }
      case 'apply':
        out.push({ text: spell(this.#filtered(statement.filters, this.#text(statement.body)), this.#budget) });
        return null;
      case 'with':
        return this.#with(statement, out);
      case 'do':
        this.#at(statement.of, () => evaluator.evaluate(statement.of));
        return null;
      default:
        return statement.kind;
    }
  }

  #with({ assignments, body }: Extract<Statement, { kind: 'with' }>, out: Chunk[]): Stop {
    const { frames } = this.evaluator;
    const atOnce = this.#budget.dialect >= WITH_AT_ONCE ? assignments.map(([, value]) => this.#held(value)) : null;
    return frames.within(() => {
      for (const [index, [name, value]] of assignments.entries()) {
        frames.set(name, atOnce === null ? this.#held(value) : atOnce[index]!);
      }
      return this.#run(body, out);
    });
  }

  #charge(): void {
    this.#budget.charge(1);
    if (this.evaluator.frames.top.depth > MAX_DEPTH) throw typeError('the template is nested too deep');
  }

  #truthy(expression: Expression): boolean {
    return this.#at(expression, () => truthy(this.evaluator.evaluate(expression), this.#budget));
  }

  #held(expression: Expression): Value {
    return this.#at(expression, () => this.evaluator.held(this.evaluator.evaluate(expression)));
  }

  /** Runs work whose errors belong to a place. */
  #at<T>(place: Position, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw placed(error, place);
    }
  }

  #filtered(filters: readonly Filter[], value: Value): Value {
    return filters.reduce<Value>((current, { name, args, line, column }) => {
      return this.#at({ line, column }, () => this.evaluator.filter(name, current, this.evaluator.given(args)));
    }, value);
  }

  #text(body: readonly Statement[]): string {
    const chunks: Chunk[] = [];
    this.evaluator.frames.within(() => this.#run(body, chunks));
    return this.#join(chunks);
  }

  #set({ target, value }: Extract<Statement, { kind: 'set' }>): void {
    const result = this.#held(value);
    if ('namespace' in target) {
      const namespace = this.evaluator.lookup(target.namespace);
      if (!(namespace instanceof Namespace)) throw placed(typeError(`'${target.namespace}' is no namespace`), value);
      namespace.entries[target.field] = result;
      return;
    }
    this.#assign(target.names, result, value);
  }

  #assign(names: string[], value: Value, place: Position): void {
    const { frames } = this.evaluator;
    if (names.length === 1) {
      frames.set(names[0]!, value);
      return;
    }
    const parts = this.#at(place, () => this.#parts(value));
    if (parts.length !== names.length) {
      throw placed(typeError(`${names.length} values are expected here, not ${parts.length}`), place);
    }
    for (const [index, name] of names.entries()) frames.set(name, parts[index]!);
  }

  /** Returns the values that are assigned to several names: those of any sequence; in dialect 1, of a list or tuple. */
  #parts(value: Value): Value[] {
    return this.#budget.dialect >= LAZY_UNDEFINED ? iterate(value, this.#budget) : (entriesOf(value) ?? []);
  }

  #loop(loop: For, of: Value, out: Chunk[], depth = 0, home: Frame = this.evaluator.frames.top): void {
    const { frames } = this.evaluator;
    let list = this.#at(loop.of, () => iterate(of, this.#budget));
    const { condition } = loop;
    if (condition !== null) {
      list = list.filter((entry) =>
        frames.within(() => {
          this.#assign(loop.target, entry, loop.of);
          return this.#truthy(condition);
        }),
      );
    }
    if (list.length === 0) {
      frames.within(() => this.#run(loop.otherwise, out));
      return;
    }
    const stateAt = this.#loopState(list, depth);
    for (const [index, entry] of list.entries()) {
      // A round creates a scope and its `loop`, which is about as much work as four steps.
      this.#budget.charge(4);
      const stop = frames.within(() => {
        this.#assign(loop.target, entry, loop.of);
        frames.top.loop = () => stateAt(index);
        if (loop.recursive && this.#budget.dialect >= RECURSIVE_LOOPS) {
          frames.top.recur = (inner) => this.#recur(loop, inner, depth + 1, home);
        }
        return this.#run(loop.body, out);
      });
      if (stop === 'break') return;
    }
  }

  /**
   * Renders `loop(list)` within a recursive loop: returns the text of iterating over the list as the loop does, in the scope of the loop.
   */
  #recur(loop: For, list: Value, depth: number, home: Frame): string {
    if (depth > MAX_DEPTH) throw typeError(`the loop is more than ${MAX_DEPTH} levels deep`);
    const chunks: Chunk[] = [];
    this.evaluator.frames.within(() => this.#loop(loop, list, chunks, depth, home), home);
    return this.#join(chunks);
  }

  /** Creates the function that returns `loop` for each round. */
  #loopState(list: Value[], depth: number): (index: number) => Value {
    const changed = this.#changes();
    const stateAt = (index: number): Dict => ({
      index: index + 1,
      index0: index,
      revindex: list.length - index,
      revindex0: list.length - index - 1,
      first: index === 0,
      last: index === list.length - 1,
      length: list.length,
      depth: depth + 1,
      depth0: depth,
      ...(index === 0 ? {} : { previtem: list[index - 1]! }),
      ...(index === list.length - 1 ? {} : { nextitem: list[index + 1]! }),
      cycle: new Callable((args) => args[index % Math.max(1, args.length)] ?? null, '*'),
      changed: new Callable((args) => changed(new Tuple(args as Value[])), '*'),
    });
    const { dialect } = this.#budget;
    return (index) => (dialect >= RECURSIVE_LOOPS ? new Namespace(stateAt(index)) : stateAt(index));
  }

  /** Creates a function that returns whether values differ from those of its last call. */
  #changes(): (values: Tuple) => boolean {
    const budget = this.#budget;
    let before: Tuple | string | null = null;
    return (values) => {
      const now = budget.dialect >= CHANGED_BY_VALUE ? values : spell(values, budget);
      const same = before instanceof Tuple ? equals(now, before, budget) : now === before;
      before = now;
      return !same;
    };
  }
}
