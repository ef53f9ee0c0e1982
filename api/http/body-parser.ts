import { AppError } from '../../model/app-error.ts';
import { MAX_DEPTH } from '../../model/definition.ts';
import { jsonPointer } from '../../model/issue.ts';
import type { Json } from '../../model/json.ts';
import { JsonRefused, parseJson } from '../../model/json-reader.ts';
import { parseYaml, YamlMalformed } from '../../model/yaml.ts';
import { readPackArchive } from './pack-archive.ts';

/** Media types of bodies that the API reads, as OpenAPI names them. */
export const BODY_TYPES = [
  'application/json',
  'application/yaml',
  'application/zip',
  'application/x-www-form-urlencoded',
] as const;

/** A media type of a body. */
export type BodyType = (typeof BODY_TYPES)[number];

/** Types that hold a JSON value once they are parsed; a form stays text. */
export type DocumentType = Exclude<BodyType, 'application/x-www-form-urlencoded'>;

/** Jobs that parse bodies of requests. */
export interface ParseJobs {
  parse: { input: { type: DocumentType; bytes: Uint8Array }; result: Json };
}

/** Keys and entries that a body of JSON may have in all its objects and lists together. */
const MAX_ENTRIES = 200_000;

/** Older names of the same types: YAML before RFC 9512, and what Windows calls a ZIP. */
const ALIASES: Record<string, BodyType> = {
  'application/x-yaml': 'application/yaml',
  'text/yaml': 'application/yaml',
  'text/x-yaml': 'application/yaml',
  'application/x-zip-compressed': 'application/zip',
};

/** Returns the type that a content-type header names; null when the API reads no such type. */
export function bodyTypeOf(header: string): BodyType | null {
  const name = header.split(';', 1)[0]!.trim().toLowerCase();
  return BODY_TYPES.find((type) => type === name) ?? (Object.hasOwn(ALIASES, name) ? ALIASES[name]! : null);
}

/**
 * Parses a body into JSON. A pure function of its bytes, with its own bounds, so that it can run in any thread. Throws
 * `json_malformed`, `yaml_malformed`, and `request_invalid` for what is too deep, too large or no pack, and for JSON whose values would
 * change.
 */
export function parseBody(type: DocumentType, bytes: Uint8Array): Json {
  if (type === 'application/zip') return readPackArchive(bytes);
  return type === 'application/yaml' ? parseYamlBody(bytes) : parseJsonBody(bytes);
}

function parseYamlBody(bytes: Uint8Array): Json {
  const text = decodeText(bytes, 'yaml_malformed');
  try {
    return parseYaml(text);
  } catch (cause) {
    if (!(cause instanceof YamlMalformed)) throw cause;
    throw new AppError('yaml_malformed', `the body is not YAML: ${cause.message}`, { cause });
  }
}

function parseJsonBody(bytes: Uint8Array): Json {
  const text = decodeText(bytes, 'json_malformed');
  let value: Json;
  try {
    value = parseJson(text);
  } catch (cause) {
    if (cause instanceof JsonRefused) {
      throw new AppError('request_invalid', cause.message, { issues: cause.issues, cause });
    }
    throw new AppError('json_malformed', `the body is not JSON: ${(cause as Error).message}`, { cause });
  }
  checkExtent(value, [], { left: MAX_ENTRIES });
  return value;
}

/** Throws `request_invalid` with a pointer to where a value has more levels, or keys and entries, than are allowed. */
function checkExtent(value: Json, path: (string | number)[], allowance: { left: number }): void {
  if (typeof value !== 'object' || value === null) return;
  if (path.length >= MAX_DEPTH) throw tooMuch('too_deep', path, `is nested deeper than ${MAX_DEPTH} levels`);
  const visit = (key: string | number, entry: Json): void => {
    allowance.left -= 1;
    path.push(key);
    if (allowance.left < 0) {
      throw tooMuch('too_large', path, `is beyond the ${MAX_ENTRIES} keys and entries that a body may have`);
    }
    checkExtent(entry, path, allowance);
    path.pop();
  };
  if (Array.isArray(value)) for (const [index, entry] of value.entries()) visit(index, entry);
  else for (const key of Object.keys(value)) visit(key, value[key]!);
}

function tooMuch(code: string, path: (string | number)[], message: string): AppError {
  const pointer = jsonPointer(path);
  return new AppError('request_invalid', `${pointer} ${message}`, { issues: [{ code, path: pointer, message }] });
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Decodes UTF-8, without a byte order mark. Throws the code for bytes that are not UTF-8. */
export function decodeText(bytes: Uint8Array, code: 'json_malformed' | 'yaml_malformed' | 'request_invalid'): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new AppError(code, 'the body is not UTF-8', { cause });
  }
}
