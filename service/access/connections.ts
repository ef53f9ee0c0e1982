import { AppError } from '../../model/app-error.ts';
import { type ConnectedPack, checkConnection } from '../../model/connection.ts';
import { CHAT_CHANNELS } from '../../model/inquiry.ts';
import { issuesText } from '../../model/issue.ts';
import type { JsonObject } from '../../model/json.ts';
import { hasPermission } from '../../model/permissions.ts';
import type { Principal } from '../../model/principal.ts';
import type { ConnectionRow, ConnectionStore } from '../../store/access/connections.ts';
import { lookUp } from '../background/outages.ts';
import { demandKey, type Sealer } from './sealer.ts';

/** A connection without its secrets. */
export type ShownConnection = Omit<ConnectionRow, 'sealed' | 'tenant'>;

/** Manages connections; callers see only those of their tenant. */
export interface ConnectionService {
  /** Lists all connections. */
  list(principal: Principal): Promise<ShownConnection[]>;
  /** Returns a connection. Throws `connection_not_found`. */
  get(principal: Principal, pack: ConnectedPack, name: string): Promise<ShownConnection>;
  /** Creates or replaces a connection. Throws `input_invalid`, `forbidden`. */
  put(
    principal: Principal,
    pack: ConnectedPack,
    name: string,
    given: { settings: JsonObject; secrets: JsonObject },
  ): Promise<ShownConnection>;
  /** Deletes a connection. Throws `connection_not_found`, `forbidden`. */
  remove(principal: Principal, pack: ConnectedPack, name: string): Promise<void>;
}

/** The packs whose connections authenticate people: whoever sets one up can decide as anybody of the tenant. */
const VOUCHING: ReadonlySet<ConnectedPack> = new Set(CHAT_CHANNELS);

function demandVoucher(principal: Principal, pack: ConnectedPack): void {
  const permission = 'admin';
  if (!VOUCHING.has(pack) || hasPermission(principal, permission)) return;
  const message = `${principal.subject} may not change connections of "${pack}", which determine who can decide inquiries: the permission "admin" is required`;
  throw new AppError('forbidden', message, { details: { permission } });
}

/** The dependencies of the service. */
export interface ConnectionDependencies {
  store: ConnectionStore;
  sealer: Sealer;
}

/** Creates the service; `sealer` encrypts secrets at rest. */
export function createConnectionService({ store, sealer }: ConnectionDependencies): ConnectionService {
  const missing = (pack: string, name: string) =>
    new AppError('connection_not_found', `connection "${pack}/${name}" not found`);

  return {
    async list({ tenant }) {
      return (await store.list(tenant)).map(shown);
    },

    async get({ tenant }, pack, name) {
      const found = await store.find(tenant, pack, name);
      if (found === null) throw missing(pack, name);
      return shown(found);
    },

    async put(principal, pack, name, given) {
      demandVoucher(principal, pack);
      const { tenant } = principal;
      const checked = checkConnection(pack, given);
      if ('issues' in checked) {
        throw new AppError('input_invalid', issuesText(checked.issues, ''), { issues: checked.issues });
      }
      const { settings, secrets } = checked;
      const sealed = await sealer.seal({ tenant, pack, name, secrets });
      return shown(await store.put({ tenant, pack, name, settings, sealed, secrets: Object.keys(secrets) }));
    },

    async remove(principal, pack, name) {
      demandVoucher(principal, pack);
      if (!(await store.remove(principal.tenant, pack, name))) throw missing(pack, name);
    },
  };
}

/** Finds a connection of a tenant with its secrets; null when there is none. */
export type FindConnection = (
  tenant: string,
  pack: ConnectedPack,
  name: string,
) => Promise<{ settings: JsonObject; secrets: JsonObject } | null>;

/**
 * Creates the function that finds a connection with its secrets for a worker. It throws `database_unavailable`, `sealing_key_missing` for secrets that no key of this process decrypts, and `token_invalid` for secrets that
 * were changed or encrypted for another place.
 */
export function createConnectionResolver({ store, sealer }: ConnectionDependencies): FindConnection {
  return async (tenant, pack, name) => {
    const row = await lookUp(() => store.find(tenant, pack, name));
    if (row === null) return null;
    demandKey(sealer, row.sealed, `the connection "${pack}/${name}"`);
    const { secrets, ...place } = await sealer.open(row.sealed);
    if (place.tenant !== tenant || place.pack !== pack || place.name !== name) {
      throw new AppError(
        'token_invalid',
        `the secrets of "${pack}/${name}" were sealed for another connection: store them again`,
      );
    }
    return { settings: row.settings, secrets: secrets as JsonObject };
  };
}

function shown({ sealed: _, tenant: __, ...row }: ConnectionRow): ShownConnection {
  return row;
}
