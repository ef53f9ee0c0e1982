import type { FieldDef } from 'pg';
import { parse as parseArray } from 'postgres-array';
import type { Json, JsonObject } from '../../model/json.ts';
import { JsonRefused, parseJson, type ReadingOptions } from '../../model/json-reader.ts';
import { ActionError, changedOutput } from '../action.ts';

// The JSON of a PostgreSQL value depends only on its type, not on the value or on where the worker runs (docs/values.md).

/** Finds which types are arrays whose entries are separated by commas, with the types of these; `$1` is a list of types. */
export const ELEMENT_TYPES = `
  SELECT list.oid::int8 AS type, coalesce(nullif(entry.typbasetype, 0), entry.oid)::int8 AS element
    FROM pg_type AS list JOIN pg_type AS entry ON entry.oid = list.typelem
    WHERE list.oid = ANY($1::oid[]) AND list.typinput = 'array_in'::regproc AND entry.typdelim = ','`;

/** Settings of a connection that determine the text format of values. */
export const SESSION_SETTINGS = {
  DateStyle: 'ISO,MDY',
  IntervalStyle: 'iso_8601',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
} as const;

/** Makes the driver return every value in the text format of PostgreSQL. */
export const AS_TEXT = { getTypeParser: () => (text: string) => text };

/**
 * Returns rows as objects, with values of unlisted types as text. Throws a non-retryable ActionError: `database_error` if two columns have the same name, and
 * `output_invalid` (with a code such as `NUMBER_INEXACT`) if a value of `json` or `jsonb` would change.
 */
export function readRows(
  fields: readonly FieldDef[],
  cells: readonly (string | null)[][],
  options: ReadingOptions,
): JsonObject[] {
  const seen = new Set<string>();
  for (const { name } of fields) {
    if (seen.has(name) || name === '__proto__') {
      const fault = seen.has(name) ? 'duplicate' : 'reserved';
      const message = `database: ${fault} column "${name}" in the result; rename it with AS`;
      throw new ActionError('database_error', message, { code: '42701', retryable: false });
    }
    seen.add(name);
  }
  const readers = fields.map(({ dataTypeID }) => readerOf(dataTypeID, options));
  return cells.map((row) =>
    Object.fromEntries(
      fields.map(({ name }, index) => {
        const text = row[index] ?? null;
        return [name, text === null ? null : readColumn(name, text, readers[index]!)];
      }),
    ),
  );
}

/** Returns the types of columns that are not listed, some of which may be arrays. */
export function unlistedTypes(fields: readonly FieldDef[]): number[] {
  const types = new Set(fields.map(({ dataTypeID }) => dataTypeID));
  return [...types].filter((type) => !LISTED.has(type));
}

/** Replaces the texts of arrays in rows with lists; `elements` are the types of the entries by the type of the array. Throws what `readRows` throws. */
export function readLists(
  rows: readonly JsonObject[],
  fields: readonly FieldDef[],
  elements: ReadonlyMap<number, number>,
  options: ReadingOptions,
): void {
  for (const { name, dataTypeID } of fields) {
    const element = elements.get(dataTypeID);
    if (element === undefined) continue;
    const read = listOf(readerOf(element, options));
    for (const row of rows) if (typeof row[name] === 'string') row[name] = readColumn(name, row[name], read);
  }
}

function readColumn(name: string, text: string, read: Reader): Json {
  try {
    return read(text);
  } catch (error) {
    throw error instanceof JsonRefused ? changedOutput(`database: column "${name}":`, error) : error;
  }
}

type Reader = (text: string) => Json;

const asText: Reader = (text) => text;

const asBoolean: Reader = (text) => text === 't';

/** NaN and infinities cannot be represented in JSON and stay text. */
const asNumber: Reader = (text) => (/\d/.test(text) ? Number(text) : text);

/** Without a time zone; `infinity`, and years before 1 and after 9999, stay as PostgreSQL writes them. */
const asTimestamp: Reader = (text) => (/^\d{4}-\d\d-\d\d [\d:.]+$/.test(text) ? text.replace(' ', 'T') : text);

/** In UTC, the time zone of the connection. */
const asInstant: Reader = (text) =>
  /^\d{4}-\d\d-\d\d [\d:.]+\+00$/.test(text) ? text.replace(' ', 'T').replace('+00', 'Z') : text;

const asBase64: Reader = (text) =>
  text.startsWith('\\x') ? Buffer.from(text.slice(2), 'hex').toString('base64') : text;

/** Readers of types by object id. */
const READERS: readonly [type: number, array: number, read: Reader][] = [
  [16, 1000, asBoolean],
  [17, 1001, asBase64],
  [20, 1016, asText], // int8
  [21, 1005, asNumber],
  [23, 1007, asNumber],
  [26, 1028, asText], // oid
  [700, 1021, asNumber],
  [701, 1022, asNumber],
  [790, 791, asText], // money
  [1700, 1231, asText], // numeric
  [1082, 1182, asText], // date
  [1083, 1183, asText], // time
  [1266, 1270, asText], // timetz
  [1114, 1115, asTimestamp],
  [1184, 1185, asInstant],
  [1186, 1187, asText], // interval
  [18, 1002, asText], // "char"
  [19, 1003, asText], // name
  [25, 1009, asText], // text
  [1042, 1014, asText], // char(n)
  [1043, 1015, asText], // varchar
  [2950, 2951, asText], // uuid
  [142, 143, asText], // xml
  [869, 1041, asText], // inet
  [650, 651, asText], // cidr
  [829, 1040, asText], // macaddr
];

const JSON_TYPES: readonly [type: number, array: number][] = [
  [114, 199],
  [3802, 3807],
];

const LISTED: ReadonlySet<number> = new Set([...JSON_TYPES, ...READERS].flatMap((entry) => [entry[0], entry[1]]));

/** Returns the reader of a type. Types that are not listed (enums, composites, ranges) are read as text. */
function readerOf(type: number, options: ReadingOptions): Reader {
  const asJson: Reader = (text) => parseJson(text, options);
  for (const [scalar, array] of JSON_TYPES) {
    if (type === scalar) return asJson;
    if (type === array) return listOf(asJson);
  }
  for (const [scalar, array, read] of READERS) {
    if (type === scalar) return read;
    if (type === array) return listOf(read);
  }
  return asText;
}

/** Reads an array of any number of dimensions; lower bounds other than 1 are lost. */
function listOf(read: Reader): Reader {
  return (text) => parseArray(text, read) as Json;
}
