import { Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { CALL_TIMEOUT } from '../../../temporal/calls.ts';

/** Milliseconds that a call may take on a busy machine. */
const PATIENCE = 120_000;

/** Milliseconds that may pass between when a deadline was set and when it is looked at here. */
const JUST_NOW = 10;

const usual = defaultGrpcRetryOptions();

/**
 * Connects to Temporal's server without hurry. The product gives up a call that has no answer within seconds, which a busy machine may
 * take; here it waits for longer. Other deadlines stay: that of a long poll says how long the server is to wait. A dev server that was held
 * up for seconds may not find its namespaces for a moment, and is asked again.
 */
export async function connectPatiently(address: string): Promise<Connection> {
  const again = makeGrpcRetryInterceptor({
    ...usual,
    retryableDecider: (attempt, status) =>
      usual.retryableDecider(attempt, status) || (attempt < 10 && /^Namespace \S+ is not found/.test(status.details)),
  });
  const connection = await Connection.connect({ address, connectTimeout: PATIENCE, interceptors: [again] });
  const withDeadline = connection.withDeadline.bind(connection);
  connection.withDeadline = (deadline, work) => {
    const now = Date.now();
    const left = Number(deadline) - now;
    return withDeadline(left <= CALL_TIMEOUT && left > CALL_TIMEOUT - JUST_NOW ? now + PATIENCE : deadline, work);
  };
  return connection;
}
