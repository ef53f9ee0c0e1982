import { ConfigError } from '../model/config.ts';
import { createLogger, installTemporalRuntime } from '../process/logger.ts';
import { connectWorker, runMain, type Undo, undoAll, untilSignal } from '../process/run.ts';
import { bundleWorkflows, createWorker } from './worker.ts';

/** A worker as a process of its own, against a Temporal server (design/running.md, Production shape). */
await runMain(async (config) => {
  const { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } = config;
  if (address === undefined) throw new ConfigError('start:worker needs TEMPORAL_ADDRESS; npm start embeds a server');
  const log = createLogger(config);
  installTemporalRuntime(log);
  const undos: Undo[] = [];
  try {
    const bundle = await bundleWorkflows();
    const connection = await connectWorker(address);
    undos.push(() => connection.close());
    const worker = await createWorker({ connection, namespace, bundle });
    const running = worker.run();
    log.info({ temporal: address, namespace }, 'the worker is ready');
    const stopped = await Promise.race([untilSignal(), running.then(() => 'the worker itself')]);
    log.info({ signal: stopped }, 'draining');
    if (worker.getState() === 'RUNNING') worker.shutdown();
    await running;
  } finally {
    await undoAll(undos, (error) => log.error({ err: error }, 'stopping'));
  }
});
