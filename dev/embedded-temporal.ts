import { join } from 'node:path';
import type { Config } from '../model/config.ts';
import { isAlive, startOfProcess } from '../store/engines/folder-lock.ts';
import { demandFreePorts } from './free-ports.ts';
import { serverRecord, temporalPorts } from './start-ports.ts';
import { findTemporal, type Progress } from './temporal-binary.ts';
import { startTemporalServer, stopProcess, type TemporalServer } from './temporal-server.ts';

/** Starts the embedded Temporal server with the data folder, after stopping one left over from a killed process. */
export async function embedTemporal(config: Config, folder: string, progress: Progress): Promise<TemporalServer> {
  const record = serverRecord(folder);
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
