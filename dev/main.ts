import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type RunningApi, startApi } from '../composition/api/api.ts';
import { readAccessOptions, readBuiltConsole } from '../composition/api/options.ts';
import { ensureDefaults, publishExamples } from '../composition/bootstrap.ts';
import { createLogger } from '../composition/logger.ts';
import { serveMetrics } from '../composition/metrics.ts';
import { egressRules } from '../composition/network.ts';
import { createWorkerDesk, ownConnections } from '../composition/reach.ts';
import {
  connectClient,
  defer,
  demandTemporal,
  keepRunning,
  runMain,
  type Undo,
  undoAll,
  untilSignal,
} from '../composition/run.ts';
import { superviseWorker, type WorkerHost } from '../composition/supervisor.ts';
import type { Config } from '../model/config.ts';
import { integerId } from '../model/execution-id.ts';
import type { Principal } from '../model/principal.ts';
import { newKey } from '../service/access/principals.ts';
import { createRunReports } from '../service/index/reports.ts';
import { workOwner } from '../service/starts/work-owner.ts';
import { type Database, openEmbedded, openPostgres } from '../store/database.ts';
import { createExecutionStore } from '../store/executions/executions.ts';
import { createRunStrikeStore } from '../store/executions/run-strikes.ts';
import { type DevFile, type DevKeys, privateFile } from './dev-file.ts';
import { demandStartPorts, embedTemporal } from './embedded-temporal.ts';

const say = (line: string): void => console.log(line);

/**
 * Runs everything on this machine: the API and the database in this process, the worker and the Temporal server in
 * separate ones.
 */
await runMain(async (config) => {
  const started = performance.now();
  // Registered first, so that Ctrl-C during the start leaves no processes behind.
  const stopped = untilSignal();
  const folder = resolve(config.FERMATA_DATA_DIR);
  await mkdir(folder, { recursive: true });
  const devFile = privateFile<DevFile>(folder, 'dev.json');
  const running = await devFile.read();
  if (running !== null && (await isUp(running.url))) {
    throw new Error(`Fermata is already running at ${running.url} (process ${running.pid}, data in ${folder})`);
  }
  await demandStartPorts(config, folder);
  const log = createLogger(config);
  const metrics = await serveMetrics(config);
  const undos: Undo[] = metrics === null ? [] : [metrics.close];
  try {
    const host = defer<WorkerHost>();
    let shown: DevFile | null = null;
    // The worker starts in parallel and connects once Temporal is ready.
    const worker = superviseWorker({
      host: host.promise,
      ownDatabase: false,
      taskLimit: config.FERMATA_WORKFLOW_TASK_LIMIT,
      log,
      metrics,
      onServing: (pid) => {
        if (shown !== null) void devFile.write({ ...shown, worker_pid: pid });
      },
    });
    undos.push(worker.stop);
    const { DATABASE_URL: databaseUrl, TEMPORAL_ADDRESS: external } = config;
    const database =
      databaseUrl === undefined ? await openEmbedded(folder) : await openPostgres(databaseUrl, workOwner);
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
    host.resolve({
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
    shown = {
      url: api.url,
      api_key: keys.dev,
      approver_key: keys.approver,
      temporal_address: address,
      temporal_ui: server?.ui ?? null,
      pid: process.pid,
      worker_pid: await worker.ready,
    };
    await devFile.write(shown);
    undos.push(devFile.remove);
    say(`Ready after ${((performance.now() - started) / 1000).toFixed(1)} s.`);
    await showFirstRun(api, principal);
    if (config.FERMATA_CONSOLE === 'on') showConsole(api, keys);
    showWhere(api.url, server?.ui ?? null, keys, devFile.path);
    say(openNetworks(config));
    say('Ctrl-C stops everything; open executions continue at the next start.');
    say(`Stopping (${await stopped}) …`);
  } finally {
    await undoAll(undos, (error) => log.error({ err: error }, 'stopping'));
  }
  say('Stopped.');
});

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

async function showFirstRun(api: RunningApi, principal: Principal): Promise<void> {
  const command = {
    ref: 'examples.first_run',
    inputField: 'input',
    input: { url: `${api.url}/healthz`, name: 'Fermata' },
    wait: 30,
  };
  const { n, execution } = await api.executions.start(principal, command);
  const result = execution.failure?.message ?? JSON.stringify(execution.output);
  say(`\nRan ${command.ref} (execution ${integerId(n)}): ${execution.status}\n  ${result}\n`);
}

/** Says where the console is, with a link that signs in. What follows `#`, no server and no log is sent. */
function showConsole({ url, createSignInCode }: RunningApi, { dev }: DevKeys): void {
  say(`Console      ${url}/console`);
  say(
    `             ${url}/console/sign-in#code=${createSignInCode(dev)}   (signs you in as dev, once, within an hour)`,
  );
}

function showWhere(url: string, ui: string | null, keys: DevKeys, file: string): void {
  say(`API          ${url}/api/v1`);
  say(`API docs     ${url}/docs`);
  if (ui !== null) say(`Temporal UI  ${ui}`);
  say(`API key      ${keys.dev}   (dev, admin)`);
  say(`API key      ${keys.approver}   (approver)`);
  say(`Also in      ${file}\n`);
  say('Try it:');
  say(`  curl -s -H 'x-api-key: ${keys.dev}' -H 'content-type: application/json' \\`);
  say(`    -d '{"action_ref":"examples.first_run","parameters":{"url":"${url}/healthz"},"wait":10}' \\`);
  say(`    ${url}/api/v1/executions\n`);
}

/** Describes which local networks actions may reach. */
function openNetworks({ FERMATA_EGRESS_ALLOW: allowed }: Config): string {
  if (allowed !== undefined) return `Actions may reach ${allowed.join(', ')} and public addresses.`;
  return 'Actions may reach this machine and private networks: set FERMATA_EGRESS=private,loopback to forbid it.';
}

async function isUp(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}
