import type { Client } from '@temporalio/client';
import type { HistoryEvent } from '../projection/history.ts';
import { eventName } from '../temporal/gateway.ts';
import { SHAPES, type Shape } from './shapes.ts';
import { runOnce, type Side } from './sides.ts';
import { median } from './statistics.ts';

/** What one side of a shape has cost. */
export interface Cost {
  /** Milliseconds of each run. */
  latencies: number[];
  /** Milliseconds of the worker's CPU a run, of each block. */
  cpu: number[];
  /** Events without those of workflow tasks, and bytes of history. */
  events: number;
  bytes: number;
}

/** A shape, both ways. */
export interface Compared {
  shape: Shape;
  hand: Cost;
  fermata: Cost;
}

/** Runs of a side before the other one's turn comes. */
const BLOCK = 5;

/** Runs every shape both ways, in turns; `share` of the runs that it says. */
export async function compare(sides: readonly [Side, Side], client: Client, share: number): Promise<Compared[]> {
  const found: Compared[] = [];
  for (const shape of SHAPES) {
    const costs = new Map(sides.map(({ name }) => [name, { latencies: [], cpu: [], events: 0, bytes: 0 } as Cost]));
    // Each has run it before it counts, until its code is as fast as in a worker that has been up for a while.
    const warm = Math.ceil((shape.runs * share) / 2);
    for (const side of sides) for (let n = 0; n < warm; n += 1) await runOnce(side, shape, client);
    const blocks = Math.max(2, Math.round((shape.runs * share) / BLOCK));
    for (let block = 0; block < blocks; block += 1) {
      // Who is first changes.
      for (const side of block % 2 === 0 ? sides : [...sides].reverse()) {
        const cost = costs.get(side.name)!;
        const before = (await side.usage()).cpu;
        let id = '';
        for (let n = 0; n < BLOCK; n += 1) {
          const run = await runOnce(side, shape, client);
          cost.latencies.push(run.milliseconds);
          id = run.id;
        }
        cost.cpu.push(((await side.usage()).cpu - before) / BLOCK);
        if (block === 0) Object.assign(cost, await sizeOf(client, id));
      }
    }
    found.push({ shape, hand: costs.get('hand')!, fermata: costs.get('fermata')! });
    const [hand, ours] = [found.at(-1)!.hand, found.at(-1)!.fermata].map(({ latencies }) =>
      median(latencies).toFixed(1),
    );
    console.log(`${shape.label}: ${ours} ms as a definition, ${hand} ms by hand`);
  }
  return found;
}

async function sizeOf(client: Client, id: string): Promise<Pick<Cost, 'events' | 'bytes'>> {
  const handle = client.workflow.getHandle(id);
  const { events } = await handle.fetchHistory();
  const { raw } = await handle.describe();
  return {
    events: (events ?? []).filter((event) => !eventName(event as HistoryEvent).startsWith('WorkflowTask')).length,
    bytes: Number(raw.workflowExecutionInfo?.historySizeBytes ?? 0),
  };
}
