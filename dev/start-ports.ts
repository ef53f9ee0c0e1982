import type { Config } from '../model/config.ts';
import { isAlive } from '../store/engines/folder-lock.ts';
import { privateFile } from './dev-file.ts';
import { demandFreePorts, type WantedPort } from './free-ports.ts';

/** The server that was started last, by which the next start finds one that has outlived its parent. */
interface ServerRecord {
  pid: number;
  started: string | null;
}

/** The record of the embedded Temporal server in a data folder. */
export function serverRecord(folder: string) {
  return privateFile<ServerRecord>(folder, 'temporal.json');
}

/** Returns the ports of the embedded Temporal server that have settings. */
export function temporalPorts(config: Config): WantedPort[] {
  const settings = ['FERMATA_TEMPORAL_PORT', 'FERMATA_TEMPORAL_UI_PORT'] as const;
  return settings.map((setting) => ({ setting, host: '127.0.0.1', port: config[setting] }));
}

/**
 * Throws an Error that names all ports of `npm start` that are in use. Ports of a Temporal server left over from an
 * earlier start are checked after it has been stopped.
 */
export async function demandStartPorts(config: Config, folder: string): Promise<void> {
  const before = await serverRecord(folder).read();
  const ownsTemporal = config.TEMPORAL_ADDRESS === undefined && (before === null || !isAlive(before));
  const { FERMATA_HOST: host, FERMATA_PORT: port, FERMATA_METRICS_PORT: metricsPort = 0 } = config;
  await demandFreePorts([
    { setting: 'FERMATA_PORT', host, port },
    { setting: 'FERMATA_METRICS_PORT', host, port: metricsPort },
    ...(ownsTemporal ? temporalPorts(config) : []),
  ]);
}
