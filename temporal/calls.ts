import { type Connection, isGrpcServiceError, NamespaceNotFoundError } from '@temporalio/client';
import { AppError } from '../model/app-error.ts';

/** Milliseconds after which an unanswered call is given up. */
export const CALL_TIMEOUT = 5_000;

/** gRPC codes of a server that did not answer: CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE. */
const UNREACHABLE: ReadonlySet<number> = new Set([1, 4, 8, 14]);
const NOT_FOUND = 5;
const UNIMPLEMENTED = 12;

/**
 * gRPC codes of a server that has not done what it was asked: INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED,
 * FAILED_PRECONDITION, OUT_OF_RANGE, UNIMPLEMENTED, UNAUTHENTICATED. After any other code, such as INTERNAL of a proxy, it may have.
 */
const REFUSED: ReadonlySet<number> = new Set([3, NOT_FOUND, 6, 7, 9, 11, UNIMPLEMENTED, 16]);

/** The type of the details of NOT_FOUND where it is the namespace that is not there. */
const NO_NAMESPACE = 'NamespaceNotFoundFailure';

/**
 * Calls Temporal's server with a deadline. Every call throws `temporal_unavailable` when the server does not answer, or does not have the
 * namespace: whether it has anything in there is not known then.
 */
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
      if (lacksNamespace(error)) {
        const message = 'Temporal does not have the namespace of this installation';
        throw new AppError('temporal_unavailable', message, { cause: error });
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
function isUnreachable(error: unknown): boolean {
  const cause = isGrpcServiceError(error) ? error : (error as { cause?: unknown }).cause;
  return isGrpcServiceError(cause) && UNREACHABLE.has(cause.code);
}

/** Reports whether an error of a call means that the server does not have the namespace: it is new there, or another server answers. */
function lacksNamespace(error: unknown): boolean {
  if (error instanceof NamespaceNotFoundError) return true;
  const details = isGrpcServiceError(error) ? error.metadata.get('grpc-status-details-bin') : [];
  return details.some((each) => each.includes(NO_NAMESPACE));
}

/** Reports whether an error of a call means that the server has certainly not done what it was asked: it refused, or was never asked. */
export function isRefused(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (isGrpcServiceError(current)) return REFUSED.has(current.code);
  }
  return true;
}

/** Reports whether an error of a call means that the server has nothing of that name. */
export function isNotFound(error: unknown): boolean {
  return isGrpcServiceError(error) && error.code === NOT_FOUND;
}

/** Reports whether an error of a call means that the server is too old for it. */
export function isUnimplemented(error: unknown): boolean {
  return isGrpcServiceError(error) && error.code === UNIMPLEMENTED;
}
