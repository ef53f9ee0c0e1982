import type { Position } from './errors.ts';

/** An expression, with the place where it begins. */
export type Expression = Position &
  (
    | { kind: 'constant'; value: null | boolean | number | string; float?: boolean }
    | { kind: 'name'; name: string }
    | { kind: 'list' | 'tuple'; entries: Expression[] }
    | { kind: 'dict'; entries: [Expression, Expression][] }
    | { kind: 'attribute'; of: Expression; name: string | number }
    | { kind: 'item'; of: Expression; key: Expression }
    | { kind: 'slice'; of: Expression; from?: Expression; to?: Expression; by?: Expression }
    | { kind: 'call'; of: Expression; args: Arguments }
    | { kind: 'filter' | 'test'; name: string; of: Expression; args: Arguments }
    | { kind: 'unary'; operator: 'not' | '-' | '+'; of: Expression }
    | { kind: 'binary'; operator: string; left: Expression; right: Expression }
    | { kind: 'compare'; first: Expression; rest: { operator: string; right: Expression }[] }
    | { kind: 'condition'; test: Expression; value: Expression; otherwise: Expression | null }
  );

/** Arguments of a call, a filter or a test. */
export interface Arguments {
  positional: Expression[];
  named: [string, Expression][];
}

/** Returns the names of the named arguments, in order. */
export function namesOf({ named }: Arguments): string[] {
  return named.map(([name]) => name);
}

/** Returns the expressions that an expression consists of. */
export function listParts(expression: Expression): Expression[] {
  switch (expression.kind) {
    case 'constant':
    case 'name':
      return [];
    case 'list':
    case 'tuple':
      return expression.entries;
    case 'dict':
      return expression.entries.flat();
    case 'attribute':
    case 'unary':
      return [expression.of];
    case 'item':
      return [expression.of, expression.key];
    case 'slice':
      return [expression.of, expression.from, expression.to, expression.by].filter((part) => part !== undefined);
    case 'call':
    case 'filter':
    case 'test':
      return [expression.of, ...valuesOf(expression.args)];
    case 'binary':
      return [expression.left, expression.right];
    case 'compare':
      return [expression.first, ...expression.rest.map(({ right }) => right)];
    case 'condition':
      return [expression.test, expression.value, expression.otherwise].filter((part) => part !== null);
  }
}

function valuesOf({ positional, named }: Arguments): Expression[] {
  return [...positional, ...named.map(([, value]) => value)];
}

/** The target of an assignment by `set` or `for`. */
export type Target = { names: string[] } | { namespace: string; field: string };

/** A piece of a template. */
export type Statement =
  | { kind: 'text'; text: string }
  | { kind: 'output'; of: Expression }
  | { kind: 'if'; branches: { test: Expression | null; body: Statement[] }[] }
  | {
      kind: 'for';
      target: string[];
      of: Expression;
      condition: Expression | null;
      body: Statement[];
      otherwise: Statement[];
      recursive: boolean;
    }
  | { kind: 'set'; target: Target; value: Expression }
  | { kind: 'capture'; name: string; filters: Filter[]; body: Statement[] }
  | { kind: 'with'; assignments: [string, Expression][]; body: Statement[] }
  | { kind: 'do'; of: Expression }
  | { kind: 'apply'; filters: Filter[]; body: Statement[] }
  | { kind: 'break' | 'continue' };

/** A filter of `{% filter %}` or `{% set x | … %}`. */
export interface Filter extends Position {
  name: string;
  args: Arguments;
}

/** Returns the parts of a statement: its own expressions, its filters, and the statements within it. */
export function listContents(statement: Statement): {
  expressions: Expression[];
  filters: Filter[];
  bodies: (readonly Statement[])[];
} {
  const none = { expressions: [], filters: [], bodies: [] };
  switch (statement.kind) {
    case 'output':
    case 'do':
      return { ...none, expressions: [statement.of] };
    case 'if': {
      const tests = statement.branches.flatMap(({ test }) => (test === null ? [] : [test]));
      return { ...none, expressions: tests, bodies: statement.branches.map(({ body }) => body) };
    }
    case 'for': {
      const { of, condition, body, otherwise } = statement;
      return { ...none, expressions: condition === null ? [of] : [of, condition], bodies: [body, otherwise] };
    }
    case 'set':
      return { ...none, expressions: [statement.value] };
    case 'with':
      return { ...none, expressions: statement.assignments.map(([, value]) => value), bodies: [statement.body] };
    case 'capture':
    case 'apply':
      return { ...none, filters: statement.filters, bodies: [statement.body] };
    default:
      return none;
  }
}
