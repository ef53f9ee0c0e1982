import { setTimeout as wait } from 'node:timers/promises';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { NativeConnection, Worker } from '@temporalio/worker';

// The worker of a pack, as a process that is killed: it reports to the counter what it does while it does it.

const [address = '', counter = ''] = process.argv.slice(2);

async function act(path) {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), 200);
  try {
    await wait(40 * Math.random(), undefined, { signal: context.cancellationSignal });
    const { ok } = await fetch(counter + path, { method: 'POST' });
    if (!ok) throw ApplicationFailure.nonRetryable('it is broken', 'broken');
    await wait(80 * Math.random(), undefined, { signal: context.cancellationSignal });
  } finally {
    clearInterval(beat);
  }
}

const count = async ({ run, name }) => {
  await act(`/count/${encodeURIComponent(run)}/${encodeURIComponent(name)}`);
  return name;
};

const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue: 'chaos',
  shutdownGraceTime: '5s',
  maxHeartbeatThrottleInterval: '200ms',
  activities: {
    'chaos.count': count,
    'chaos.count_once': count,
    'chaos.section': ({ run, what, section }) =>
      act(`/${what}/${encodeURIComponent(run)}/${encodeURIComponent(section)}`),
  },
});
console.log('the own worker is ready');
await worker.run();
