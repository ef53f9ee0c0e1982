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

/** What `set` and `for` assign to. */
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
    }
  | { kind: 'set'; target: Target; value: Expression }
  | { kind: 'capture'; name: string; filters: Filter[]; body: Statement[] }
  | { kind: 'with'; assignments: [string, Expression][]; body: Statement[] }
  | { kind: 'apply'; filters: Filter[]; body: Statement[] }
  | { kind: 'break' | 'continue' };

/** A filter of `{% filter %}` or `{% set x | … %}`. */
export interface Filter extends Position {
  name: string;
  args: Arguments;
}
