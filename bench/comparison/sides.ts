import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { DECISION_SIGNAL, type Decision } from '../../model/inquiry.ts';
import { runArgument } from '../../temporal/starts.ts';
import { buildShapeInput, type Shape } from './shapes.ts';

/** One way of writing a workflow, with its own worker. */
export interface Side {
  name: 'hand' | 'fermata';
  /** CPU time of its worker in milliseconds, and its memory in bytes. */
  usage(what?: 'usage' | 'collected'): Promise<{ cpu: number; rss: number }>;
  /** Starts a run, and gives its id. */
  start(shape: Shape): Promise<string>;
  stop(): Promise<void>;
}

/** How long an inquiry is open before it is decided, in milliseconds: long enough to have been asked. */
const ASKED_AFTER = 60;

let last = 0;

/** Starts the worker of a side. */
export async function startSide(name: Side['name'], address: string, client: Client): Promise<Side> {
  const child: ChildProcess = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), [address, name], {
    execArgv: ['--import', 'tsx', '--expose-gc'],
  });
  await once(child, 'message');
  return {
    name,
    usage: async (what = 'usage') => {
      const answer = once(child, 'message');
      child.send(what);
      return (await answer)[0] as { cpu: number; rss: number };
    },
    start: async (shape) => {
      const workflowId = `${name}-${shape.name}-${randomUUID()}`;
      last += 1;
      const args =
        name === 'hand' ? [shape.input ?? {}] : [shape.input ?? {}, runArgument(buildShapeInput(shape, last))];
      await client.workflow.start(name === 'hand' ? shape.name : 'bench.run', { workflowId, taskQueue: name, args });
      return workflowId;
    },
    stop: async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

/** Has a side run a shape once: milliseconds until its result was there, of an inquiry from its decision on. */
export async function runOnce(side: Side, shape: Shape, client: Client): Promise<{ id: string; milliseconds: number }> {
  const begun = performance.now();
  const id = await side.start(shape);
  const handle = client.workflow.getHandle(id);
  if (!shape.asks) {
    await handle.result();
    return { id, milliseconds: performance.now() - begun };
  }
  await wait(ASKED_AFTER);
  const decision: Decision = {
    id: randomUUID(),
    inquiry: 'ask',
    option: 'approve',
    response: null,
    comment: null,
    by: 'somebody',
    names: [],
    groups: [],
    channel: 'api',
    at: new Date().toISOString(),
    bound_to: null,
  };
  const decided = performance.now();
  await handle.signal(DECISION_SIGNAL, decision);
  await handle.result();
  return { id, milliseconds: performance.now() - decided };
}
