import { AppError, type ErrorCode } from '../model/app-error.ts';
import { DatabaseError } from '../model/database-error.ts';

/** Error codes of the network and of Postgres: nobody answers, or nothing can be written (no room, no memory, a standby). */
const GONE = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'ENOSPC'],
  ...['57P01', '57P02', '57P03', '08000', '08001', '08003', '08004', '08006', '08007'],
  ...['53000', '53100', '53200', '53300', '58030', '25006'],
]);

/** What the drivers have no code for. */
const GONE_IN_WORDS =
  /^Connection terminated|^timeout exceeded when trying to connect|connection error and is not queryable$|No space left on device/;

/** Returns whether an error says that the database does not respond or cannot write anything. */
function isDatabaseOutage(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    const { code } = current as { code?: unknown };
    if (typeof code === 'string' && GONE.has(code)) return true;
    if (GONE_IN_WORDS.test(current.message)) return true;
  }
  return false;
}

/** Codes of what is wrong with everything at once. */
const OUTAGES: ReadonlySet<ErrorCode> = new Set(['temporal_unavailable', 'database_unavailable', 'busy']);

/** Looks something up in the database. Throws `database_unavailable` for whatever the database or its driver has to say. */
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
 * Returns what a caller is told of an error, which may be the cause of others: nothing of a driver but the name of a statement and its
 * SQLSTATE, and `fault` where nobody expected it.
 */
export function refusalOf(thrown: unknown, fault: string): AppError {
  for (let current = thrown; current instanceof Error; current = current.cause) {
    if (current instanceof AppError) return current;
    // Wherever a text came from: Postgres has every character but one.
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
 * Returns whether an error is of Temporal or the database as a whole, or says that no connection to the database was free: work on
 * anything else would meet it too.
 */
export function isOutage(error: unknown): boolean {
  return OUTAGES.has(refusalOf(error, '').code);
}

/** Returns whether what failed is worth another try as it is: nobody answered, or too much was asked for at a time. */
export function isPassing(error: unknown): boolean {
  return refusalOf(error, '').status === 503;
}
