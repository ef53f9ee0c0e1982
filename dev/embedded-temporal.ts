import { join } from 'node:path';
import type { Config } from '../model/config.ts';
import { isAlive, startOfProcess } from '../store/engines/folder-lock.ts';
import { privateFile } from './dev-file.ts';
import { demandFreePorts, type WantedPort } from './free-ports.ts';
import { findTemporal, type Progress } from './temporal-binary.ts';
import { startTemporalServer, stopProcess, type TemporalServer } from './temporal-server.ts';

/** The server that was started last, by which the next start finds one that has outlived its parent. */
interface ServerRecord {
  pid: number;
  started: string | null;
}

/**
 * Throws an Error that names all ports of `npm start` that are in use. Ports of a Temporal server left over from an
 * earlier start are checked after it has been stopped.
 */
export async function demandStartPorts(config: Config, folder: string): Promise<void> {
  const before = await recordIn(folder).read();
  const ownsTemporal = config.TEMPORAL_ADDRESS === undefined && (before === null || !isAlive(before));
  const { FERMATA_HOST: host, FERMATA_PORT: port, FERMATA_METRICS_PORT: metricsPort = 0 } = config;
  await demandFreePorts([
    { setting: 'FERMATA_PORT', host, port },
    { setting: 'FERMATA_METRICS_PORT', host, port: metricsPort },
    ...(ownsTemporal ? temporalPorts(config) : []),
  ]);
}

function temporalPorts(config: Config): WantedPort[] {
  const settings = ['FERMATA_TEMPORAL_PORT', 'FERMATA_TEMPORAL_UI_PORT'] as const;
  return settings.map((setting) => ({ setting, host: '127.0.0.1', port: config[setting] }));
}

function recordIn(folder: string) {
  return privateFile<ServerRecord>(folder, 'temporal.json');
}

/** Starts the embedded Temporal server with the data folder, after stopping one left over from a killed process. */
export async function embedTemporal(config: Config, folder: string, progress: Progress): Promise<TemporalServer> {
  const record = recordIn(folder);
  const before = await record.read();
  if (before !== null && isAlive(before)) {
    progress(`Stopping the Temporal server that an earlier start left running (process ${before.pid}) …`);
    await stopProcess(before.pid);
  }
  const { FERMATA_TEMPORAL_PORT: port, FERMATA_TEMPORAL_UI_PORT: uiPort } = config;
  await demandFreePorts(temporalPorts(config));
  const binary = await findTemporal(process.env, progress);
  const server = await startTemporalServer({
    binary,
    port,
    uiPort,
    namespaces: [config.TEMPORAL_NAMESPACE],
    databaseFile: join(folder, 'temporal.db'),
  });
  const { pid } = server;
  await record.write({ pid, started: startOfProcess(pid) });
  return { ...server, stop: () => stopAndForget(pid, record.remove) };
}

async function stopAndForget(pid: number, forget: () => Promise<void>): Promise<void> {
  await stopProcess(pid);
  await forget();
}
