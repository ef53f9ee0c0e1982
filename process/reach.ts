import { createEgress } from '../egress/egress.ts';
import type { EgressRules } from '../model/networks.ts';
import { createConnectionResolver } from '../service/connections.ts';
import { createSealer } from '../service/sealer.ts';
import { createSecretResolver } from '../service/secrets.ts';
import { createConnectionStore } from '../store/connections.ts';
import type { Database } from '../store/database.ts';
import { createSecretStore } from '../store/secrets.ts';
import type { WorkerOptions } from '../worker/worker.ts';

/** What seals connections and secrets at rest. */
export const REST_PURPOSE = 'connection';

/** Finds the connections and secrets of tenants in a database, which are sealed by the master keys. */
export function createDesk(
  db: Database,
  secretKeys: readonly string[],
): Pick<WorkerOptions['actions'], 'connect' | 'secretOf'> {
  const sealer = createSealer(secretKeys, REST_PURPOSE);
  return {
    connect: createConnectionResolver(createConnectionStore(db), sealer),
    secretOf: createSecretResolver(createSecretStore(db), sealer),
  };
}

/** What the actions of a worker reach the world by, within some rules, and what ends it. */
export function createReach(
  db: Database,
  secretKeys: readonly string[],
  rules: Partial<EgressRules>,
): { actions: WorkerOptions['actions']; close: () => Promise<void> } {
  const egress = createEgress(rules);
  const { connect, secretOf } = createDesk(db, secretKeys);
  return { actions: { egress, connect, secretOf }, close: egress.close };
}
