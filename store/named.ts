import { DrizzleQueryError } from 'drizzle-orm';
import { AppError } from '../model/app-error.ts';
import { DatabaseError } from '../model/database-error.ts';

/** SQLSTATEs for errors of drivers without a code: a lost connection, a full disk, a value that they cannot write, and any other. */
const IN_WORDS: readonly [RegExp, string][] = [
  [/^Connection terminated|^timeout exceeded when trying to connect|is not queryable$/, '08006'],
  [/No space left on device/, '53100'],
];
const NOT_WRITABLE = '22000';
const UNKNOWN = 'XX000';

/**
 * Names the functions of a store: an error of the driver in one of them becomes a DatabaseError with the name, so that no statement and
 * no value leaves the store. Other errors pass unchanged.
 */
export function named<Store extends object>(name: string, store: Store): Store {
  const entries = Object.entries(store).map(([key, value]: [string, unknown]) => {
    if (typeof value !== 'function') return [key, value] as const;
    const statement = `${name}.${key}`;
    const call = (...args: unknown[]): unknown => {
      try {
        const result: unknown = value.apply(store, args);
        // The query builder runs a statement when it is awaited.
        return isAwaited(result) ? Promise.resolve(result).catch((error) => refuse(statement, error)) : result;
      } catch (error) {
        return refuse(statement, error);
      }
    };
    return [key, call] as const;
  });
  return Object.fromEntries(entries) as Store; // the same functions, by the same names
}

function isAwaited(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

function refuse(statement: string, error: unknown): never {
  // The pool throws AppErrors.
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof AppError) throw cause;
  throw ofDriver(error) ? new DatabaseError(statement, codeOf(error)) : error;
}

/** Reports whether an error comes from a driver. */
function ofDriver(error: unknown): error is Error {
  return error instanceof DrizzleQueryError || (error instanceof Error && 'severity' in error && 'code' in error);
}

function codeOf(error: Error): string {
  for (let current: unknown = error; current instanceof Error; current = current.cause) {
    const { code, message } = current as Error & { code?: unknown };
    if (typeof code === 'string') return code;
    const known = IN_WORDS.find(([words]) => words.test(message));
    if (known !== undefined) return known[1];
    if (current instanceof RangeError || current instanceof TypeError) return NOT_WRITABLE;
  }
  return UNKNOWN;
}
