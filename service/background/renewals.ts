import { setTimeout as wait } from 'node:timers/promises';

/**
 * Waits until work has settled, and calls `renew` every `interval` milliseconds until then. A renewal that has begun is waited for; one
 * that fails is made again after the next interval. Settles as the work does.
 */
export async function keepRenewing<T>(work: Promise<T>, interval: number, renew: () => Promise<void>): Promise<T> {
  const settled = new AbortController();
  const renewals = (async () => {
    while (!settled.signal.aborted) {
      await wait(interval, undefined, { signal: settled.signal }).catch(() => undefined);
      if (!settled.signal.aborted) await renew().catch(() => undefined);
    }
  })();
  try {
    return await work;
  } finally {
    settled.abort();
    await renewals;
  }
}
