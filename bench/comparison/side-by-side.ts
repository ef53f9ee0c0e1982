import type { Client } from '@temporalio/client';
import type { HistoryEvent } from '../../projection/history.ts';
import { eventName } from '../../temporal/gateway.ts';
import { median } from '../statistics.ts';
import { SHAPES, type Shape } from './shapes.ts';
import { runOnce, type Side } from './sides.ts';

/** The cost of one side of a shape. */
export interface Cost {
  /** Milliseconds of each run. */
  latencies: number[];
  /** Milliseconds of the worker's CPU a run, of each block. */
  cpu: number[];
  /** Events without those of workflow tasks. */
  events: number;
  /** Bytes of history of one run of each block, workflow tasks included: of many at once, timing decides how many of these there are. */
  bytes: number[];
}

/** A shape, both ways. */
export interface Compared {
  shape: Shape;
  hand: Cost;
  fermata: Cost;
}

/** Runs of a side before the other one's turn comes, and the runs from which on there are enough of them for blocks of more than one. */
const BLOCK = 5;
const MANY = 30;

/** Runs every shape both ways, alternately, or those with some names; `share` of the runs that a shape says. */
export async function compare(
  sides: readonly [Side, Side],
  client: Client,
  share: number,
  names?: readonly string[],
): Promise<Compared[]> {
  const found: Compared[] = [];
  for (const shape of SHAPES.filter(({ name }) => names?.includes(name) ?? true)) {
    const compared = await compareShape(shape, sides, client, share);
    found.push(compared);
    const [hand, ours] = [compared.hand, compared.fermata].map(({ latencies }) => median(latencies).toFixed(1));
    console.log(`${shape.label}: ${ours} ms as a definition, ${hand} ms by hand`);
  }
  return found;
}

async function compareShape(
  shape: Shape,
  sides: readonly [Side, Side],
  client: Client,
  share: number,
): Promise<Compared> {
  const size = shape.runs < MANY ? 1 : BLOCK;
  const costs = new Map(sides.map(({ name }) => [name, { latencies: [], cpu: [], events: 0, bytes: [] } as Cost]));
  // Each has run it before it counts, until its code is as fast as in a worker that has been up for a while.
  const warm = Math.ceil((shape.runs * share) / 2);
  for (const side of sides) for (let n = 0; n < warm; n += 1) await runOnce(side, shape, client);
  const blocks = Math.max(2, Math.round((shape.runs * share) / size));
  for (let block = 0; block < blocks; block += 1) {
    // Who is first changes.
    for (const side of block % 2 === 0 ? sides : [...sides].reverse()) {
      await runBlock(side, shape, client, size, costs.get(side.name)!);
    }
  }
  return { shape, hand: costs.get('hand')!, fermata: costs.get('fermata')! };
}

/** Runs a block of `size` runs, and adds what they cost. */
async function runBlock(side: Side, shape: Shape, client: Client, size: number, cost: Cost): Promise<void> {
  const before = (await side.usage()).cpu;
  let id = '';
  for (let n = 0; n < size; n += 1) {
    const run = await runOnce(side, shape, client);
    cost.latencies.push(run.milliseconds);
    id = run.id;
  }
  cost.cpu.push(((await side.usage()).cpu - before) / size);
  const { events, bytes } = await sizeOf(client, id);
  cost.events = events;
  cost.bytes.push(bytes);
}

async function sizeOf(client: Client, id: string): Promise<{ events: number; bytes: number }> {
  const handle = client.workflow.getHandle(id);
  const { events } = await handle.fetchHistory();
  const { raw } = await handle.describe();
  return {
    events: (events ?? []).filter((event) => !eventName(event as HistoryEvent).startsWith('WorkflowTask')).length,
    bytes: Number(raw.workflowExecutionInfo?.historySizeBytes ?? 0),
  };
}
