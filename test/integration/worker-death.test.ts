import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, inject, it } from 'vitest';
import type { ActionSpec } from '../../model/run-input.ts';
import { closed, createHarness, type Harness, underWay } from './harness.ts';

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
  const script = fileURLToPath(new URL('./worker-process.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', script, inject('temporalAddress'), harness.taskQueue, mode],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  children.push(child);
  await once(child.stdout!, 'data');
  return child;
}

const quick: ActionSpec = { timeout: 60, heartbeat_timeout: 1, queue_timeout: 60 };
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
  const other = await harness.start(definition, { actions: { 'test.act': quick } });
  await Promise.all([safe, other].map((id) => underWay(harness, id, ['a'])));
  worker.kill('SIGKILL');
  await startWorker('answer');
  await Promise.all([closed(harness, safe), closed(harness, other)]);
  const again = await harness.execution(safe);
  expect(again).toMatchObject({ projection: 'complete', status: 'completed', output: { b: 'b' } });
  expect(again.tasks[0]?.attempts.map(({ error }) => error?.type ?? null)).toEqual(['abandoned', null]);
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
