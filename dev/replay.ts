import { resolve } from 'node:path';
import { createConfiguredCodec } from '../composition/codec.ts';
import { connectClient } from '../composition/temporal.ts';
import { installTemporalRuntime } from '../composition/worker/sdk.ts';
import type { Config } from '../model/config.ts';
import { createTemporal } from '../temporal/gateway.ts';
import { openRuns } from '../temporal/open-runs.ts';
import { bundleWorkflows } from '../worker/bundle.ts';
import { replayRuns } from '../worker/replay.ts';
import { type DevFile, privateFile } from './dev-file.ts';

/** Whether this build can continue an open run; `trouble` says why not. */
export interface Replayed {
  workflow_id: string;
  safe: boolean;
  trouble: string | null;
}

/**
 * Replays all open runs of a server against this build, for use before workers are replaced. Throws an Error if no
 * server is configured or it does not respond.
 */
export async function replayOpen(config: Config): Promise<Replayed[]> {
  const dev = await privateFile<DevFile>(resolve(config.FERMATA_DATA_DIR), 'dev.json').read();
  const address = config.TEMPORAL_ADDRESS ?? dev?.temporal_address;
  if (address === undefined)
    throw new Error('no Temporal server configured: set TEMPORAL_ADDRESS, or run npm start here');
  const connection = connectClient(address);
  try {
    const temporal = createTemporal({
      connection,
      namespace: config.TEMPORAL_NAMESPACE,
      codec: createConfiguredCodec(config),
    });
    await temporal.ping();
    const replayed: Replayed[] = [];
    const add = (workflowId: string, trouble: string | null) =>
      replayed.push({ workflow_id: workflowId, safe: trouble === null, trouble });
    const bundle = await bundleWorkflows();
    // The result contains all messages of the replay.
    installTemporalRuntime(null);
    const promising = (async function* () {
      for await (const { trouble, ...run } of openRuns(temporal)) {
        if (trouble === null) yield run;
        else add(run.workflowId, trouble);
      }
    })();
    for await (const { workflowId, trouble } of replayRuns(bundle, promising)) add(workflowId, trouble);
    return replayed;
  } finally {
    await connection.close();
  }
}
