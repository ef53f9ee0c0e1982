import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Config } from '../model/config.ts';
import { isAlive, startOf } from '../store/folder-lock.ts';
import { privateFile } from './dev-file.ts';
import { findTemporal, type Progress } from './temporal-binary.ts';
import { startTemporalServer, stopProcess, type TemporalServer } from './temporal-server.ts';

/** The server that was started last, so that the next start finds it should it have outlived its parent. */
interface ServerRecord {
  pid: number;
  started: string | null;
}

/** Starts the embedded Temporal server over the data folder, after ending one that a killed process has left behind. */
export async function embedTemporal(config: Config, folder: string, progress: Progress): Promise<TemporalServer> {
  const record = privateFile<ServerRecord>(folder, 'temporal.json');
  const before = await record.read();
  if (before !== null && isAlive(before)) {
    progress(`Ending the Temporal server that an earlier start left behind (process ${before.pid}) …`);
    await stopProcess(before.pid);
  }
  const { FERMATA_TEMPORAL_PORT: port, FERMATA_TEMPORAL_UI_PORT: uiPort } = config;
  await demandFree(port, 'FERMATA_TEMPORAL_PORT');
  await demandFree(uiPort, 'FERMATA_TEMPORAL_UI_PORT');
  const binary = await findTemporal(process.env, progress);
  const server = await startTemporalServer({
    ...{ binary, port, uiPort, namespaces: [config.TEMPORAL_NAMESPACE], databaseFile: join(folder, 'temporal.db') },
  });
  const { pid } = server;
  await record.write({ pid, started: startOf(pid) });
  return { ...server, stop: () => stopAndForget(pid, record.remove) };
}

async function stopAndForget(pid: number, forget: () => Promise<void>): Promise<void> {
  await stopProcess(pid);
  await forget();
}

function demandFree(port: number, setting: string): Promise<void> {
  if (port === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', () => {
      reject(
        new Error(
          `port ${port} (${setting}) is taken; set ${setting} to another one, or TEMPORAL_ADDRESS to use that server`,
        ),
      );
    });
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve()));
  });
}
