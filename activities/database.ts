import pg from 'pg';
import Cursor from 'pg-cursor';
import type { z } from 'zod';
import { InsertInputSchema, QueryInputSchema } from '../model/builtin-actions.ts';
import type { ConnectionOf } from '../model/connection.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { type ActionContext, ActionError, type ConnectedAction } from './action.ts';

/** Bound values of one statement, at most: the protocol counts them in 16 bits. */
const MAX_PARAMETERS = 65_535;

/** Classes of SQLSTATE after which another attempt makes sense: connection, transaction rollback, resources, intervention. */
const PASSING = ['08', '40', '53', '57'];

/**
 * `database.query` over PostgreSQL: `{ rows, row_count, truncated }`, `max_rows` of them at most. Parameters are bound. Fails
 * with `database_error`; its code is the SQLSTATE, or the system's own.
 */
export const query: ConnectedAction<'database', z.infer<typeof QueryInputSchema>> = {
  pack: 'database',
  input: QueryInputSchema,
  run: ({ sql, params = [], max_rows: most }, connection, context) =>
    withClient(connection, context, async (client) => {
      const cursor = client.query(new Cursor<JsonObject>(sql, params.map(bound)));
      const found = await cursor.read(most + 1);
      // What is left of them is not fetched.
      await cursor.close();
      const rows = found.slice(0, most).map(plain);
      return { rows, row_count: rows.length, truncated: found.length > most };
    }),
};

/**
 * `database.insert`: one row or several, of the same columns, in one statement: `{ row_count, rows }`. Names are checked and
 * quoted, values are bound.
 */
export const insert: ConnectedAction<'database', z.infer<typeof InsertInputSchema>> = {
  pack: 'database',
  input: InsertInputSchema,
  async run({ table, data, returning = [] }, connection, context) {
    const rows = Array.isArray(data) ? data : [data];
    if (rows.length === 0) return { row_count: 0, rows: [] };
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    if (columns.length === 0) throw invalid('data', 'a row must have a column');
    if (columns.length * rows.length > MAX_PARAMETERS) {
      throw invalid('data', `${rows.length} rows of ${columns.length} columns are more than ${MAX_PARAMETERS} values`);
    }
    const values: unknown[] = [];
    const tuples = rows.map((row) => {
      const cells = columns.map((column) =>
        Object.hasOwn(row, column) ? `$${values.push(bound(row[column] ?? null))}` : 'DEFAULT',
      );
      return `(${cells.join(', ')})`;
    });
    const names = columns.map((column) => quoted(column, 'data')).join(', ');
    const back =
      returning.length === 0 ? '' : ` RETURNING ${returning.map((name) => quoted(name, 'returning')).join(', ')}`;
    const text = `INSERT INTO ${tableName(table)} (${names}) VALUES ${tuples.join(', ')}${back}`;
    return withClient(connection, context, async (client) => {
      const result = await client.query<JsonObject>(text, values);
      return { row_count: result.rowCount ?? 0, rows: result.rows.map(plain) };
    });
  },
};

async function withClient(
  { secrets }: ConnectionOf<'database'>,
  { addressOf, signal }: ActionContext,
  work: (client: pg.Client) => Promise<Json>,
): Promise<Json> {
  const url = new URL(secrets.url);
  const ssl = url.searchParams.get('sslmode');
  url.searchParams.delete('sslmode');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const config: pg.ClientConfig = {
    ...{ user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) },
    ...{
      host: await addressOf(host),
      port: Number(url.port || 5432),
      database: decodeURIComponent(url.pathname.slice(1)),
    },
    ...{ connectionTimeoutMillis: 10_000, application_name: 'fermata' },
    ...(ssl === null || ssl === 'disable'
      ? {}
      : { ssl: { servername: host, rejectUnauthorized: ssl !== 'require' && ssl !== 'prefer' } }),
  };
  const client = new pg.Client(config);
  // A connection that breaks says so by the statement that it breaks; without this it would end the process.
  client.on('error', () => undefined);
  const stop = () => void endStatement(config, client).finally(() => client.end().catch(() => undefined));
  signal.addEventListener('abort', stop, { once: true });
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    if (error instanceof ActionError) throw error;
    const { code = 'DATABASE_FAILED', message } = error as { code?: string; message: string };
    const stated = /^[0-9A-Z]{5}$/.test(code);
    const retryable = !stated || PASSING.some((prefix) => code.startsWith(prefix));
    throw new ActionError('database_error', `database: ${message}`, { code, retryable, cause: error });
  } finally {
    signal.removeEventListener('abort', stop);
    await client.end().catch(() => undefined);
  }
}

/** Has the server leave what a client has asked it for: a connection that ends would not. */
async function endStatement(config: pg.ClientConfig, client: pg.Client): Promise<void> {
  const { processID } = client as unknown as { processID: number | null }; // which the types leave out
  if (processID === null) return;
  const other = new pg.Client(config);
  other.on('error', () => undefined);
  try {
    await other.connect();
    await other.query('SELECT pg_cancel_backend($1)', [processID]);
  } catch {
    // Then it goes on until it is done: nobody waits for it any more.
  } finally {
    await other.end().catch(() => undefined);
  }
}

/** A value as the driver takes it: JSON for what has no type of its own in SQL. */
function bound(value: Json): unknown {
  return isJsonObject(value) || Array.isArray(value) ? JSON.stringify(value) : value;
}

/** A row as JSON: times as ISO 8601, bytes as base64, and what has no JSON as text. */
function plain(row: JsonObject): Json {
  const text = JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  return JSON.parse(text) as Json;
}

function tableName(table: string): string {
  const parts = table.split('.');
  if (parts.length > 2) throw invalid('table', 'a table is "name" or "schema.name"');
  return parts.map((part) => quoted(part, 'table')).join('.');
}

function quoted(name: string, field: string): string {
  if (/^[A-Za-z_][\w$]{0,62}$/.test(name)) return pg.escapeIdentifier(name);
  throw invalid(field, `${JSON.stringify(name)} is no name of a column or table`);
}

function invalid(field: string, message: string): ActionError {
  const details = [{ code: 'input_invalid', path: `/${field}`, message }];
  return new ActionError('input_invalid', `the input is invalid: input/${field} ${message}`, {
    details,
    retryable: false,
  });
}
