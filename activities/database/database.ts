import pg, { type FieldDef, type QueryResult } from 'pg';
import Cursor from 'pg-cursor';
import type { z } from 'zod';
import { InsertInputSchema, QueryInputSchema } from '../../model/builtin-actions.ts';
import { type Json, type JsonObject, jsonSize } from '../../model/json.ts';
import type { ReadingOptions } from '../../model/json-reader.ts';
import { MAX_PAYLOAD_BYTES } from '../../model/run-input.ts';
import { ActionError, type ConnectedAction } from '../action.ts';
import { boundValues } from './parameters.ts';
import { tooLarge, withClient } from './postgres.ts';
import { AS_TEXT, ELEMENT_TYPES, readLists, readRows, unlistedTypes } from './types.ts';

/** The maximum number of bound values in a statement, a 16-bit count in the protocol. */
const MAX_PARAMETERS = 65_535;

/** The number of rows that are fetched at once. */
const BATCH = 500;

/**
 * `database.query` (PostgreSQL): returns `{ rows, row_count, truncated }` with at most `max_rows` rows; for a statement
 * without rows, `row_count` is the number of affected rows. Parameters are bound. Fails with `database_error`; its code
 * is the SQLSTATE or the code of the operating system.
 */
export const query: ConnectedAction<'database', z.infer<typeof QueryInputSchema>> = {
  pack: 'database',
  input: QueryInputSchema,
  run: ({ sql, params = [], max_rows: most, big_numbers }, connection, context) =>
    withClient(connection, context, async (client) => {
      const values = await boundValues(client, sql, params, 'params');
      const cursor = client.query(new Cursor<Cells>(sql, values, { rowMode: 'array', types: AS_TEXT }));
      const options = { bigIntegers: big_numbers };
      const rows: JsonObject[] = [];
      let columns: FieldDef[] = [];
      let bytes = 0;
      for (;;) {
        const room = most - rows.length;
        const wanted = Math.min(BATCH, room + 1);
        const { found, fields, affected } = await readBatch(cursor, wanted);
        if (rows.length === 0) columns = fields;
        for (const row of readRows(fields, found.slice(0, room), options)) {
          bytes += jsonSize(row);
          if (bytes > MAX_PAYLOAD_BYTES) throw tooManyBytes();
          rows.push(row);
        }
        const truncated = found.length > room;
        if (!truncated && found.length === wanted) continue;
        // The remaining rows are not fetched.
        if (truncated) await cursor.close();
        await readUnlisted(client, rows, columns, options);
        return { rows, row_count: rows.length || affected, truncated };
      }
    }),
};

/** Reads arrays of types that only the server knows, such as enums: until then they are texts. Throws `too_large`. */
async function readUnlisted(
  client: pg.Client,
  rows: JsonObject[],
  fields: readonly FieldDef[],
  options: ReadingOptions,
): Promise<void> {
  const unlisted = unlistedTypes(fields);
  if (rows.length === 0 || unlisted.length === 0) return;
  const found = await client.query<[string, string]>({ text: ELEMENT_TYPES, values: [unlisted], rowMode: 'array' });
  const elements = new Map(found.rows.map(([type, element]) => [Number(type), Number(element)]));
  if (elements.size === 0) return;
  readLists(rows, fields, elements, options);
  if (jsonSize(rows) > MAX_PAYLOAD_BYTES) throw tooManyBytes();
}

function tooManyBytes(): ActionError {
  return tooLarge(`the rows have more than ${MAX_PAYLOAD_BYTES} bytes`);
}

/** A row in the text format of PostgreSQL. */
type Cells = (string | null)[];

/** Fetches up to the given number of rows. */
function readBatch(
  cursor: Cursor<Cells>,
  wanted: number,
): Promise<{ found: Cells[]; fields: FieldDef[]; affected: number }> {
  return new Promise((resolve, reject) => {
    cursor.read(wanted, (error: Error | undefined, found, result?: Pick<QueryResult, 'fields' | 'rowCount'>) => {
      if (error) reject(error);
      // At the end the cursor returns no result.
      else resolve({ found, fields: result?.fields ?? [], affected: result?.rowCount ?? 0 });
    });
  });
}

/**
 * `database.insert`: inserts one or more rows with the same columns in one statement, and returns `{ row_count, rows
 * }`. Names are checked and quoted, values are bound.
 */
export const insert: ConnectedAction<'database', z.infer<typeof InsertInputSchema>> = {
  pack: 'database',
  input: InsertInputSchema,
  async run({ table, data, returning = [], big_numbers }, connection, context) {
    const rows = Array.isArray(data) ? data : [data];
    if (rows.length === 0) return { row_count: 0, rows: [] };
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    if (columns.length === 0) throw invalid('data', 'a row must have at least one column');
    if (columns.length * rows.length > MAX_PARAMETERS) {
      throw invalid(
        'data',
        `${rows.length} rows of ${columns.length} columns exceed the limit of ${MAX_PARAMETERS} values`,
      );
    }
    const given: Json[] = [];
    const tuples = rows.map((row) => {
      const cells = columns.map((column) =>
        Object.hasOwn(row, column) ? `$${given.push(row[column] ?? null)}` : 'DEFAULT',
      );
      return `(${cells.join(', ')})`;
    });
    const names = columns.map((column) => quoted(column, 'data')).join(', ');
    const back =
      returning.length === 0 ? '' : ` RETURNING ${returning.map((name) => quoted(name, 'returning')).join(', ')}`;
    const text = `INSERT INTO ${tableName(table)} (${names}) VALUES ${tuples.join(', ')}${back}`;
    return withClient(connection, context, async (client) => {
      const values = await boundValues(client, text, given, 'data');
      const run = () => client.query<Cells>({ text, values, rowMode: 'array', types: AS_TEXT });
      if (returning.length === 0) return { row_count: (await run()).rowCount ?? 0, rows: [] };
      // The rows are read before the end of the transaction: what fails until then is not inserted, and may be tried again.
      await client.query('BEGIN');
      const result = await run();
      const options = { bigIntegers: big_numbers };
      const inserted = readRows(result.fields, result.rows, options);
      await readUnlisted(client, inserted, result.fields, options);
      if (jsonSize(inserted) > MAX_PAYLOAD_BYTES) throw tooManyBytes();
      await client.query('COMMIT');
      return { row_count: result.rowCount ?? 0, rows: inserted };
    });
  },
};

function tableName(table: string): string {
  const parts = table.split('.');
  if (parts.length > 2) throw invalid('table', 'a table must be given as "name" or "schema.name"');
  return parts.map((part) => quoted(part, 'table')).join('.');
}

function quoted(name: string, field: string): string {
  if (/^[A-Za-z_][\w$]{0,62}$/.test(name)) return pg.escapeIdentifier(name);
  throw invalid(field, `${JSON.stringify(name)} is not a name of a column or table`);
}

function invalid(field: string, message: string): ActionError {
  const details = [{ code: 'input_invalid', path: `/${field}`, message }];
  return new ActionError('input_invalid', `the input is invalid: input/${field} ${message}`, {
    details,
    retryable: false,
  });
}
