import { Connection, type ConnectionOptions, isGrpcServiceError } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { channelArgsFor } from './ports.ts';

/**
 * Returns the options for connecting to Temporal, from the SDK's environment variables (TEMPORAL_ADDRESS, TEMPORAL_API_KEY,
 * TEMPORAL_TLS_…).
 */
export function connectionOptions(address: string | undefined): ConnectionOptions {
  const { connectionOptions: options } = loadClientConnectConfig();
  const target = address ?? options.address;
  return target === undefined ? options : { ...options, address: target, channelArgs: channelArgsFor(target) };
}

/** Creates the connection of a client, which reconnects whenever the server is back. */
export function connectClient(address: string | undefined): Connection {
  return Connection.lazy(connectionOptions(address));
}

/** The gRPC statuses UNAUTHENTICATED and PERMISSION_DENIED. */
const REFUSED: ReadonlySet<number> = new Set([16, 7]);

/** Milliseconds to wait for the first response of Temporal. */
const FIRST_ANSWER = 10_000;

/** The message about a Temporal server that does not respond. */
export const NO_TEMPORAL = 'Temporal does not respond (TEMPORAL_ADDRESS)';

/** Waits for the first response of Temporal. Throws an Error for users if there is none, or if the credentials are refused. */
export async function demandTemporal(connection: Connection): Promise<void> {
  try {
    await connection.withDeadline(Date.now() + FIRST_ANSWER, () => connection.workflowService.getSystemInfo({}));
  } catch (error) {
    const refused = isGrpcServiceError(error) && REFUSED.has(error.code);
    throw new Error(refused ? 'Temporal rejected the credentials (TEMPORAL_API_KEY, TEMPORAL_TLS_…)' : NO_TEMPORAL, {
      cause: error,
    });
  }
}
