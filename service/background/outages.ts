import { AppError, type ErrorCode } from '../../model/app-error.ts';
import { DatabaseError } from '../../model/database-error.ts';

/**
 * Codes of the network and of Postgres for a server that does not answer or cannot write: no room, no memory, a standby, a statement that
 * waited for too long (57014).
 */
const GONE = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'ENOSPC'],
  ...['57014', '57P01', '57P02', '57P03', '08000', '08001', '08003', '08004', '08006', '08007'],
  ...['53000', '53100', '53200', '53300', '58030', '25006'],
]);

/** Messages of drivers without a code. */
const GONE_IN_WORDS =
  /^Connection terminated|^timeout exceeded when trying to connect|connection error and is not queryable$|No space left on device/;

/** Reports whether an error means that the database does not answer or cannot write anything. */
function isDatabaseOutage(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    const { code } = current as { code?: unknown };
    if (typeof code === 'string' && GONE.has(code)) return true;
    if (GONE_IN_WORDS.test(current.message)) return true;
  }
  return false;
}

/** Codes of errors that everything meets at once. */
const OUTAGES: ReadonlySet<ErrorCode> = new Set(['temporal_unavailable', 'database_unavailable', 'busy']);

/** Looks something up in the database. Throws `database_unavailable` for any error of the database or its driver. */
export async function lookUp<T>(find: () => Promise<T>): Promise<T> {
  try {
    return await find();
  } catch (cause) {
    throw new AppError('database_unavailable', 'the database does not respond', { cause });
  }
}

/** SQLSTATE `character_not_in_repertoire`. */
const NUL_CHARACTER = '22021';

/**
 * Returns the error that a caller gets for any error: of a driver's only the name of the statement and the SQLSTATE, and `fault` for an
 * unexpected one.
 */
export function toAppError(thrown: unknown, fault: string): AppError {
  for (let current = thrown; current instanceof Error; current = current.cause) {
    if (current instanceof AppError) return current;
    // Postgres accepts any text without NUL.
    if ((current as { code?: unknown }).code === NUL_CHARACTER) {
      return new AppError('request_invalid', 'text must not contain the character U+0000', { cause: thrown });
    }
  }
  if (isDatabaseOutage(thrown)) {
    return new AppError('database_unavailable', 'the database does not respond or cannot write', { cause: thrown });
  }
  if (thrown instanceof DatabaseError) {
    const message = `the database refused a statement (${thrown.statement}, ${thrown.code})`;
    return new AppError('internal', message, { cause: thrown });
  }
  return new AppError('internal', fault, { cause: thrown });
}

/**
 * Reports whether an error concerns Temporal or the database as a whole, or means that no connection to the database was free: any
 * other work would meet it too.
 */
export function isOutage(error: unknown): boolean {
  return OUTAGES.has(toAppError(error, '').code);
}

/** SQLSTATE `query_canceled`. */
const CANCELED = '57014';

/** Reports whether an error means that a statement was stopped because it took or waited too long. */
export function isOverlong(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ((current as { code?: unknown }).code === CANCELED) return true;
  }
  return false;
}

/**
 * Reports whether the work of every tenant would meet an error. An outage need not be one: one tenant's share of the connections may be in
 * use, or one statement may have taken too long.
 */
export function isSharedOutage(error: unknown): boolean {
  return isOutage(error) && !isOverlong(error) && toAppError(error, '').code !== 'busy';
}

/** Reports whether work that failed can be tried again unchanged: a server did not answer, or there was too much work at a time. */
export function isPassing(error: unknown): boolean {
  return toAppError(error, '').status === 503;
}
