import type pg from 'pg';
import { isJsonObject, type Json } from '../model/json.ts';
import { ActionError } from './action.ts';

/** The name under which a statement is prepared to learn the types of its parameters. */
const PREPARED = 'fermata_parameters';

const TYPES = `
  SELECT type.typcategory = 'A' AS is_array
    FROM pg_prepared_statements AS statement,
      unnest(statement.parameter_types) WITH ORDINALITY AS parameter (type, place)
    JOIN pg_type AS type ON type.oid = parameter.type
    WHERE statement.name = '${PREPARED}'
    ORDER BY place`;

/**
 * Returns values as the driver binds them: a list as an array where the statement takes one there, any other list or object as JSON.
 * Throws an ActionError (`input_invalid`) for the character U+0000, which PostgreSQL has in no text.
 */
export async function boundValues(
  client: pg.Client,
  sql: string,
  values: readonly Json[],
  field: 'params' | 'data',
): Promise<unknown[]> {
  const arrays = values.some(Array.isArray) ? await arrayParameters(client, sql) : [];
  const bound = values.map((value, index) => {
    if (Array.isArray(value) && arrays[index] === true) return value.map(elementOf);
    return isJsonObject(value) || Array.isArray(value) ? JSON.stringify(value) : value;
  });
  if (bound.some(holdsNull)) {
    const message = 'holds the character U+0000, which PostgreSQL cannot store';
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

/** An entry of an array: lists stay lists, as further dimensions. */
function elementOf(value: Json): unknown {
  if (Array.isArray(value)) return value.map(elementOf);
  return isJsonObject(value) ? JSON.stringify(value) : value;
}

/** Finds which parameters of a statement are arrays; nothing where that cannot be asked: then it fails, or takes JSON. */
async function arrayParameters(client: pg.Client, sql: string): Promise<boolean[]> {
  try {
    // The extended protocol takes one statement alone.
    await client.query({ text: `PREPARE ${PREPARED} AS ${sql}`, queryMode: 'extended' } as pg.QueryConfig);
  } catch (error) {
    // What cannot be prepared says so once more when it is done, in words about the statement itself.
    if ((error as { code?: string }).code !== undefined) return [];
    throw error;
  }
  const { rows } = await client.query<{ is_array: boolean }>(TYPES);
  await client.query(`DEALLOCATE ${PREPARED}`);
  return rows.map(({ is_array }) => is_array);
}
