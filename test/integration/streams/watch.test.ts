import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createEgress } from '../../../egress/egress.ts';
import { type WatchReport, watchWorker } from '../../../worker/watch.ts';
import { createWorker } from '../../../worker/worker.ts';
import { createHarness, type Harness } from '../support/harness.ts';
import { preparedBundle } from '../support/prepared.ts';
import { until } from '../support/until.ts';

// The watch stands on parts of Temporal's SDK that are not public: these tests fail when another version changes them.

let harness: Harness;
let connection: NativeConnection;
const egress = createEgress({ allowed: ['loopback'] });
beforeAll(async () => {
  harness = await createHarness(inject('temporalAddress'));
  connection = await NativeConnection.connect({ address: inject('temporalAddress') });
});
afterAll(async () => {
  await connection.close();
  await egress.close();
  await harness.close();
});

it.each([true, false])(
  'the watch of a worker (in probation: %s) sees an activation come and end',
  async (probation) => {
    const worker = await createWorker({
      connection,
      namespace: 'default',
      bundle: await preparedBundle(),
      probation,
      actions: { egress, connect: async () => null, secretOf: async () => null, isAuthentic: async () => true },
    });
    // The supervisor decides how long workflow code may take, in one thread.
    expect(worker.options).toMatchObject({
      isolateExecutionTimeoutMs: 600_000,
      reuseV8Context: true,
      workflowThreadPoolSize: 1,
      maxCachedWorkflows: probation ? 0 : expect.any(Number),
    });
    const reports: WatchReport[] = [];
    const watch = watchWorker(worker, {
      eager: true,
      isBroken: () => false,
      report: (report) => reports.push(report),
    });
    const running = worker.run();
    watch.start();
    try {
      const handle = await harness.client.workflow.start('watched.run', {
        taskQueue: 'fermata',
        workflowId: `watched-${probation}-${Date.now()}`,
        args: [{}, null],
      });
      await expect(handle.result()).rejects.toThrow();
      await until(
        async () => reports,
        (all) => all.at(-1)?.alone === null && all.length > 1,
      );
      const seen = reports.flatMap(({ alone }) => (alone === null ? [] : [alone.workflowId]));
      expect(new Set(seen)).toEqual(new Set([handle.workflowId]));
    } finally {
      watch.stop();
      worker.shutdown();
      await running;
    }
  },
);

it('a worker of another shape is refused', async () => {
  expect(() => watchWorker({} as never, { eager: false, isBroken: () => false, report: () => undefined })).toThrow(
    "this version of Temporal's SDK is not supported",
  );
});
