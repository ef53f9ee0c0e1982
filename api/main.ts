import { startApi } from '../composition/api/api.ts';
import { readAccessOptions, readBuiltConsole } from '../composition/api/options.ts';
import { ensureDefaults } from '../composition/bootstrap.ts';
import { createLogger } from '../composition/logger.ts';
import { serveMetrics } from '../composition/metrics.ts';
import { egressRules } from '../composition/network.ts';
import { limitHeapGrowth, runMain, type Undo, undoAll, untilSignal } from '../composition/run.ts';
import { connectClient, demandTemporal } from '../composition/temporal.ts';
import { required } from '../model/config.ts';
import { workOwner } from '../service/starts/work-owner.ts';
import { openPostgres } from '../store/database.ts';

/** The API as a separate process, with a Temporal server and a Postgres database. */
await runMain(async (config) => {
  limitHeapGrowth();
  const settings = required(config, 'start:api', ['TEMPORAL_ADDRESS', 'DATABASE_URL', 'FERMATA_SECRET_KEY']);
  const { TEMPORAL_ADDRESS: address, DATABASE_URL: url, FERMATA_SECRET_KEY: secretKey } = settings;
  const log = createLogger(config);
  const metrics = await serveMetrics(config);
  const undos: Undo[] = metrics === null ? [] : [metrics.close];
  try {
    const database = await openPostgres(url, workOwner);
    undos.push(database.close);
    const keys = { dev: config.FERMATA_DEV_KEY, approver: config.FERMATA_DEV_APPROVER_KEY };
    await ensureDefaults(database.db, keys);
    const connection = connectClient(address);
    undos.push(() => connection.close());
    await demandTemporal(connection);
    const api = await startApi({
      connection,
      database,
      log,
      namespace: config.TEMPORAL_NAMESPACE,
      host: config.FERMATA_HOST,
      port: config.FERMATA_PORT,
      ...readAccessOptions(config),
      console: readBuiltConsole(config),
      egress: egressRules(config, { allowed: [], metricsUrl: metrics?.url }),
      secretKeys: secretKey.split(','),
      metrics,
    });
    undos.push(api.close);
    log.info({ url: api.url, temporal: address, metrics: metrics?.url }, 'the API is ready');
    log.info({ signal: await untilSignal() }, 'stopping');
  } finally {
    await undoAll(undos, (error) => log.error({ err: error }, 'stopping'));
  }
});
