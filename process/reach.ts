import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { createEgress } from '../egress/egress.ts';
import type { ProcessKind } from '../model/master-key.ts';
import type { EgressRules } from '../model/networks.ts';
import { createConnectionResolver } from '../service/connections.ts';
import { createSealer, type Sealer } from '../service/sealer.ts';
import { createSecretResolver } from '../service/secrets.ts';
import { workFor } from '../service/work-owner.ts';
import { createConnectionStore } from '../store/connections.ts';
import type { Database } from '../store/database.ts';
import type { ProcessRow } from '../store/processes.ts';
import { createSecretStore } from '../store/secrets.ts';
import type { WorkerOptions } from '../worker/worker.ts';

/** What seals connections and secrets at rest. */
export const REST_PURPOSE = 'connection';

/** How a process is noted with the ids of its master keys. */
export function presence(kind: ProcessKind, { keyIds }: Pick<Sealer, 'keyIds'>): Omit<ProcessRow, 'seen'> {
  return { id: randomUUID(), kind, host: hostname(), pid: process.pid, keyIds: [...keyIds] };
}

/** Finds the connections and secrets of tenants in a database, which are sealed by the master keys. */
export function createDesk(
  db: Database,
  secretKeys: readonly string[],
): Pick<WorkerOptions['actions'], 'connect' | 'secretOf'> {
  const sealer = createSealer(secretKeys, REST_PURPOSE);
  const connect = createConnectionResolver(createConnectionStore(db), sealer);
  const secretOf = createSecretResolver(createSecretStore(db), sealer);
  return {
    connect: (tenant, pack, name) => workFor(tenant, () => connect(tenant, pack, name)),
    secretOf: (tenant, name) => workFor(tenant, () => secretOf(tenant, name)),
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
