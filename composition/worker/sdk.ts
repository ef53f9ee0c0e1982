import {
  DefaultLogger,
  type LogMetadata,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
} from '@temporalio/worker';
import { type Logger, redactMessage } from '../../model/log.ts';
import type { WorkerMetrics } from '../metrics.ts';
import { connectionOptions, NO_TEMPORAL } from '../temporal.ts';

// Temporal's SDK for workers has a native core and a bundler, which processes without a worker do not load.

/** Creates the connection of a worker. Throws if the server does not respond. */
export async function connectWorker(address: string | undefined): Promise<NativeConnection> {
  const { address: target, tls, apiKey, metadata } = connectionOptions(address);
  const options = {
    ...(target === undefined ? {} : { address: target }),
    ...(tls === undefined || tls === null ? {} : { tls }),
    ...(apiKey === undefined ? {} : { apiKey: typeof apiKey === 'function' ? apiKey() : apiKey }),
    ...(metadata === undefined ? {} : { metadata }),
  };
  return NativeConnection.connect(options).catch((error: unknown) => {
    throw new Error(NO_TEMPORAL, { cause: error });
  });
}

/** A failed task or run is not an error of the worker, and its details may contain anything: only its location is logged. */
function fieldsOf(meta: LogMetadata = {}): object {
  const { workflowId, runId, workflowType, activityId, activityType, attempt, error } = meta;
  return { workflowId, runId, workflowType, activityId, activityType, attempt, error: troubleOf(error) };
}

/** Returns the type of a failure, whose message belongs to its run, or the message of any other error. */
function troubleOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { type } = error as { type?: unknown };
  return 'nonRetryable' in error ? String(type ?? error.name) : redactMessage(error);
}

/** Prometheus' own conventions of names and units. */
const PROMETHEUS = { countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true };

/**
 * Sends the log of Temporal's SDK to Fermata's, or nowhere, and leaves signals to the process. Call it once per process, before any
 * connection.
 */
export function installTemporalRuntime(log: Logger | null, metrics: WorkerMetrics | null = null): void {
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      log?.[level === 'ERROR' ? 'error' : 'warn'](fieldsOf(meta), message);
    }),
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }), forward: {} },
      ...(metrics && { metrics: { prometheus: { ...PROMETHEUS, bindAddress: metrics.sdkAddress } } }),
    },
  });
}
