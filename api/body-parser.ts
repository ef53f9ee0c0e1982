import { AppError } from '../model/app-error.ts';
import { MAX_DEPTH } from '../model/definition.ts';
import { type Json, jsonDepth } from '../model/json.ts';
import { readPackArchive } from './pack-archive.ts';
import { parseYaml } from './yaml.ts';

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
 * `json_malformed`, `yaml_malformed`, and `request_invalid` for what is too deep, too large or no pack.
 */
export function parseBody(type: DocumentType, bytes: Uint8Array): Json {
  if (type === 'application/zip') return readPackArchive(bytes);
  const value = type === 'application/yaml' ? parseYaml(decodeText(bytes, 'yaml_malformed')) : parseJson(bytes);
  if (jsonDepth(value, MAX_DEPTH) > MAX_DEPTH) {
    throw new AppError('request_invalid', `the body is nested deeper than ${MAX_DEPTH} levels`);
  }
  return value;
}

function parseJson(bytes: Uint8Array): Json {
  const text = decodeText(bytes, 'json_malformed');
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new AppError('json_malformed', `the body is not JSON: ${(cause as Error).message}`, { cause });
  }
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
