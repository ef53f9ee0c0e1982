import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode, Worker, type WorkflowBundle } from '@temporalio/worker';
import { bundleWorkflows } from '../../worker/bundle.ts';
import { SHAPES } from './shapes.ts';
import { runOnce, type Side } from './sides.ts';

const ROUNDS = 7;

/** How many histories a round replays: as a worker that has been up for a while, and as the first ones of a new one. */
const COUNTS = { many: 50, first: 10 };

/** Milliseconds that a cold replay takes, by side and round. */
export type Replays = Record<keyof typeof COUNTS, Record<Side['name'], number[]>>;

/**
 * Replays histories of a loop of 100. Each round is a new worker: what it costs to start, and until its code is fast, its
 * histories share.
 */
export async function compareReplays(sides: readonly [Side, Side], client: Client): Promise<Replays> {
  const loop = SHAPES.find(({ name }) => name === 'looped')!;
  const bundles: Record<Side['name'], WorkflowBundle> = {
    hand: await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('./by-hand.ts', import.meta.url)),
      logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: console.error },
    }),
    fermata: await bundleWorkflows(),
  };
  const recorded = new Map<Side['name'], { workflowId: string; history: object }>();
  for (const side of sides) {
    const { id: workflowId } = await runOnce(side, loop, client);
    const history = await client.workflow.getHandle(workflowId).fetchHistory();
    recorded.set(side.name, { workflowId, history });
  }
  const times: Replays = { many: { hand: [], fermata: [] }, first: { hand: [], fermata: [] } };
  const sinks = { fermata: { report: { fn: () => undefined, callDuringReplay: false } } };
  for (const size of ['many', 'first'] as const) {
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const { name } of round % 2 === 0 ? sides : [...sides].reverse()) {
        const { workflowId, history } = recorded.get(name)!;
        const histories = Array.from({ length: COUNTS[size] }, (_, n) => ({
          workflowId: `${workflowId}-${n}`,
          history,
        }));
        const begun = performance.now();
        const options = { workflowBundle: bundles[name], sinks };
        for await (const { error } of Worker.runReplayHistories(options, histories)) if (error) throw error;
        times[size][name].push((performance.now() - begun) / histories.length);
      }
    }
  }
  return times;
}

const quiet = () => undefined;
