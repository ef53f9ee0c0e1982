import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, inject, it } from 'vitest';
import type { ActionSpec } from '../../../model/run-input.ts';
import { closed, createHarness, type Harness, underWay } from '../support/harness.ts';
import { preparedBundleFile } from '../support/prepared.ts';

const children: ChildProcess[] = [];
let harness: Harness;
beforeAll(async () => {
  harness = await createHarness(inject('temporalAddress'));
  // The worker of this process stands aside: here, workers are processes that can be killed.
  harness.stopWorker();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => harness.close());

async function startWorker(mode: 'hang' | 'answer'): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('../support/worker-process.mjs', import.meta.url));
  const child = spawn(
    process.execPath,
    [script, inject('temporalAddress'), harness.taskQueue, preparedBundleFile(), mode],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  children.push(child);
  await once(child.stdout!, 'data');
  return child;
}

/** A busy machine may hold up heartbeats for many seconds. */
const quick: ActionSpec = { timeout: 600, heartbeat_timeout: 15, queue_timeout: 600 };
const definition = {
  tasks: [
    { name: 'a', action: 'test.act', on_success: 'b', on_failure: 'rescue' },
    { name: 'b', action: 'test.act' },
    { name: 'rescue', action: 'core.transform', input: '{{ error.type }} in {{ error.task }}' },
  ],
};

it('an idempotent task of a killed worker is issued again, others are abandoned, and the runs go on', async () => {
  const worker = await startWorker('hang');
  const safe = await harness.start(definition, { actions: { 'test.act': { ...quick, idempotent: true } } });
  const http = (method: string) => ({
    tasks: [{ name: 'a', action: 'core.http', input: { url: 'http://a.b', method } }],
  });
  const byMethod = { actions: { 'core.http': { ...quick, idempotent: 'by_method' as const } } };
  const reading = await harness.start(http('GET'), byMethod);
  const writing = await harness.start(http('POST'), byMethod);
  const other = await harness.start(definition, { actions: { 'test.act': quick } });
  await Promise.all([safe, reading, writing, other].map((id) => underWay(harness, id, ['a'])));
  worker.kill('SIGKILL');
  await startWorker('answer');
  await Promise.all([safe, reading, writing, other].map((id) => closed(harness, id)));
  const again = await harness.execution(safe);
  expect(again).toMatchObject({ projection: 'complete', status: 'completed', output: { b: 'b' } });
  expect(again.tasks[0]?.attempts.map(({ error }) => error?.type ?? null)).toEqual(['abandoned', null]);
  const [read, written] = [await harness.execution(reading), await harness.execution(writing)];
  expect([read.projection, read.status, read.tasks[0]?.attempts.length]).toEqual(['complete', 'completed', 2]);
  expect([written.projection, written.status, written.tasks[0]?.attempts.length]).toEqual(['complete', 'abandoned', 1]);
  const abandoned = await harness.execution(other);
  expect(abandoned).toMatchObject({
    projection: 'complete',
    status: 'completed',
    output: { rescue: 'abandoned in a' },
  });
  expect(abandoned.tasks.map(({ key, status }) => [key, status])).toEqual([
    ['a', 'abandoned'],
    ['rescue', 'completed'],
  ]);
});
