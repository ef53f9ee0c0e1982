import { setImmediate as yieldToOthers } from 'node:timers/promises';

/** Milliseconds of work after which the event loop does something else first. */
const SLICE = 20;

/** Creates a pause that lets the event loop do something else, once the work since the last one has taken long enough. */
export function createPause(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since <= SLICE) return;
    await yieldToOthers();
    since = performance.now();
  };
}
