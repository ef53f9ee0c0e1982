import { type Connection, isGrpcServiceError } from '@temporalio/client';
import { AppError } from '../model/app-error.ts';

/** Milliseconds after which an unanswered call is given up. */
export const CALL_TIMEOUT = 5_000;

/** gRPC codes of a server that did not answer: CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE. */
const UNREACHABLE: ReadonlySet<number> = new Set([1, 4, 8, 14]);
const NOT_FOUND = 5;
const UNIMPLEMENTED = 12;

/** Calls Temporal's server with a deadline. Every call throws `temporal_unavailable` when the server does not answer. */
export interface Calls {
  /** Makes a call; `timeout` is in milliseconds. */
  call<T>(work: () => Promise<T>, timeout?: number): Promise<T>;
  /** Makes a call, and returns null when the server has nothing of that name. */
  callOrNull<T>(work: () => Promise<T>, timeout?: number): Promise<T | null>;
}

/** Creates the calls over a connection. */
export function createCalls(connection: Pick<Connection, 'withDeadline'>): Calls {
  async function call<T>(work: () => Promise<T>, timeout = CALL_TIMEOUT): Promise<T> {
    try {
      return await connection.withDeadline(Date.now() + timeout, work);
    } catch (error) {
      if (isUnreachable(error)) {
        throw new AppError('temporal_unavailable', 'Temporal does not respond', { cause: error });
      }
      throw error;
    }
  }

  return {
    call,

    async callOrNull(work, timeout = CALL_TIMEOUT) {
      try {
        return await call(work, timeout);
      } catch (error) {
        if (isNotFound(error)) return null;
        throw error;
      }
    },
  };
}

/** Reports whether an error of a call means that the server did not answer. */
export function isUnreachable(error: unknown): boolean {
  const cause = isGrpcServiceError(error) ? error : (error as { cause?: unknown }).cause;
  return isGrpcServiceError(cause) && UNREACHABLE.has(cause.code);
}

/** Reports whether an error of a call means that the server has nothing of that name. */
export function isNotFound(error: unknown): boolean {
  return isGrpcServiceError(error) && error.code === NOT_FOUND;
}

/** Reports whether an error of a call means that the server is too old for it. */
export function isUnimplemented(error: unknown): boolean {
  return isGrpcServiceError(error) && error.code === UNIMPLEMENTED;
}
