import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { installTemporalRuntime } from '../../composition/worker/sdk.ts';
import { bundleWorkflows } from '../../worker/bundle.ts';

// A worker of one side as a separate process, so that its cost can be measured: asked over IPC, it says its CPU time in
// milliseconds and its memory in bytes, `collected` after what is garbage has gone.

installTemporalRuntime(null);
const [address = '', side = ''] = process.argv.slice(2);
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue: side,
  maxCachedWorkflows: 2_000,
  stickyQueueScheduleToStartTimeout: '2s',
  ...(side === 'hand'
    ? { workflowsPath: fileURLToPath(new URL('./by-hand.ts', import.meta.url)) }
    : { workflowBundle: await bundleWorkflows() }),
  activities: { default: async () => null },
  sinks: { fermata: { report: { fn: () => undefined } } },
});
process.on('message', (what) => {
  if (what === 'collected') globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  process.send!({ cpu: (user + system) / 1000, rss: process.memoryUsage().rss });
});
process.on('disconnect', () => process.exit());
process.send!('ready');
await worker.run();
