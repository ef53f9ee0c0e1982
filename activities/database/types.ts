import type { FieldDef } from 'pg';
import { parse as parseArray } from 'postgres-array';
import type { Json, JsonObject } from '../../model/json.ts';
import { JsonRefused, parseJson, type ReadingOptions } from '../../model/json-reader.ts';
import { ActionError, changedOutput } from '../action.ts';

// What a value of PostgreSQL is as JSON depends on its type alone: not on the value, and not on where the worker runs (docs/values.md).

/** Settings of a connection that decide how PostgreSQL writes values. */
export const SESSION_SETTINGS = {
  DateStyle: 'ISO,MDY',
  IntervalStyle: 'iso_8601',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
} as const;

/** Makes the driver leave every value as the text that PostgreSQL has written. */
export const AS_TEXT = { getTypeParser: () => (text: string) => text };

/**
 * Returns rows as objects. Throws an ActionError, which no attempt repeats: `database_error` where two columns have one name, and
 * `output_invalid` (code `NUMBER_INEXACT` and the like) where a value of `json` or `jsonb` would change.
 */
export function rowsOf(
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

/** NaN and the infinities have no JSON: they stay text. */
const asNumber: Reader = (text) => (/\d/.test(text) ? Number(text) : text);

/** Without a zone; `infinity`, years before Christ and beyond 9999 stay as PostgreSQL writes them. */
const asTimestamp: Reader = (text) => (/^\d{4}-\d\d-\d\d [\d:.]+$/.test(text) ? text.replace(' ', 'T') : text);

/** In UTC, which is the zone of the connection. */
const asInstant: Reader = (text) =>
  /^\d{4}-\d\d-\d\d [\d:.]+\+00$/.test(text) ? text.replace(' ', 'T').replace('+00', 'Z') : text;

const asBase64: Reader = (text) =>
  text.startsWith('\\x') ? Buffer.from(text.slice(2), 'hex').toString('base64') : text;

/** Readers by the object id of a type, and of its arrays. */
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

/** The reader of a type; of what is not listed, an enum, a composite, a range, the text of PostgreSQL. */
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

/** Reads an array of any number of dimensions; one whose bounds do not begin at 1 loses them, as in every list of JSON. */
function listOf(read: Reader): Reader {
  return (text) => parseArray(text, read) as Json;
}
