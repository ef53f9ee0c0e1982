import { createLogger } from '../composition/logger.ts';
import { serveMetrics } from '../composition/metrics.ts';
import { egressRules } from '../composition/network.ts';
import { runMain, type Undo, undoAll, untilSignal } from '../composition/run.ts';
import { type SupervisedWorker, superviseWorker } from '../composition/worker/supervisor.ts';
import { required } from '../model/config.ts';
import { openPostgres } from '../store/database.ts';
import { createRunStrikeStore } from '../store/executions/run-strikes.ts';

/**
 * Starts a worker for a Temporal server and a Postgres (docs/operations.md, What runs). The work is done in a separate process, which this
 * one supervises.
 */
await runMain(async (config) => {
  const settings = required(config, 'start:worker', ['TEMPORAL_ADDRESS', 'DATABASE_URL', 'FERMATA_SECRET_KEY']);
  const { TEMPORAL_ADDRESS: address, DATABASE_URL: url } = settings;
  const { TEMPORAL_NAMESPACE: namespace } = config;
  const stopped = untilSignal();
  const log = createLogger(config);
  const undos: Undo[] = [];
  try {
    let worker: SupervisedWorker | null = null;
    const metrics = await serveMetrics(config, { isUp: () => worker?.isServing() ?? false, ownProcess: false });
    if (metrics !== null) undos.push(metrics.close);
    const database = openPostgres(url).then((opened) => {
      undos.unshift(opened.close);
      return createRunStrikeStore(opened.db);
    });
    const host = database.then((strikes) => ({
      address,
      egress: egressRules(config, { allowed: [], metricsUrl: metrics?.url }),
      desk: null,
      strike: (run: Parameters<typeof strikes.add>[1]) => strikes.add(namespace, run, new Date()),
    }));
    worker = superviseWorker({
      host,
      ownDatabase: true,
      taskLimit: config.FERMATA_WORKFLOW_TASK_LIMIT,
      log,
      metrics,
    });
    undos.push(worker.stop);
    await host;
    const pid = await worker.ready;
    log.info({ temporal: address, namespace, metrics: metrics?.url, worker_pid: pid }, 'the worker is ready');
    log.info({ signal: await stopped }, 'draining');
  } finally {
    await undoAll(undos, (error) => log.error({ err: error }, 'stopping'));
  }
});
