import type { TestProject } from 'vitest/node';
import { findTemporal } from '../../../dev/temporal-binary.ts';
import { startTemporalServer } from '../../../dev/temporal-server.ts';
import { beginFolders } from '../../store/test-folders.ts';
import { prepare } from './prepared.ts';

declare module 'vitest' {
  interface ProvidedContext {
    temporalAddress: string;
  }
}

/** Each file of API tests has a separate namespace, so that its index only holds its runs. */
export const API_NAMESPACES = [
  ...[
    'executions',
    'definitions',
    'index',
    'docs',
    'histories',
    'unchanged',
    'tools',
    'signals',
    'subs',
    'events',
    'crashes',
    'starts',
    'ends',
    'storms',
    'reads',
  ],
  ...[
    'lists',
    'permissions',
    'principals',
    'automation',
    'mcp',
    'deletions',
    'packs',
    'tasks',
    'streams',
    'bulk',
    'actions',
  ],
  ...[
    'schedules',
    'rules',
    'examples',
    'access',
    'sessions',
    'cli',
    'clients',
    'inquiries',
    'slack',
    'teams',
    'ways-around',
    'bare-starts',
    'deciders',
    'links',
    'tokens',
    'retries',
    'controls',
    'explain',
    'fairness',
    'lost-database',
    'console',
    'replay',
    'connections',
    'turns',
    'python',
    'codec',
    'texts',
    'hostile',
  ],
];

/** A run is gone soon after it was deleted: Temporal deletes none before it has noted that what follows from its end is done. */
const NOTED_SOON = ['transfer', 'visibility'].map((queue) => `history.${queue}ProcessorUpdateAckInterval="1s"`);

/** One real Temporal server for all integration tests, in memory, on a free port; and what they all need. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const ends = [await beginFolders()];
  const end = async () => {
    for (const each of ends.toReversed()) await each();
  };
  const preparing = prepare().then((stop) => {
    ends.push(stop);
  });
  try {
    const binary = await findTemporal(process.env, (line) => console.log(line));
    const namespaces = ['default', ...API_NAMESPACES];
    const server = await startTemporalServer({ binary, namespaces, port: 0, uiPort: 0, settings: NOTED_SOON });
    ends.push(server.stop);
    project.provide('temporalAddress', server.address);
    await preparing;
    return end;
  } catch (error) {
    await preparing.catch(() => undefined);
    await end();
    throw error;
  }
}
