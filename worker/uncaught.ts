import { failAttempt } from '../activities/attempt.ts';
import type { Logger } from '../model/log.ts';

/**
 * Handles what nobody has caught, such as an error that a driver throws in a handler of its socket: it fails the attempt of the
 * action that has caused it. Any other ends the process with code 1.
 */
export function handleUncaught(log: Logger): void {
  process.on('uncaughtException', (error, origin) => {
    if (failAttempt(error)) return log.error({ err: error, origin }, 'an action threw outside of its promise');
    console.error(error);
    process.exit(1);
  });
}
