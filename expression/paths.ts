import { type Expression, listParts, type Statement } from './ast.ts';
import { FUNCTION_NAMES } from './functions.ts';

/** A path into the data that a template reads: as people write it, and as an expression. */
export interface ReadPath {
  text: string;
  of: Expression;
}

/** The most keys of a path. */
const MAX_KEYS = 100;

/**
 * Lists the first `most` paths that the one expression of a template may read, as far as they are written out, each of them once. Only
 * `pure` functions are called to read one: to evaluate the path then changes nothing.
 */
export function listPaths(
  statements: readonly Statement[],
  { pure, most }: { pure: readonly string[]; most: number },
): ReadPath[] {
  const paths = new Map<string, ReadPath>();
  // A list instead of recursion: an expression may be nested deeper than calls can be.
  const left = statements.flatMap((statement) => (statement.kind === 'output' ? [statement.of] : []));
  for (let next = left.pop(); next !== undefined && paths.size < most; next = left.pop()) {
    const text = spellPath(next, pure, MAX_KEYS);
    if (text !== null) paths.set(text, { text, of: next });
    else for (const part of listData(next).toReversed()) left.push(part);
  }
  return [...paths.values()];
}

/** Returns the expressions of which an expression consists, without the name of a function or a method that it calls. */
function listData(expression: Expression): Expression[] {
  const parts = listParts(expression);
  if (expression.kind !== 'call') return parts;
  const [called, ...given] = parts;
  if (called!.kind === 'name') return given;
  return [called!.kind === 'attribute' ? called!.of : called!, ...given];
}

/** Spells a path of at most so many keys; null: the expression is something else. */
function spellPath(expression: Expression, pure: readonly string[], keys: number): string | null {
  if (expression.kind === 'name') return FUNCTION_NAMES.includes(expression.name) ? null : expression.name;
  if (expression.kind === 'call') {
    const [called, ...given] = listParts(expression);
    return called!.kind === 'name' && pure.includes(called!.name) && given.length === 0 ? `${called!.name}()` : null;
  }
  if (keys === 0 || (expression.kind !== 'attribute' && expression.kind !== 'item')) return null;
  const above = spellPath(expression.of, pure, keys - 1);
  if (above === null) return null;
  if (expression.kind === 'attribute') return `${above}.${expression.name}`;
  const { key } = expression;
  return key.kind === 'constant' ? `${above}[${JSON.stringify(key.value)}]` : null;
}
