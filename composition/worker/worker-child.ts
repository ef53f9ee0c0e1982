import { createEgress, type Egress } from '../../egress/egress.ts';
import { type Config, required } from '../../model/config.ts';
import { type EgressRules, parseEndpoint } from '../../model/networks.ts';
import type { RunReport } from '../../model/run-report.ts';
import { keepPresent } from '../../service/access/master-keys.ts';
import { createSealer } from '../../service/access/sealer.ts';
import { createRunReports } from '../../service/index/reports.ts';
import { workOwner } from '../../service/starts/work-owner.ts';
import { createProcessStore } from '../../store/access/processes.ts';
import { openPostgres } from '../../store/database.ts';
import { createExecutionStore } from '../../store/executions/executions.ts';
import { SEALED_CONVERTERS } from '../../temporal/codec/codec.ts';
import { bundleWorkflows } from '../../worker/bundle.ts';
import {
  createExchange,
  type Exchange,
  type FromWorker,
  type ToWorker,
  type WorkerOrder,
} from '../../worker/channel.ts';
import { handleUncaught } from '../../worker/uncaught.ts';
import { watchWorker } from '../../worker/watch.ts';
import { createPermits, createWorker } from '../../worker/worker.ts';
import { createConfiguredCodec } from '../codec.ts';
import { createLogger } from '../logger.ts';
import { collectWorkerMetrics } from '../metrics.ts';
import { trustedRules } from '../network.ts';
import { actionsOver, createWorkerDesk, ownConnections, presence, REST_PURPOSE, type WorkerDesk } from '../reach.ts';
import { defer, keepRunning, runMain, type Undo, undoAll } from '../run.ts';
import { connectWorker, installTemporalRuntime } from './sdk.ts';

/** Milliseconds from the order to stop until activities are interrupted, and until the process exits. */
const GRACE = 10_000;
const END = 20_000;

/** The exit code after a failure of the workflow thread. */
const CRASHED = 70;

/** The maximum number of reports on their way to the supervisor; further ones are dropped, and the reconciler makes up for them. */
const MAX_REPORTS = 10_000;

/**
 * A worker process, which communicates with its supervisor over a channel (worker/channel.ts). It ends immediately when its supervisor
 * ends.
 */
await runMain(async (config) => {
  const orphaned = () => process.kill(process.pid, 'SIGKILL');
  process.on('disconnect', orphaned);
  if (!process.connected) orphaned();
  const log = createLogger(config);
  const ordered = defer<WorkerOrder>();
  const connected = defer<{ address: string; egress: EgressRules }>();
  const stopping = new AbortController();
  const draining = new AbortController();
  const metrics = config.FERMATA_METRICS_PORT === undefined ? null : ordered.promise.then(metricsFor);
  const exchange = createExchange(send, { metrics: async () => (await metrics)?.read() ?? '' });
  process.on('message', (message: ToWorker) => {
    if (message.type === 'order') ordered.resolve(message.order);
    else if (message.type === 'connect') connected.resolve(message);
    else if (message.type === 'drain') draining.abort();
    else if (message.type === 'stop') stopping.abort();
    else exchange.take(message);
  });
  process.on('SIGTERM', () => stopping.abort());
  stopping.signal.addEventListener('abort', () => draining.abort());
  const exit = () => process.exit(0);
  draining.signal.addEventListener('abort', exit);
  handleUncaught(log, (error) => {
    // The process may be in any state; another one takes over, and the tasks of other workers continue.
    log.error({ err: error }, 'an error was not caught; the worker process is to be replaced');
    send({ type: 'retire' });
  });

  const order = await ordered.promise;
  const codec = createConfiguredCodec(config);
  const bundle = order.bundle ?? (await bundleWorkflows(codec && SEALED_CONVERTERS));
  if (order.bundle === null) send({ type: 'bundled', bundle });
  installTemporalRuntime(log, await metrics);
  const undos: Undo[] = [];
  try {
    const { address, egress: rules } = await connected.promise;
    const sdk = (await metrics)?.sdkAddress;
    // Temporal's SDK serves its metrics on the loopback interface.
    const infrastructure = [...rules.infrastructure, ...(sdk === undefined ? [] : [parseEndpoint(sdk)!])];
    const host = await openHost(order, { ...rules, infrastructure }, { config, exchange, undos });
    const connection = await connectWorker(address);
    undos.push(() => connection.close());
    const interrupt = new AbortController();
    const permits = createPermits({ concurrentActions: config.FERMATA_CONCURRENT_ACTIONS });
    (await metrics)?.watchSlots(permits);
    const worker = await createWorker({
      connection,
      namespace: config.TEMPORAL_NAMESPACE,
      bundle,
      codec,
      actions: actionsOver(host.desk, host, { connection, namespace: config.TEMPORAL_NAMESPACE, codec }),
      report: host.report,
      permits,
      probation: order.probation,
      interrupt: interrupt.signal,
    });
    const isBroken = () => worker.getState() !== 'RUNNING' && !draining.signal.aborted;
    const watch = watchWorker(worker, {
      eager: order.probation,
      isBroken,
      report: (report) => {
        send({ type: 'watch', report });
        // The SDK would wait for its activities first; another process does what this one no longer can.
        if (isBroken()) process.exit(CRASHED);
      },
    });
    const running = worker.run();
    watch.start();
    send({ type: 'ready' });
    // From here on, activities must finish before the process ends.
    draining.signal.removeEventListener('abort', exit);
    const shutdown = () => worker.getState() === 'RUNNING' && worker.shutdown();
    draining.signal.addEventListener('abort', shutdown);
    const stop = () => {
      setTimeout(() => interrupt.abort(), GRACE).unref();
      setTimeout(() => process.exit(0), END).unref();
    };
    stopping.signal.addEventListener('abort', stop);
    await running;
    watch.stop();
  } finally {
    await undoAll(undos, (error) => log.error({ err: error }, 'stopping'));
  }
  exit();
}, 'quiet');

function send(message: FromWorker): void {
  // Without a callback, a supervisor that has just ended is an uncaught error: `disconnect`, which ends this process, comes after it.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

function metricsFor({ host }: WorkerOrder) {
  return collectWorkerMetrics(host === 'own');
}

/** The secrets, connections and reports of a worker: from its own database connection, or through its supervisor. */
async function openHost(
  order: WorkerOrder,
  rules: EgressRules,
  { config, exchange, undos }: { config: Config; exchange: Exchange; undos: Undo[] },
): Promise<{ desk: WorkerDesk; egress: Egress; trusted: Egress; report: (report: RunReport) => void }> {
  const egress = createEgress(rules);
  const trusted = createEgress(trustedRules(rules));
  undos.push(egress.close, trusted.close);
  if (order.host === 'own') {
    const settings = required(config, 'start:worker', ['DATABASE_URL', 'FERMATA_SECRET_KEY']);
    const database = await openPostgres(settings.DATABASE_URL, workOwner);
    undos.push(database.close);
    const reports = createRunReports({
      store: createExecutionStore(database.db),
      namespace: config.TEMPORAL_NAMESPACE,
      log: createLogger(config),
    });
    undos.push(keepRunning(reports.run));
    const secretKeys = settings.FERMATA_SECRET_KEY.split(',');
    const alive = presence('worker', createSealer(secretKeys, REST_PURPOSE), createConfiguredCodec(config));
    const processes = createProcessStore(database.db);
    undos.push(keepRunning((signal) => keepPresent(processes, alive, signal, createLogger(config))));
    return {
      egress,
      trusted,
      desk: createWorkerDesk(database.db, secretKeys, ownConnections(config)),
      report: reports.take,
    };
  }
  let underway = 0;
  return {
    egress,
    trusted,
    desk: {
      connect: (tenant, pack, name) => exchange.ask('connection', tenant, pack, name),
      secretOf: (tenant, name) => exchange.ask('secret', tenant, name),
      warrantTrust: () => exchange.ask('warrantTrust'),
    },
    report: (report: RunReport) => {
      if (underway >= MAX_REPORTS || !process.connected) return;
      underway += 1;
      const message: FromWorker = { type: 'report', report };
      process.send?.(message, undefined, undefined, () => {
        underway -= 1;
      });
    },
  };
}
