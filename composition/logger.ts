import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from '../model/config.ts';
import { describeError } from '../model/log.ts';

/** The fields that libraries may put credentials in, which are never logged. */
const REDACTED = ['req.headers.authorization', 'req.headers["x-api-key"]', '*.apiKey', '*.api_key'];

/** The serializers of fields. */
export const SERIALIZERS = { err: (error: unknown) => describeError(error) };

/** Creates the log of a process: pretty on a terminal, JSON elsewhere. */
export function createLogger({ FERMATA_LOG_LEVEL: level }: Config): Logger {
  const options = { level, redact: REDACTED, serializers: SERIALIZERS };
  return process.stdout.isTTY ? pino(options, pretty({ ignore: 'pid,hostname' })) : pino(options);
}
