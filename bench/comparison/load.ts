import type { Client } from '@temporalio/client';
import { PARKED, SHAPES } from './shapes.ts';
import { runOnce, type Side } from './sides.ts';

/** Runs of one task that are under way at once, and for how many milliseconds. */
const AT_ONCE = 20;
const DURATION = 10_000;

/** Milliseconds of CPU in a second that a worker uses which waits. */
const IDLE = 50;

/** The work that a side has completed. */
export interface Throughput {
  /** Runs a minute. */
  rate: number;
  latencies: number[];
}

/** Starts runs of one task as fast as they end, alternately; `turns` of each side. */
export async function compareThroughput(
  sides: readonly [Side, Side],
  client: Client,
  turns: number,
): Promise<Record<Side['name'], Throughput[]>> {
  const one = SHAPES[0]!;
  const found: Record<Side['name'], Throughput[]> = { hand: [], fermata: [] };
  for (let turn = 0; turn < turns; turn += 1) {
    for (const side of turn % 2 === 0 ? sides : [...sides].reverse()) {
      const latencies: number[] = [];
      const begun = performance.now();
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          while (performance.now() - begun < DURATION) latencies.push((await runOnce(side, one, client)).milliseconds);
        }),
      );
      found[side.name].push({ rate: latencies.length / ((performance.now() - begun) / 60_000), latencies });
    }
  }
  return found;
}

/** Bytes of memory that a thousand open runs take in a worker's cache, by side. */
export async function compareMemory(sides: readonly [Side, Side]): Promise<Record<Side['name'], number>> {
  const found: Record<Side['name'], number> = { hand: 0, fermata: 0 };
  for (const side of sides) {
    const before = (await side.usage('collected')).rss;
    for (let n = 0; n < PARKED.runs; n += 50) {
      await Promise.all(Array.from({ length: 50 }, () => side.start(PARKED)));
    }
    // Until all of them wait, and the worker has nothing to do.
    for (let busy = Number.POSITIVE_INFINITY; busy > IDLE; ) {
      const { cpu } = await side.usage();
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      busy = (await side.usage()).cpu - cpu;
    }
    found[side.name] = (await side.usage('collected')).rss - before;
  }
  return found;
}
