import { setTimeout as wait } from 'node:timers/promises';
import type { Product } from './product.ts';

/** Clients of the tenant that starts as fast as it can, and milliseconds that they have before the other one is measured. */
const CLIENTS = 60;
const WARM = 3_000;

/** How long starts of one tenant take, and how much another one starts meanwhile. */
export interface Shares {
  /** Milliseconds of each start, with nothing else going on, and next to a tenant that starts as fast as it can. */
  alone: number[];
  beside: number[];
  /** Starts of that tenant a second. */
  rate: number;
}

/** Measures what a tenant that starts as fast as it can costs the starts of another one. */
export async function measureShares(product: Product, starts = 40): Promise<Shares> {
  const ref = `bench${Date.now()}`;
  await product.call('/api/v1/tenants', { ref, label: 'Another tenant' });
  const { data } = await product.call('/api/v1/keys', { subject: 'bench', tenant: ref, roles: ['admin'] });
  const start = async (key?: string) => {
    const began = performance.now();
    await product.call('/api/v1/executions', { action_ref: 'core.noop' }, key);
    return performance.now() - began;
  };
  const startAll = async () => {
    const times: number[] = [];
    while (times.length < starts) times.push(await start(data.key));
    return times;
  };
  await startAll();
  const alone = await startAll();
  let made = 0;
  let isFlooding = true;
  const flood = Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      for (; isFlooding; made += 1) await start();
    }),
  );
  await wait(WARM);
  const [began, before] = [performance.now(), made];
  const beside = await startAll();
  const rate = (made - before) / ((performance.now() - began) / 1000);
  isFlooding = false;
  await flood;
  return { alone, beside, rate };
}
