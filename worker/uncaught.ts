import { failAttempt } from '../activities/attempt.ts';
import { describeError, type Logger } from '../model/log.ts';

/**
 * Handles uncaught errors, such as one that a driver throws in a handler of its socket: such an error fails the attempt of the action
 * that caused it. Any other goes to `otherwise`, which by default ends the process with code 1.
 */
export function handleUncaught(log: Logger, otherwise: (error: unknown) => void = exit): void {
  process.on('uncaughtException', (error, origin) => {
    if (failAttempt(error)) return log.error({ err: error, origin }, 'an action threw outside of its promise');
    otherwise(error);
  });
}

function exit(error: unknown): void {
  console.error(describeError(error));
  process.exit(1);
}
