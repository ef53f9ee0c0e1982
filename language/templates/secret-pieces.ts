import type { Expression, Statement } from '../../expression/ast.ts';
import type { Template } from '../../expression/template.ts';

/** A piece of a text with secrets in it: the name of a secret, or a template that is rendered as usual. */
export type Piece = { secret: string } | { template: Template };

/** Matches the names of secrets. */
export const SECRET_NAME = /^[A-Za-z_]\w{0,63}$/;

/**
 * Splits a template at its secrets; null where a secret does not stand alone. Only `{{ secret.NAME }}`, bare or between text, is
 * allowed, so that nothing is ever computed from a secret.
 */
export function secretPieces({ statements }: Template, uses: number): Piece[] | null {
  const pieces: Piece[] = [];
  let between: Statement[] = [];
  const close = (): void => {
    // An empty text in front makes the result text, whatever the template renders.
    if (between.length > 0) pieces.push({ template: { statements: [{ kind: 'text', text: '' }, ...between] } });
    between = [];
  };
  for (const statement of statements) {
    const secret = statement.kind === 'output' ? secretOf(statement.of) : null;
    if (secret === null) between.push(statement);
    else {
      close();
      pieces.push({ secret });
    }
  }
  close();
  return pieces.filter((piece) => 'secret' in piece).length === uses ? pieces : null;
}

function secretOf(expression: Expression): string | null {
  if (expression.kind !== 'attribute' || expression.of.kind !== 'name' || expression.of.name !== 'secret') return null;
  return SECRET_NAME.test(String(expression.name)) ? String(expression.name) : null;
}
