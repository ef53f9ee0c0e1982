import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode, Worker, type WorkflowBundle } from '@temporalio/worker';
import { bundleWorkflows } from '../worker/worker.ts';
import { SHAPES } from './shapes.ts';
import { runOnce, type Side } from './sides.ts';

const ROUNDS = 7;
/**
 * Milliseconds that a history takes to be replayed cold, of a loop of 100, by side and round. Each round is a new worker that
 * replays `count` of them: what it costs to start, and until its code is fast, they share.
 */
export async function compareReplays(
  sides: readonly [Side, Side],
  client: Client,
  count: number,
): Promise<Record<Side['name'], number[]>> {
  const loop = SHAPES.find(({ name }) => name === 'looped')!;
  const bundles: Record<Side['name'], WorkflowBundle> = {
    hand: await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('./by-hand.ts', import.meta.url)),
      logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: console.error },
    }),
    fermata: await bundleWorkflows(),
  };
  const histories = new Map<Side['name'], { workflowId: string; history: object }[]>();
  for (const side of sides) {
    const { id } = await runOnce(side, loop, client);
    const history = await client.workflow.getHandle(id).fetchHistory();
    histories.set(
      side.name,
      Array.from({ length: count }, (_, n) => ({ workflowId: `${id}-${n}`, history })),
    );
  }
  const times: Record<Side['name'], number[]> = { hand: [], fermata: [] };
  const sinks = { fermata: { report: { fn: () => undefined, callDuringReplay: false } } };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { name } of round % 2 === 0 ? sides : [...sides].reverse()) {
      const begun = performance.now();
      const options = { workflowBundle: bundles[name], sinks };
      for await (const { error } of Worker.runReplayHistories(options, histories.get(name)!)) if (error) throw error;
      times[name].push((performance.now() - begun) / count);
    }
  }
  return times;
}

const quiet = () => undefined;
