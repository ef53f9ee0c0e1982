import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import { NativeConnection, Worker } from '@temporalio/worker';
import { preparedBundle } from './prepared.ts';

// A worker as a separate process, which a test kills: its activities hang in their first attempt.
const [address = '', taskQueue = '', mode = ''] = process.argv.slice(2);
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowBundle: await preparedBundle(),
  stickyQueueScheduleToStartTimeout: '1s',
  activities: {
    default: async () => {
      if (mode === 'hang') await new Promise(() => setInterval(() => undefined, 1_000));
      if (mode === 'fail') throw ApplicationFailure.create({ type: 'E_A' });
      return activityInfo().activityId;
    },
  },
});
console.log('ready');
await worker.run();
