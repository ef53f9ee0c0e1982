import { type Expression, listContents, listParts, type Statement } from '../../expression/ast.ts';
import type { Position } from '../../expression/errors.ts';
import { writeExpression } from '../../expression/source-text.ts';
import type { TemplateValue } from '../templates/value.ts';

/** Returns the path that a template could not follow, as its author wrote it: what ends at the place of an error. Empty if none does. */
export function findPath(value: TemplateValue, place: Position): string {
  if (value.kind !== 'template') return '';
  const found = inStatements(value.template.statements, place);
  return found === null ? '' : writeExpression(found);
}

function inStatements(statements: readonly Statement[], place: Position): Expression | null {
  for (const statement of statements) {
    const { expressions, bodies, filters } = listContents(statement);
    const given = filters.flatMap(({ args }) => [...args.positional, ...args.named.map(([, each]) => each)]);
    const parts = [...expressions, ...given].map((expression) => inExpression(expression, place));
    const found = [...parts, ...bodies.map((body) => inStatements(body, place))].find((each) => each !== null);
    if (found) return found;
  }
  return null;
}

function inExpression(expression: Expression, place: Position): Expression | null {
  const { kind, line, column } = expression;
  const leads = kind === 'name' || kind === 'attribute' || kind === 'item';
  if (leads && line === place.line && column === place.column) return expression;
  for (const part of listParts(expression)) {
    const found = inExpression(part, place);
    if (found !== null) return found;
  }
  return null;
}
