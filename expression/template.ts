import type { Expression, Statement } from './ast.ts';
import { isTemplate } from './delimiters.ts';
import { EvaluationError, TemplateError } from './errors.ts';
import type { Scope } from './evaluator.ts';
import { parseExpression, parseTemplate } from './parser.ts';
import { Renderer } from './renderer.ts';
import { plain } from './spelling.ts';
import { isDict, type Value } from './values.ts';

/** Characters that a template may have. */
const MAX_TEMPLATE = 100_000;

/** A compiled template. */
export interface Template {
  statements: readonly Statement[];
}

/** Compiles one string. Throws a TemplateError of kind `syntax`, or `limit` when it is too long. */
export function compileTemplate(text: string): Template {
  if (text.length > MAX_TEMPLATE) {
    throw new TemplateError('limit', `the template has more than ${MAX_TEMPLATE} characters`, { line: 1, column: 1 });
  }
  // As in Jinja2, lines end with a line feed, and the last line feed of a template is dropped.
  return { statements: parseTemplate(text.replaceAll('\r\n', '\n').replace(/\n$/, '')) };
}

/**
 * Compiles a bare expression (`a.output > 3`), or one that is written as a template (`{{ a.output > 3 }}`). Throws a
 * TemplateError of kind `syntax` on anything else, also on a template with text around its expression.
 */
export function compileExpression(text: string): Template {
  if (!isTemplate(text)) return { statements: [{ kind: 'output', of: parseExpression(text) }] };
  const template = compileTemplate(text);
  if (template.statements.length === 1 && template.statements[0]!.kind === 'output') return template;
  throw new TemplateError('syntax', 'exactly one expression is expected', { line: 1, column: 1 });
}

/** Renders a template over plain data to plain data. Throws a TemplateError. */
export function renderTemplate(template: Template, scope: Scope): Value {
  const [only] = template.statements;
  const renderer = new Renderer(scope);
  try {
    const value = renderer.render(template.statements);
    // Data at the end of a path is plain already, however large it is.
    const data = template.statements.length === 1 && only?.kind === 'output' && isPath(only.of);
    return data && isData(value) ? value : plain(value, renderer.evaluator.budget);
  } catch (error) {
    throw atPlace(error, only);
  }
}

/** Returns whether an expression is a name with keys below it, which only leads into the data. */
function isPath(expression: Expression): boolean {
  let current = expression;
  while (current.kind === 'attribute' || current.kind === 'item') current = current.of;
  return current.kind === 'name';
}

function isData(value: Value): boolean {
  return Array.isArray(value) || isDict(value);
}

function atPlace(error: unknown, statement: Statement | undefined): unknown {
  const place: Pick<Expression, 'line' | 'column'> =
    statement?.kind === 'output' ? statement.of : { line: 1, column: 1 };
  if (error instanceof EvaluationError) return new TemplateError(error.kind, error.message, error.place ?? place);
  // A list that contains itself has no end.
  if (error instanceof RangeError) return new TemplateError('limit', 'the value is nested too deep', place);
  return error;
}
