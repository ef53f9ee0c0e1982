import { readFile } from 'node:fs/promises';
import { ApplicationFailure, activityInfo, heartbeat } from '@temporalio/activity';
import { NativeConnection, Worker } from '@temporalio/worker';

// A worker as a separate process, which a test kills: its activities send heartbeats and do not end, until it is dead.
const [address, taskQueue, bundle, mode] = process.argv.slice(2);
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowBundle: JSON.parse(await readFile(bundle, 'utf8')),
  stickyQueueScheduleToStartTimeout: '1s',
  maxHeartbeatThrottleInterval: '200ms',
  activities: {
    default: async () => {
      if (mode === 'hang') await new Promise(() => setInterval(() => heartbeat(), 200));
      if (mode === 'fail') throw ApplicationFailure.create({ type: 'E_A' });
      return activityInfo().activityId;
    },
  },
});
console.log('ready');
await worker.run();
