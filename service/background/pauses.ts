import { setImmediate as yieldToOthers } from 'node:timers/promises';

/** Milliseconds of work after which the event loop does something else first. */
const SLICE = 20;

/**
 * Creates a pause that lets the event loop do something else, once the work since the last one has taken long enough. Until then it is null:
 * whoever asks often need not await that.
 */
export function createPause(): () => Promise<void> | null {
  let since = performance.now();
  const pause = async () => {
    await yieldToOthers();
    since = performance.now();
  };
  return () => (performance.now() - since <= SLICE ? null : pause());
}
