import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { POISONS, startPoison } from '../chaos/poisons.ts';
import { until } from '../integration/support/until.ts';
import { call, createDevFolder, isRunning, type Running, run } from './processes.ts';

// Runs of interpreter 7, which has no slices: nothing but the supervisor ends what they do.

let dev: Awaited<ReturnType<typeof createDevFolder>>;
let fermata: Running;
let connection: Connection;
let client: Client;
let url: string;
let key: string;
beforeAll(async () => {
  dev = await createDevFolder();
  // A small heap is full sooner, and a step that never ends is noticed sooner: yet not before a busy machine has done any other step.
  const impatience = { NODE_OPTIONS: '--max-old-space-size=300', FERMATA_WORKFLOW_TASK_LIMIT: '15' };
  fermata = run('dev/main.ts', { ...dev.env, ...impatience });
  await fermata.until('Ctrl-C stops everything', 150);
  const file = await dev.devFile();
  url = file.url;
  key = file.api_key;
  connection = await Connection.connect({ address: file.temporal_address });
  client = new Client({ connection });
});
afterAll(async () => {
  await connection?.close();
  await fermata.end('SIGINT');
  await dev.remove();
});

/** Starts a run that has something to do every second; gives its integer id. */
async function startInnocent(): Promise<number> {
  const tasks = Array.from({ length: 8 }, (_, index) => [
    { name: `wait${index}`, action: 'core.delay', input: { seconds: 1 }, on_success: `call${index}` },
    {
      name: `call${index}`,
      action: 'core.http',
      input: { url: `${url}/healthz` },
      ...(index < 7 ? { on_success: `wait${index + 1}` } : {}),
    },
  ]).flat();
  const ref = `examples.innocent${Date.now()}`;
  await call(url, key, '/api/v1/workflows', {
    ref,
    pack_ref: 'examples',
    label: ref,
    version: '1.0.0',
    definition: { tasks },
  });
  const { data } = await call(url, key, '/api/v1/executions', { action_ref: ref });
  return data.id;
}

const show = (id: number) => call(url, key, `/api/v1/executions/${id}`).then(({ data }) => data);

/** Asks the API four times a second until `end`; gives how many answers were not right. */
function probe(): { end(): Promise<{ asked: number; wrong: number }> } {
  const counts = { asked: 0, wrong: 0 };
  let over = false;
  const asking = (async () => {
    while (!over) {
      counts.asked += 1;
      const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(10_000) }).catch(() => null);
      if (answer?.status !== 200) counts.wrong += 1;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  })();
  return {
    end: async () => {
      over = true;
      await asking;
      return counts;
    },
  };
}

it('runs that stop workers are set aside, a run next to them completes, and the API answers all along', async () => {
  const { pid, worker_pid: first } = await dev.devFile();
  const probing = probe();
  const innocent = await startInnocent();
  const poisons: number[] = [];
  for (const task of Object.values(POISONS)) poisons.push(await startPoison(client, task));
  for (const poison of poisons) {
    const failed = await until(
      () => show(poison),
      ({ status }) => status === 'failed',
      600,
    );
    expect(failed.result).toMatchObject({
      error: 'a step of this run has stopped a worker twice',
      error_code: 'LIMIT_EXCEEDED',
    });
  }
  const done = await until(
    () => show(innocent),
    ({ status }) => status !== 'requested' && status !== 'running',
    300,
  );
  expect([done.status, done.projection]).toEqual(['completed', 'complete']);
  const { asked, wrong } = await probing.end();
  expect([asked > 10, wrong]).toEqual([true, 0]);
  const listed = await call(url, key, '/api/v1/executions?status=failed');
  expect(listed.data.map(({ id }: { id: number }) => id)).toEqual(expect.arrayContaining(poisons));
  expect([pid, isRunning(pid), isRunning(first)]).toEqual([fermata.child.pid, true, false]);
  // Which worker process it is now, and how it is, can be seen.
  await until(
    () => dev.devFile(),
    ({ worker_pid: now }) => now !== first && isRunning(now),
  );
  const readiness = () => fetch(`${url}/readyz`).then((answer) => answer.json() as Promise<{ worker?: string }>);
  await until(readiness, ({ worker }) => worker === 'ok');
}, 1_200_000);
