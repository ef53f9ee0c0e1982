import { required } from '../model/config.ts';
import { codecOf } from '../process/codec.ts';
import { createLogger, installTemporalRuntime } from '../process/logger.ts';
import { serveMetrics } from '../process/metrics.ts';
import { createReach } from '../process/reach.ts';
import { connectWorker, keepRunning, runMain, type Undo, undoAll, untilSignal } from '../process/run.ts';
import { createRunReports } from '../service/run-reports.ts';
import { openPostgres } from '../store/database.ts';
import { createExecutionStore } from '../store/executions.ts';
import { handleUncaught } from './uncaught.ts';
import { bundleWorkflows, createWorker } from './worker.ts';

/** A worker as a process of its own, against a Temporal server (design/running.md, Production shape). */
await runMain(async (config) => {
  const settings = required(config, 'start:worker', ['TEMPORAL_ADDRESS', 'DATABASE_URL', 'FERMATA_SECRET_KEY']);
  const { TEMPORAL_ADDRESS: address, DATABASE_URL: url, FERMATA_SECRET_KEY: secretKey } = settings;
  const { TEMPORAL_NAMESPACE: namespace } = config;
  const log = createLogger(config);
  handleUncaught(log);
  let worker: Awaited<ReturnType<typeof createWorker>> | null = null;
  const metrics = await serveMetrics(config, () => worker?.getState() === 'RUNNING');
  installTemporalRuntime(log, metrics);
  const undos: Undo[] = metrics === null ? [] : [metrics.close];
  try {
    const codec = codecOf(config);
    const bundle = await bundleWorkflows(codec);
    const database = await openPostgres(url);
    undos.push(database.close);
    const reports = createRunReports(createExecutionStore(database.db), namespace, log);
    undos.push(keepRunning(reports.run));
    const connection = await connectWorker(address);
    undos.push(() => connection.close());
    const reach = createReach(database.db, secretKey.split(','), config.FERMATA_EGRESS);
    undos.push(reach.close);
    const { actions } = reach;
    worker = await createWorker({
      ...{ connection, namespace, bundle, actions, codec, report: reports.take },
      concurrentActions: config.FERMATA_CONCURRENT_ACTIONS,
    });
    const running = worker.run();
    log.info({ temporal: address, namespace, metrics: metrics?.url }, 'the worker is ready');
    const stopped = await Promise.race([untilSignal(), running.then(() => 'the worker itself')]);
    log.info({ signal: stopped }, 'draining');
    if (worker.getState() === 'RUNNING') worker.shutdown();
    await running;
  } finally {
    await undoAll(undos, (error) => log.error({ err: error }, 'stopping'));
  }
});
