import { randomBytes } from 'node:crypto';
import { type RunningApi, startApi } from '../composition/api/api.ts';
import { readAccessOptions, readBuiltConsole } from '../composition/api/options.ts';
import { ensureDefaults, publishExamples } from '../composition/bootstrap.ts';
import type { Metrics } from '../composition/metrics.ts';
import { egressRules } from '../composition/network.ts';
import { createWorkerDesk, ownConnections } from '../composition/reach.ts';
import { keepRunning, type Undo } from '../composition/run.ts';
import { connectClient, demandTemporal } from '../composition/temporal.ts';
import type { SupervisedWorker, WorkerHost } from '../composition/worker/supervisor.ts';
import type { Config } from '../model/config.ts';
import type { Logger } from '../model/log.ts';
import type { Principal } from '../model/principal.ts';
import { newKey } from '../service/access/principals.ts';
import { createRunReports } from '../service/index/reports.ts';
import { workOwner } from '../service/starts/work-owner.ts';
import { type Database, openEmbedded, openPostgres } from '../store/database.ts';
import { createExecutionStore } from '../store/executions/executions.ts';
import { createRunStrikeStore } from '../store/executions/run-strikes.ts';
import { type DevKeys, privateFile } from './dev-file.ts';
import { embedTemporal } from './embedded-temporal.ts';

/** A running installation, with the keys and addresses by which it is reached. */
export interface Installation {
  api: RunningApi;
  /** The development principal, an admin. */
  principal: Principal;
  keys: DevKeys;
  temporalAddress: string;
  /** The URL of Temporal's UI; null where Temporal is not embedded. */
  temporalUi: string | null;
}

/** Parts that `npm start` has before it opens an installation. */
export interface InstallationOptions {
  /** The data folder. */
  folder: string;
  log: Logger;
  metrics: Metrics | null;
  worker: SupervisedWorker;
  /** Is given what the worker connects to. */
  connectWorker: (host: WorkerHost) => void;
  /** Is given what undoes each step as soon as that is done. */
  undos: Undo[];
  say: (line: string) => void;
}

/** Opens the database, starts Temporal, connects the worker and serves the API, with all examples. Throws an Error for users. */
export async function openInstallation(config: Config, options: InstallationOptions): Promise<Installation> {
  const { folder, log, metrics, worker, undos, say } = options;
  const { DATABASE_URL: databaseUrl, TEMPORAL_ADDRESS: external } = config;
  const database = databaseUrl === undefined ? await openEmbedded(folder) : await openPostgres(databaseUrl, workOwner);
  undos.push(database.close);
  say('Starting Temporal, the worker and the API …');
  const server = external === undefined ? await embedTemporal(config, folder, say) : null;
  if (server !== null) undos.push(server.stop);
  const address = server?.address ?? external!;
  const connection = connectClient(address);
  undos.push(() => connection.close());
  if (server === null) await demandTemporal(connection);
  const namespace = config.TEMPORAL_NAMESPACE;
  const reports = createRunReports({ store: createExecutionStore(database.db), namespace, log });
  const masterKeys = await secretKeys(config, folder);
  undos.push(keepRunning(reports.run));
  const strikes = createRunStrikeStore(database.db);
  const egress = egressRules(config, {
    allowed: ['private', 'loopback'],
    metricsUrl: metrics?.url,
    ownPorts: server?.ports ?? [],
  });
  options.connectWorker({
    address,
    egress,
    desk: { ...createWorkerDesk(database.db, masterKeys, ownConnections(config)), report: reports.take },
    strike: (run) => strikes.add(namespace, run, new Date()),
  });
  // Registered again, so that the worker stops before its dependencies.
  undos.push(worker.stop);
  const keys = await prepareKeys(database.db, config, folder);
  const access = readAccessOptions(config);
  const api = await startApi({
    connection,
    namespace,
    database,
    log,
    host: config.FERMATA_HOST,
    port: config.FERMATA_PORT,
    ...access,
    temporalUi: access.temporalUi ?? server?.ui,
    console: readBuiltConsole(config),
    egress,
    codecOrigins: [...(access.codecOrigins ?? []), ...(server === null ? [] : [new URL(server.ui).origin])],
    secretKeys: masterKeys,
    metrics,
    workerState: () => (worker.isServing() ? 'ok' : 'restarting'),
  });
  undos.push(api.close);
  const principal = await api.principals.authenticate(keys.dev);
  await publishExamples(api, principal);
  return { api, principal, keys, temporalAddress: address, temporalUi: server?.ui ?? null };
}

/** Returns the master keys: those in the settings, or one that is created at the first start and kept. */
async function secretKeys({ FERMATA_SECRET_KEY: given }: Config, folder: string): Promise<string[]> {
  if (given !== undefined) return given.split(',');
  const file = privateFile<{ secret_key: string }>(folder, 'secret-key.json');
  const kept = await file.read();
  if (kept !== null) return [kept.secret_key];
  const made = { secret_key: randomBytes(32).toString('base64url') };
  await file.write(made);
  return [made.secret_key];
}

/** Creates the default tenant and the two development principals with their keys. */
async function prepareKeys(db: Database, config: Config, folder: string): Promise<DevKeys> {
  const keyFile = privateFile<DevKeys>(folder, 'dev-keys.json');
  const kept = await keyFile.read();
  const keys = {
    dev: config.FERMATA_DEV_KEY ?? kept?.dev ?? newKey(),
    approver: config.FERMATA_DEV_APPROVER_KEY ?? kept?.approver ?? newKey(),
  };
  if (keys.dev !== kept?.dev || keys.approver !== kept?.approver) await keyFile.write(keys);
  await ensureDefaults(db, keys);
  return keys;
}
