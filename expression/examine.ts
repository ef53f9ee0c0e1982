import { WorkMeter } from '../model/work.ts';
import {
  type Arguments,
  type Expression,
  type Filter,
  listContents,
  listParts,
  namesOf,
  type Statement,
} from './ast.ts';
import { NEWEST_DIALECT } from './dialect.ts';
import { type Position, TemplateError } from './errors.ts';
import type { Scope } from './evaluator.ts';
import { FILTERS } from './filters.ts';
import { FUNCTIONS } from './functions.ts';
import { METHODS } from './methods.ts';
import { argumentFault, type Signature } from './signature.ts';
import { renderTemplate } from './template.ts';
import { TESTS } from './tests.ts';

/** Something in a template that always fails, or never finds anything, with the place where it stands. */
export interface Finding extends Position {
  code: 'argument_invalid' | 'unknown_filter' | 'unknown_test' | 'attr_finds_nothing';
  message: string;
  /** The name that no table has, and the names that exist. */
  name?: string;
  candidates?: readonly string[];
}

/** Units of work that the trial of one constant call may take. */
const TRIAL_WORK = 20_000;

/** A value for each filter whose arguments alone can be wrong. */
const SAMPLES: Record<string, string | number> = {
  regex_match: '',
  regex_search: '',
  regex_replace: '',
  regex_findall: '',
  strftime: 0,
  date: 0,
  hash: '',
  round: 0,
  split: 'x',
  version_compare: '1',
};

/** Filters that pass the rest of their arguments to the filter or test that they name. */
const PASSING_ON: Record<string, { what: 'filter' | 'test'; at: number }> = {
  map: { what: 'filter', at: 0 },
  select: { what: 'test', at: 0 },
  reject: { what: 'test', at: 0 },
  selectattr: { what: 'test', at: 1 },
  rejectattr: { what: 'test', at: 1 },
};

/**
 * Finds mistakes that the author of a template should know before it runs: arguments that nothing takes, constant calls that fail, and
 * uses of `attr` that find nothing. Definitions that are already stored run without this examination.
 */
export function examine(statements: readonly Statement[]): Finding[] {
  const examiner = new Examiner();
  examiner.statements(statements);
  return examiner.findings;
}

class Examiner {
  readonly findings: Finding[] = [];

  statements(statements: readonly Statement[]): void {
    for (const statement of statements) {
      const { expressions, filters, bodies } = listContents(statement);
      for (const expression of expressions) this.#expression(expression);
      for (const filter of filters) this.#filter(filter);
      for (const body of bodies) this.statements(body);
    }
  }

  #note(code: Finding['code'], message: string | null, { line, column }: Position): void {
    if (message !== null) this.findings.push({ code, message, line, column });
  }

  #expression(expression: Expression): void {
    if (expression.kind === 'filter') this.#filter(expression, expression.of);
    else if (expression.kind === 'call') this.#call(expression);
    else if (expression.kind === 'test' && Object.hasOwn(TESTS, expression.name)) {
      this.#arguments(expression.name, [TESTS[expression.name]!.signature], expression.args, expression);
    }
    const calls = expression.kind === 'filter' || expression.kind === 'call';
    const formats = expression.kind === 'binary' && expression.operator === '%';
    if ((calls || formats) && isConstant(expression)) this.#try(expression, expression);
    for (const part of listParts(expression)) this.#expression(part);
  }

  #filter(filter: Filter, of: Expression | null = null): void {
    const { name, args } = filter;
    if (!Object.hasOwn(FILTERS, name)) return;
    this.#arguments(name, [FILTERS[name]!.signature], args, filter);
    if (Object.hasOwn(PASSING_ON, name)) this.#passedOn(PASSING_ON[name]!, args, filter);
    if (name === 'attr' && of !== null && of.kind !== 'name') {
      const message =
        "attr finds what a namespace, a loop or a group has, and no key of data: write x['key'], or use dig";
      this.#note('attr_finds_nothing', message, filter);
    }
    if (!Object.hasOwn(SAMPLES, name) || (of !== null && isConstant(of)) || !allConstant(args)) return;
    const sample: Expression = { kind: 'constant', value: SAMPLES[name]!, line: filter.line, column: filter.column };
    this.#try({ kind: 'filter', name, of: sample, args, line: filter.line, column: filter.column }, filter);
  }

  #passedOn(
    { what, at }: { what: 'filter' | 'test'; at: number },
    { positional, named }: Arguments,
    place: Position,
  ): void {
    const given = positional[at];
    if (given?.kind !== 'constant' || typeof given.value !== 'string') return;
    const table: Readonly<Record<string, { signature: Signature }>> = what === 'filter' ? FILTERS : TESTS;
    const name = given.value;
    if (!Object.hasOwn(table, name)) {
      const { line, column } = place;
      const message = `there is no ${what} "${name}"`;
      this.findings.push({ code: `unknown_${what}`, message, name, candidates: Object.keys(table), line, column });
    } else this.#arguments(name, [table[name]!.signature], { positional: positional.slice(at + 1), named }, place);
  }

  /** The type of the value is unknown here: the arguments must fit any method of that name. */
  #call({ of, args, line, column }: Extract<Expression, { kind: 'call' }>): void {
    if (of.kind === 'name' && Object.hasOwn(FUNCTIONS, of.name)) {
      this.#arguments(of.name, [FUNCTIONS[of.name]!.signature], args, { line, column });
    } else if (of.kind === 'attribute' && typeof of.name === 'string') {
      const { name } = of;
      const tables: Readonly<Record<string, { signature: Signature }>>[] = Object.values(METHODS);
      const signatures = tables.flatMap((table) => (Object.hasOwn(table, name) ? [table[name]!.signature] : []));
      this.#arguments(name, signatures, args, of);
    }
  }

  #arguments(name: string, signatures: readonly Signature[], args: Arguments, place: Position): void {
    const faults = signatures.map((signature) => argumentFault(name, signature, args.positional.length, namesOf(args)));
    if (!faults.includes(null)) this.#note('argument_invalid', faults[0] ?? null, place);
  }

  #try(expression: Expression, place: Position): void {
    // A call that was found wrong already is not tried.
    if (this.findings.some(({ line, column }) => line === place.line && column === place.column)) return;
    try {
      renderTemplate(
        { statements: [{ kind: 'output', of: expression }] },
        { ...NOTHING, meter: new WorkMeter(TRIAL_WORK) },
      );
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      if (error.kind === 'type') this.#note('argument_invalid', error.message, place);
    }
  }
}

const NOTHING: Scope = { lookup: () => undefined, names: () => [], dialect: NEWEST_DIALECT };

/** Returns whether an expression reads nothing from outside. */
function isConstant(expression: Expression): boolean {
  if (expression.kind === 'name') return false;
  if (expression.kind === 'filter' && expression.name === 'random') return false;
  if (expression.kind !== 'call') return listParts(expression).every(isConstant);
  const { of, args } = expression;
  const called = of.kind === 'attribute' ? isConstant(of.of) : of.kind === 'name' && Object.hasOwn(FUNCTIONS, of.name);
  return called && allConstant(args);
}

function allConstant({ positional, named }: Arguments): boolean {
  return [...positional, ...named.map(([, value]) => value)].every(isConstant);
}
