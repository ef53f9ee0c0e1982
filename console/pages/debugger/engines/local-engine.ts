import type { Engine } from './engine.ts';
import type { DebuggerWorker } from './worker.ts';

/**
 * Has a worker recompute a run from the texts of its history, one after the other. Throws a RequestError with a sentence if it cannot be
 * recomputed, and what reading a text throws.
 */
export async function openLocally(
  worker: DebuggerWorker,
  texts: AsyncIterable<string> | Iterable<string>,
): Promise<Engine> {
  await worker.call('begin', null);
  for await (const text of texts) await worker.call('read', { text });
  const run = await worker.call('open', null);
  return {
    run,
    isComplete: true,
    reason: null,
    stop: (request) => worker.call('stop', request),
    find: (search) => worker.call('find', search),
  };
}
