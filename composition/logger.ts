import { DefaultLogger, type LogMetadata, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from '../model/config.ts';
import { describeError, messageOf } from '../model/log.ts';
import type { WorkerMetrics } from './metrics.ts';

/** Credentials never reach the log, wherever a library puts them. */
const REDACTED = ['req.headers.authorization', 'req.headers["x-api-key"]', '*.apiKey', '*.api_key'];

/** What becomes of the fields of a line. */
export const SERIALIZERS = { err: (error: unknown) => describeError(error) };

/** The log of a process: pretty on a terminal, JSON elsewhere. */
export function createLogger({ FERMATA_LOG_LEVEL: level }: Config): Logger {
  const options = { level, redact: REDACTED, serializers: SERIALIZERS };
  return process.stdout.isTTY ? pino(options, pretty({ ignore: 'pid,hostname' })) : pino(options);
}

/** A failed task or run is no trouble of the worker's, and its details may hold anything: where it failed is enough. */
function fieldsOf(meta: LogMetadata = {}): object {
  const { workflowId, runId, workflowType, activityId, activityType, attempt, error } = meta;
  return { workflowId, runId, workflowType, activityId, activityType, attempt, error: troubleOf(error) };
}

/** The type of a failure, whose message is of its run; the message of any other error. */
function troubleOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { type } = error as { type?: unknown };
  return 'nonRetryable' in error ? String(type ?? error.name) : messageOf(error);
}

/** Prometheus' own conventions of names and units. */
const PROMETHEUS = { countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true };

/** Sends what Temporal's SDK logs to our log, or nowhere, and leaves signals to us. Once per process, before any connection. */
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
