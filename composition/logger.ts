import { DefaultLogger, type LogMetadata, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from '../model/config.ts';
import { describeError, redactMessage } from '../model/log.ts';
import type { WorkerMetrics } from './metrics.ts';

/** The fields that libraries may put credentials in, which are never logged. */
const REDACTED = ['req.headers.authorization', 'req.headers["x-api-key"]', '*.apiKey', '*.api_key'];

/** The serializers of fields. */
export const SERIALIZERS = { err: (error: unknown) => describeError(error) };

/** Creates the log of a process: pretty on a terminal, JSON elsewhere. */
export function createLogger({ FERMATA_LOG_LEVEL: level }: Config): Logger {
  const options = { level, redact: REDACTED, serializers: SERIALIZERS };
  return process.stdout.isTTY ? pino(options, pretty({ ignore: 'pid,hostname' })) : pino(options);
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
