import { findTemporal } from '../../../dev/temporal-binary.ts';
import { startTemporalServer, type TemporalServer } from '../../../dev/temporal-server.ts';

/** A Temporal server, in memory, that suggests to go on in another run from so many events on. */
export async function startChainServer(suggested: number): Promise<TemporalServer> {
  const binary = await findTemporal(process.env, (line) => console.log(line));
  // Temporal has a run that goes on within a second of its start wait for the rest of it.
  const settings = [
    `limit.historyCount.suggestContinueAsNew=${suggested}`,
    'history.workflowIdReuseMinimalInterval="1ms"',
  ];
  return startTemporalServer({ binary, namespaces: ['default', 'chains'], port: 0, uiPort: 0, settings });
}
