/** A place in a template: line and column from 1, in code points. */
export interface Position {
  line: number;
  column: number;
}

/** The kind of an error. `unknown` is a filter, test or function that does not exist; `limit` is a bound that was reached. */
export type TemplateErrorKind = 'syntax' | 'undefined' | 'type' | 'unknown' | 'limit';

/** An error in a template, with the place in its text. */
export class TemplateError extends Error {
  readonly kind: TemplateErrorKind;
  readonly line: number;
  readonly column: number;

  constructor(kind: TemplateErrorKind, message: string, position: Position) {
    super(message);
    this.name = 'TemplateError';
    this.kind = kind;
    this.line = position.line;
    this.column = position.column;
  }
}

/** An error of an operator or filter, which does not know its place in the template; the evaluator adds that. */
export class EvaluationError extends Error {
  readonly kind: TemplateErrorKind;
  /** Where the error began, if that is not where it was noticed. */
  readonly place: Position | undefined;

  constructor(kind: TemplateErrorKind, message: string, place?: Position) {
    super(message);
    this.kind = kind;
    this.place = place;
  }
}

/** Creates an EvaluationError of kind `type`. */
export function typeError(message: string): EvaluationError {
  return new EvaluationError('type', message);
}

/** Returns the line and column of an index into a text. */
export function positionAt(text: string, index: number): Position {
  let line = 1;
  let start = 0;
  for (let next = text.indexOf('\n'); next !== -1 && next < index; next = text.indexOf('\n', next + 1)) {
    line += 1;
    start = next + 1;
  }
  return { line, column: [...text.slice(start, index)].length + 1 };
}
