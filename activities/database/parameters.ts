import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { isJsonObject, type Json } from '../../model/json.ts';
import { ActionError } from '../action.ts';

/** The elements of an array parameter: JSON, or values of another type. */
type ArrayKind = 'json' | 'other';

/** SQLSTATE classes of statements that cannot be prepared, because they are wrong or of an unsupported kind. */
const NOT_PREPARABLE = ['42', '0A'];

/**
 * Returns values in the form that the driver binds: a list as an array if the statement expects one, any other list or
 * object as JSON. Throws an ActionError (`input_invalid`) for the character U+0000, which PostgreSQL cannot store.
 */
export async function boundValues(
  client: pg.Client,
  sql: string,
  values: readonly Json[],
  field: 'params' | 'data',
): Promise<unknown[]> {
  const kinds = values.some(Array.isArray) ? await arrayKinds(client, sql) : [];
  const bound = values.map((value, index) => {
    const kind = kinds[index] ?? null;
    if (Array.isArray(value) && kind !== null) return value.map((entry) => elementOf(entry, kind));
    return isJsonObject(value) || Array.isArray(value) ? JSON.stringify(value) : value;
  });
  if (bound.some(holdsNull)) {
    const message = 'contains the character U+0000, which PostgreSQL cannot store';
    const details = [{ code: 'input_invalid', path: `/${field}`, message }];
    throw new ActionError('input_invalid', `the input is invalid: input/${field} ${message}`, {
      details,
      retryable: false,
    });
  }
  return bound;
}

function holdsNull(value: unknown): boolean {
  return Array.isArray(value) ? value.some(holdsNull) : typeof value === 'string' && value.includes('\0');
}

/** Returns an entry of an array: JSON if the array contains JSON; otherwise nested lists remain further dimensions. */
function elementOf(value: Json, kind: ArrayKind): unknown {
  if (value === null) return null;
  if (kind === 'json') return JSON.stringify(value);
  if (Array.isArray(value)) return value.map((entry) => elementOf(entry, kind));
  return isJsonObject(value) ? JSON.stringify(value) : value;
}

/**
 * Finds which parameters of a statement are arrays; null for the others, and nothing for a statement that cannot be
 * prepared, whose execution reports the error. Uses a transaction, since a pooler may use another server for each
 * statement.
 */
async function arrayKinds(client: pg.Client, sql: string): Promise<(ArrayKind | null)[]> {
  const name = `fermata_${randomUUID().replaceAll('-', '')}`;
  await client.query('BEGIN READ ONLY');
  try {
    // The extended protocol accepts only one statement.
    await client.query({ text: `PREPARE ${name} AS ${sql}`, queryMode: 'extended' } as pg.QueryConfig);
  } catch (error) {
    await client.query('ROLLBACK');
    const { code = '' } = error as { code?: string };
    if (NOT_PREPARABLE.some((prefix) => code.startsWith(prefix))) return [];
    throw error;
  }
  const { rows } = await client.query<{ kind: ArrayKind | null }>(typesOf(name));
  await client.query(`DEALLOCATE ${name}; COMMIT`);
  return rows.map(({ kind }) => kind);
}

function typesOf(prepared: string): string {
  return `
    SELECT CASE WHEN type.typcategory <> 'A' THEN NULL
        WHEN type.typelem IN ('json'::regtype, 'jsonb'::regtype) THEN 'json' ELSE 'other' END AS kind
      FROM pg_prepared_statements AS statement,
        unnest(statement.parameter_types) WITH ORDINALITY AS parameter (type, place)
      JOIN pg_type AS type ON type.oid = parameter.type
      WHERE statement.name = '${prepared}'
      ORDER BY place`;
}
