/** A structured log: fields first, then what happened, as pino takes it. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** An error as it is logged. */
export interface LoggedError {
  type: string;
  message: string;
  /** A stable code of Fermata, of the system or of the database. */
  code?: string;
  stack?: string;
  cause?: LoggedError;
}

/** The number of causes of an error that are logged. */
const MAX_CAUSES = 5;

/**
 * Describes an error for the log: type, code, message, the place of its origin, and its causes. Leaves out everything else, such as the
 * query, the parameters or the request that libraries add, messages of a database about a statement, and credentials in a URL.
 */
export function describeError(error: unknown, causes = MAX_CAUSES): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'a value that is not an error was thrown' };
  const { code } = error as { code?: unknown };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    type: error.name,
    message: redactMessage(error),
    ...(typeof code === 'string' ? { code } : {}),
    ...(frames.length === 0 ? {} : { stack: frames.join('\n') }),
    ...(error.cause instanceof Error && causes > 0 ? { cause: describeError(error.cause, causes - 1) } : {}),
  };
}

/** Messages for errors that would quote unreadable text, by their names. */
const QUOTING: Readonly<Record<string, string>> = {
  SyntaxError: 'a text could not be parsed',
  ZodError: 'a value does not have the form that was expected',
  YAMLParseError: 'a text could not be parsed',
  YamlMalformed: 'a text could not be parsed',
  JsonRefused: 'a value cannot be kept as it was written',
};

/**
 * Returns the message of an error, without messages of a database about a statement or of a mail server about an address, quotes of a
 * parser, and credentials.
 */
export function redactMessage(error: Error): string {
  const ofStatement = 'query' in error || 'params' in error || 'severity' in error;
  if (ofStatement) return 'a statement of the database failed';
  if ('responseCode' in error) return `a mail server answered ${String(error.responseCode)}`;
  const instead = QUOTING[error.name];
  if (instead !== undefined) return instead;
  return error.message.replaceAll(/:\/\/[^\s/@]*@/g, '://***@');
}
