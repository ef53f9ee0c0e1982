/**
 * The error of a statement that the database or its driver refused: the function of the store, and the reason as a SQLSTATE or a code of
 * the system. It keeps nothing of the driver's message, which may hold values of the statement.
 */
export class DatabaseError extends Error {
  readonly statement: string;
  readonly code: string;

  constructor(statement: string, code: string) {
    super(`${statement} failed (${code})`);
    this.name = 'DatabaseError';
    this.statement = statement;
    this.code = code;
  }
}
