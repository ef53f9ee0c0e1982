import { AppError } from '../../model/app-error.ts';
import type { Principal } from '../../model/principal.ts';
import type { SecretRow, SecretStore } from '../../store/access/secrets.ts';
import { lookUp } from '../background/outages.ts';
import { demandKey, type Sealer } from './sealer.ts';

/** A secret without its value. */
export type ShownSecret = Pick<SecretRow, 'name' | 'created' | 'updated'>;

/** Manages secrets; callers see only those of their tenant. */
export interface SecretService {
  /** Lists all secrets. */
  list(principal: Principal): Promise<ShownSecret[]>;
  /** Creates or replaces a secret. */
  put(principal: Principal, name: string, value: string): Promise<ShownSecret>;
  /** Deletes a secret. Throws `secret_not_found`. */
  remove(principal: Principal, name: string): Promise<void>;
}

/** The dependencies of the service. */
export interface SecretDependencies {
  store: SecretStore;
  sealer: Sealer;
}

/** Creates the service; `sealer` encrypts secrets at rest. */
export function createSecretService({ store, sealer }: SecretDependencies): SecretService {
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

/** Finds the value of a secret of a tenant; null when there is none. */
export type FindSecret = (tenant: string, name: string) => Promise<string | null>;

/**
 * Creates the function that finds the value of a secret for a worker. It throws `database_unavailable`, `sealing_key_missing` for a secret that no key of this process decrypts, and `token_invalid` for one that was
 * changed or encrypted for another place.
 */
export function createSecretResolver({ store, sealer }: SecretDependencies): FindSecret {
  return async (tenant, name) => {
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
