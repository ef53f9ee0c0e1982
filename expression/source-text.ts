import type { Arguments, Expression } from './ast.ts';

/** How tightly operators bind, from the loosest. */
const BINDING: Record<string, number> = {
  or: 1,
  and: 2,
  '+': 5,
  '-': 5,
  '~': 6,
  '*': 7,
  '/': 7,
  '//': 7,
  '%': 7,
  '**': 8,
};
const NOT = 3;
const COMPARISON = 4;
const SIGN = 9;
const VALUE = 10;

/** Writes an expression as its author could have written it, with one space between words and the parentheses that it needs. */
export function writeExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'constant':
      return writeConstant(expression);
    case 'name':
      return expression.name;
    case 'list':
      return `[${writeAll(expression.entries)}]`;
    case 'tuple':
      return `(${writeAll(expression.entries)}${expression.entries.length === 1 ? ',' : ''})`;
    case 'dict':
      return `{${expression.entries.map((pair) => pair.map(writeExpression).join(': ')).join(', ')}}`;
    case 'attribute':
      return `${within(expression.of, VALUE)}.${expression.name}`;
    case 'item':
      return `${within(expression.of, VALUE)}[${writeExpression(expression.key)}]`;
    case 'slice':
      return `${within(expression.of, VALUE)}[${writeBounds(expression)}]`;
    case 'call':
      return `${within(expression.of, VALUE)}(${writeArguments(expression.args)})`;
    case 'filter':
      return `${within(expression.of, SIGN)} | ${expression.name}${writeOptional(expression.args)}`;
    case 'test':
      return `${within(expression.of, SIGN)} is ${expression.name}${writeOptional(expression.args)}`;
    case 'unary':
      return expression.operator === 'not'
        ? `not ${within(expression.of, NOT)}`
        : `${expression.operator}${within(expression.of, VALUE)}`;
    case 'binary': {
      const level = BINDING[expression.operator]!;
      return `${within(expression.left, level)} ${expression.operator} ${within(expression.right, level + 1)}`;
    }
    case 'compare': {
      const rest = expression.rest.map(({ operator, right }) => ` ${operator} ${within(right, COMPARISON + 1)}`);
      return `${within(expression.first, COMPARISON + 1)}${rest.join('')}`;
    }
    case 'condition': {
      const otherwise = expression.otherwise === null ? '' : ` else ${writeExpression(expression.otherwise)}`;
      return `${within(expression.value, 1)} if ${within(expression.test, 1)}${otherwise}`;
    }
  }
}

/** Writes an expression that stands where only what binds at least so tightly may stand. */
function within(expression: Expression, least: number): string {
  const text = writeExpression(expression);
  return bindingOf(expression) < least ? `(${text})` : text;
}

function bindingOf(expression: Expression): number {
  switch (expression.kind) {
    case 'condition':
      return 0;
    case 'binary':
      return BINDING[expression.operator]!;
    case 'compare':
      return COMPARISON;
    case 'unary':
      return expression.operator === 'not' ? NOT : SIGN;
    case 'filter':
    case 'test':
      return SIGN;
    default:
      return VALUE;
  }
}

function writeAll(entries: readonly Expression[]): string {
  return entries.map(writeExpression).join(', ');
}

function writeArguments({ positional, named }: Arguments): string {
  return [
    ...positional.map(writeExpression),
    ...named.map(([name, value]) => `${name}=${writeExpression(value)}`),
  ].join(', ');
}

function writeOptional(args: Arguments): string {
  const text = writeArguments(args);
  return text === '' ? '' : `(${text})`;
}

function writeBounds({ from, to, by }: Extract<Expression, { kind: 'slice' }>): string {
  const bound = (part: Expression | undefined): string => (part === undefined ? '' : writeExpression(part));
  return `${bound(from)}:${bound(to)}${by === undefined ? '' : `:${bound(by)}`}`;
}

function writeConstant({ value, float }: Extract<Expression, { kind: 'constant' }>): string {
  if (value === null) return 'none';
  if (typeof value !== 'number') return JSON.stringify(value);
  return float === true && Number.isInteger(value) ? value.toFixed(1) : String(value);
}
