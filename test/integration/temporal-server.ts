import type { TestProject } from 'vitest/node';
import { findTemporal } from '../../dev/temporal-binary.ts';
import { startTemporalServer } from '../../dev/temporal-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    temporalAddress: string;
  }
}

/** Each file of API tests has a namespace of its own, so that its index holds its own runs. */
export const API_NAMESPACES = [
  ...['executions', 'definitions', 'management', 'index', 'errors', 'death', 'docs', 'tools', 'signals', 'subs'],
  ...['lists', 'principals', 'automation', 'mcp', 'deletions', 'packs', 'tasks', 'streams', 'bulk', 'actions'],
  ...[
    'schedules',
    'access',
    'cli',
    'clients',
    'inquiries',
    'slack',
    'links',
    'notices',
    'tokens',
    'retries',
    'controls',
    'explain',
  ],
];

/** One real Temporal server for all integration tests, in memory, on a free port. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const binary = await findTemporal(process.env, (line) => console.log(line));
  const server = await startTemporalServer({ binary, namespaces: ['default', ...API_NAMESPACES], port: 0, uiPort: 0 });
  project.provide('temporalAddress', server.address);
  return server.stop;
}
