import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { NativeConnection } from '@temporalio/worker';
import type { Egress } from '../egress/egress.ts';
import type { Config } from '../model/config.ts';
import { type ConnectedPack, DEFAULT_CONNECTION, type FoundConnection } from '../model/connection.ts';
import type { ProcessKind } from '../model/master-key.ts';
import { createConnectionResolver } from '../service/access/connections.ts';
import { createSealer, type Sealer } from '../service/access/sealer.ts';
import { createSecretResolver } from '../service/access/secrets.ts';
import { lookUp } from '../service/background/outages.ts';
import { createRunGuard, type WarrantTrust } from '../service/starts/authentic-starts.ts';
import { workFor } from '../service/starts/work-owner.ts';
import { createConnectionStore } from '../store/access/connections.ts';
import { createPrincipalStore } from '../store/access/principals.ts';
import type { ProcessRow } from '../store/access/processes.ts';
import { createSecretStore } from '../store/access/secrets.ts';
import { createSigningKeyStore, type SigningKeyStore } from '../store/access/signing-keys.ts';
import type { Database } from '../store/database.ts';
import type { Codec } from '../temporal/codec/codec.ts';
import type { WorkerOptions } from '../worker/worker.ts';

/** The purpose of the sealer that encrypts connections and secrets in the database. */
export const REST_PURPOSE = 'connection';

/** Returns what a process records about itself: its kind, and the ids of its master keys and of its payload keys, if it has any. */
export function presence(
  kind: ProcessKind,
  { keyIds }: Pick<Sealer, 'keyIds'>,
  codec: Pick<Codec, 'keyIds'> | undefined,
): Omit<ProcessRow, 'seen'> {
  const payloadKeyIds = [...(codec?.keyIds ?? [])];
  return { id: randomUUID(), kind, host: hostname(), pid: process.pid, keyIds: [...keyIds], payloadKeyIds };
}

/**
 * The most milliseconds between the setup of an installation and the creation of its first signing key, if nothing was started without one.
 */
const SETUP = 3_600_000;

/** Milliseconds after the creation of the first key during which API processes of an earlier release may start runs. */
const UPGRADE = 24 * 3_600_000;

/** A worker's access to the database: connections and secrets of tenants, and the keys whose warrants count. */
export type WorkerDesk = Pick<WorkerOptions['actions'], 'connect' | 'secretOf'> & {
  warrantTrust(): Promise<WarrantTrust>;
};

/** Connections from the settings of a process, which the default tenant uses if the database has none. */
export type OwnConnections = Partial<Record<ConnectedPack, FoundConnection>>;

/** Reads the connections with which actions of the default tenant post to Slack and send mail if the database has none. */
export function ownConnections(config: Config): OwnConnections {
  const { FERMATA_SLACK_BOT_TOKEN: token, FERMATA_SLACK_API_URL: api } = config;
  const { FERMATA_SMTP_URL: url, FERMATA_SMTP_FROM: from } = config;
  return {
    ...(token === undefined
      ? {}
      : {
          slack: { settings: api === undefined ? {} : { api_url: api }, secrets: { bot_token: token }, trusted: true },
        }),
    ...(url === undefined || from === undefined
      ? {}
      : { email: { settings: { from }, secrets: { url }, trusted: true } }),
  };
}

/**
 * Creates the desk over a database whose connections and secrets are encrypted with the master keys; `own` are the connections
 * `default` of the default tenant unless the database has them.
 */
export function createWorkerDesk(db: Database, secretKeys: readonly string[], own: OwnConnections = {}): WorkerDesk {
  const sealer = createSealer(secretKeys, REST_PURPOSE);
  const stored = createConnectionResolver({ store: createConnectionStore(db), sealer });
  const secretOf = createSecretResolver({ store: createSecretStore(db), sealer });
  const { homeTenant } = createPrincipalStore(db);
  const connect: WorkerDesk['connect'] = async (tenant, pack, name) => {
    const found = await stored(tenant, pack, name);
    if (found !== null || name !== DEFAULT_CONNECTION || own[pack] === undefined) return found;
    return tenant === (await lookUp(homeTenant)) ? own[pack] : null;
  };
  return {
    connect: (tenant, pack, name) => workFor(tenant, () => connect(tenant, pack, name)),
    secretOf: (tenant, name) => workFor(tenant, () => secretOf(tenant, name)),
    warrantTrust: () => lookUp(() => readWarrantTrust(createSigningKeyStore(db))),
  };
}

/** Reads which starts are accepted from the published keys. */
export async function readWarrantTrust(store: SigningKeyStore): Promise<WarrantTrust> {
  const rows = await store.list();
  const keys = rows.map(({ kid, x, revoked }) => ({ kid, x, revoked_at: revoked?.toISOString() ?? null }));
  const [first] = rows;
  const begun = first === undefined ? null : await store.installed();
  const isUpgraded = begun !== null && begun.getTime() + SETUP < first!.created.getTime();
  return { keys, unsignedUntil: isUpgraded ? first!.created.getTime() + UPGRADE : null };
}

/** Returns the dependencies of a worker's actions, over its desk. Only authentic runs get what belongs to a tenant. */
export function actionsOver(
  { connect, secretOf, warrantTrust }: WorkerDesk,
  { egress, trusted }: { egress: Egress; trusted?: Egress },
  { connection, namespace, codec }: { connection: NativeConnection; namespace: string; codec: Codec | undefined },
): WorkerOptions['actions'] {
  const isAuthentic = createRunGuard({
    trust: warrantTrust,
    clock: Date.now,
    async firstEvent(execution) {
      const request = { namespace, execution, maximumPageSize: 1 };
      try {
        const answer = await connection.workflowService.getWorkflowExecutionHistory(request);
        const { history } = codec === undefined ? answer : codec.openAll(answer, execution.workflowId);
        return history?.events?.[0] ?? null;
      } catch (error) {
        if ((error as { code?: unknown }).code === NOT_FOUND) return null;
        throw error;
      }
    },
  });
  return { egress, trusted, connect, secretOf, isAuthentic };
}

/** The gRPC status for a run that Temporal does not have. */
const NOT_FOUND = 5;
