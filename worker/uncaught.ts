import { failAttempt } from '../activities/attempt.ts';
import { describeError, type Logger } from '../model/log.ts';

/**
 * Handles what nobody has caught, such as an error that a driver throws in a handler of its socket: it fails the attempt of the
 * action that has caused it. Any other is for `otherwise`, which ends the process with code 1 unless it is given.
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
