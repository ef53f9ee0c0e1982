import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createLogger } from '../composition/logger.ts';
import { serveMetrics } from '../composition/metrics.ts';
import { defer, runMain, type Undo, undoAll, untilSignal } from '../composition/run.ts';
import { superviseWorker, type WorkerHost } from '../composition/worker/supervisor.ts';
import type { Config } from '../model/config.ts';
import { integerId } from '../model/execution-id.ts';
import { type DevFile, privateFile } from './dev-file.ts';
import type { Installation } from './installation.ts';
import { demandStartPorts } from './start-ports.ts';

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
    // The rest is large: it is loaded once nothing speaks against the start, and while the worker is loaded.
    const { openInstallation } = await import('./installation.ts');
    const installation = await openInstallation(config, {
      folder,
      log,
      metrics,
      worker,
      connectWorker: host.resolve,
      undos,
      say,
    });
    const { api, keys } = installation;
    shown = {
      url: api.url,
      api_key: keys.dev,
      approver_key: keys.approver,
      temporal_address: installation.temporalAddress,
      temporal_ui: installation.temporalUi,
      pid: process.pid,
      worker_pid: await worker.ready,
    };
    await devFile.write(shown);
    undos.push(devFile.remove);
    say(`Ready after ${((performance.now() - started) / 1000).toFixed(1)} s.`);
    await showFirstRun(installation);
    if (config.FERMATA_CONSOLE === 'on') showConsole(installation);
    showWhere(installation, devFile.path);
    say(openNetworks(config));
    say('Ctrl-C stops everything; open executions continue at the next start.');
    say(`Stopping (${await stopped}) …`);
  } finally {
    await undoAll(undos, (error) => log.error({ err: error }, 'stopping'));
  }
  say('Stopped.');
});

async function showFirstRun({ api, principal }: Installation): Promise<void> {
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
function showConsole({ api: { url, createSignInCode }, keys: { dev } }: Installation): void {
  say(`Console      ${url}/console`);
  say(
    `             ${url}/console/sign-in#code=${createSignInCode(dev)}   (signs you in as dev, once, within an hour)`,
  );
}

function showWhere({ api: { url }, temporalUi: ui, keys }: Installation, file: string): void {
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
