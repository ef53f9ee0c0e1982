import { AppError } from '../../model/app-error.ts';
import { BoundedMap } from '../../model/bounded-map.ts';
import type { JobPool } from '../../model/job-pool.ts';
import { sha256Hex } from '../access/hash.ts';
import type { DefinitionJobs } from './jobs.ts';
import { findUnusableSchema, isSmallSchemaText, type NamedSchema, type UnusableSchema } from './stored-schemas.ts';

/** The number of verdicts about schemas that are remembered, by the digest of their text. */
const MAX_VERDICTS = 1_000;

/** Refuses stored schemas that can no longer be used. Throws `definition_outdated`, and `busy` or `work_exceeded` as the pool does. */
export type SchemaGuard = (tenant: string, schemas: readonly NamedSchema[]) => Promise<void>;

/** Creates the guard, which remembers its verdicts and compiles large schemas in the pool. */
export function createSchemaGuard(pool: Pick<JobPool<DefinitionJobs>, 'run'>): SchemaGuard {
  const verdicts = new BoundedMap<string, UnusableSchema | null>(MAX_VERDICTS);

  async function verdictOn(tenant: string, schemas: readonly NamedSchema[]): Promise<UnusableSchema | null> {
    const text = JSON.stringify(schemas);
    const digest = sha256Hex(text);
    const known = verdicts.get(digest);
    if (known !== undefined) return known;
    const found = isSmallSchemaText(text)
      ? findUnusableSchema(schemas)
      : await pool.run('find_unusable_schema', tenant, { schemas });
    verdicts.set(digest, found);
    return found;
  }

  return async (tenant, schemas) => {
    if (schemas.length === 0) return;
    const found = await verdictOn(tenant, schemas);
    if (found === null) return;
    const { name, path, message } = found;
    throw new AppError('definition_outdated', `the stored ${name} cannot be used: ${path} ${message}`, {
      issues: [{ code: 'schema_invalid', path, message }],
    });
  };
}
