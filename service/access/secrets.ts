import { AppError } from '../../model/app-error.ts';
import type { Principal } from '../../model/principal.ts';
import type { SecretRow, SecretStore } from '../../store/access/secrets.ts';
import { lookUp } from '../outages.ts';
import { demandKey, type Sealer } from './sealer.ts';

/** A secret as it is told: without what it is. */
export type ShownSecret = Pick<SecretRow, 'name' | 'created' | 'updated'>;

/** Use cases around secrets; each is scoped by the caller's tenant. */
export interface SecretService {
  /** The names of all secrets. */
  list(principal: Principal): Promise<ShownSecret[]>;
  /** Stores one, over another of that name. */
  put(principal: Principal, name: string, value: string): Promise<ShownSecret>;
  /** Deletes one. Throws `secret_not_found`. */
  remove(principal: Principal, name: string): Promise<void>;
}

/** Makes the service; `sealer` seals secrets at rest. */
export function createSecretService(store: SecretStore, sealer: Sealer): SecretService {
  return {
    async list({ tenant }) {
      return (await store.list(tenant)).map(shown);
    },

    async put({ tenant }, name, value) {
      return shown(await store.put(tenant, name, await sealer.seal({ tenant, name, value })));
    },

    async remove({ tenant }, name) {
      if (!(await store.remove(tenant, name))) throw new AppError('secret_not_found', `secret "${name}" not found`);
    },
  };
}

/**
 * Finds what a secret is, for a worker; null when there is none. Throws `database_unavailable`, `sealing_key_missing` for one that no
 * key of this process opens, and `token_invalid` for one that was changed, or sealed for another place.
 */
export function createSecretResolver(store: SecretStore, sealer: Sealer) {
  return async (tenant: string, name: string): Promise<string | null> => {
    const row = await lookUp(() => store.find(tenant, name));
    if (row === null) return null;
    demandKey(sealer, row.sealed, `the secret "${name}"`);
    const { value, ...place } = await sealer.open(row.sealed);
    if (place.tenant !== tenant || place.name !== name || typeof value !== 'string') {
      throw new AppError('token_invalid', `the secret "${name}" was sealed for another name or tenant: store it again`);
    }
    return value;
  };
}

function shown({ name, created, updated }: SecretRow): ShownSecret {
  return { name, created, updated };
}
