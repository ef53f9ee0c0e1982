import { readdir, readFile } from 'node:fs/promises';
import { AppError } from '../model/app-error.ts';
import { BUILTIN_PACKS } from '../model/builtin-actions.ts';
import { WorkflowCreateSchema } from '../model/definition-requests.ts';
import type { Principal } from '../model/principal.ts';
import { keyRecord } from '../service/access/principals.ts';
import { createPrincipalStore } from '../store/access/principals.ts';
import type { Database } from '../store/database.ts';
import { createDefinitionStore } from '../store/definitions/definitions.ts';
import type { RunningApi } from './api/api.ts';

/** The default tenant. */
export const DEFAULT_TENANT = { id: '00000000-0000-7000-8000-000000000001', ref: 'default', label: 'Default' };

/** The most tenants that are looked at at a start; a tenant that was created by this version has its packs already. */
const MAX_TENANTS = 10_000;

const EXAMPLES = new URL('../examples/', import.meta.url);

/**
 * Creates the default tenant with the pack `examples`, the packs of built-in actions in every tenant, and the two
 * development principals, `dev` and `approver`, with the given keys. Returns the tenant's id. Call it before the API is served, so that
 * no request finds these missing.
 */
export async function ensureDefaults(
  db: Database,
  keys: { dev?: string | undefined; approver?: string | undefined },
): Promise<string> {
  const { id, ref, label } = DEFAULT_TENANT;
  const principals = createPrincipalStore(db);
  const tenant = await principals.ensureTenant(id, ref, label);
  const definitions = createDefinitionStore(db);
  await definitions.ensurePacks(tenant, [{ ref: 'examples', label: 'Examples' }]);
  for (const each of await principals.tenants(MAX_TENANTS)) await definitions.ensurePacks(each.id, BUILTIN_PACKS);
  for (const [subject, role, key] of [
    ['dev', 'admin', keys.dev],
    ['approver', 'operator', keys.approver],
  ] as const) {
    if (key === undefined) continue;
    await principals.ensureKey(tenant, subject, [role], { ...keyRecord(key), label: 'development' });
  }
  return tenant;
}

/** Publishes the workflows of the folder `examples` that do not exist yet; changes by users stay. */
export async function publishExamples({ definitions }: RunningApi, principal: Principal): Promise<void> {
  for (const name of (await readdir(EXAMPLES)).filter((file) => file.endsWith('.json')).sort()) {
    const body = WorkflowCreateSchema.parse(JSON.parse(await readFile(new URL(name, EXAMPLES), 'utf8')));
    try {
      await definitions.create(principal, body);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'workflow_exists') throw error;
    }
  }
}
