import { AppError } from '../../model/app-error.ts';
import { type Issue, jsonPointer } from '../../model/issue.ts';
import { type Json, MAX_DEPTH } from '../../model/json.ts';
import { JsonRefused, parseJson } from '../../model/json-reader.ts';
import { decodeCharset, parseMediaType } from '../../model/media-type.ts';
import { boundedText, decodeEscapes } from '../../model/text.ts';
import { parseYaml, type TextPlace, YamlMalformed } from '../../model/yaml.ts';
import { Ambiguities } from '../../model/yaml-ambiguity.ts';
import { readPackArchive } from './archives/packs.ts';

/** The media types of request bodies, as named in OpenAPI. */
export const BODY_TYPES = [
  'application/json',
  'application/yaml',
  'application/zip',
  'application/x-www-form-urlencoded',
] as const;

/** The media type of a body. */
export type BodyType = (typeof BODY_TYPES)[number];

/** Types that are parsed to JSON; a form stays text. */
export type DocumentType = Exclude<BodyType, 'application/x-www-form-urlencoded'>;

/** The value of a body, with warnings about ambiguous YAML, also in an archive. */
export interface ParsedBody {
  value: Json;
  warnings: Issue[];
}

/** Jobs that parse bodies of requests. */
export interface ParseJobs {
  parse: { input: { type: DocumentType; bytes: Uint8Array }; result: ParsedBody };
  format_yaml: { input: { value: Json }; result: string };
  /** Finds where values stand in a text of YAML or JSON. */
  find_places: { input: { text: string; pointers: string[] }; result: (TextPlace | null)[] };
}

/** The maximum number of keys and entries of all objects and lists in a body. */
const MAX_ENTRIES = 200_000;

/** Older names of the types: of YAML before RFC 9512, and of ZIP in Windows. */
const ALIASES: Record<string, BodyType> = {
  'application/x-yaml': 'application/yaml',
  'text/yaml': 'application/yaml',
  'text/x-yaml': 'application/yaml',
  'application/x-zip-compressed': 'application/zip',
};

/** Returns the type that a content-type header names; null if it is not supported. */
export function findBodyType(header: string): BodyType | null {
  const { type } = parseMediaType(header);
  return BODY_TYPES.find((each) => each === type) ?? (Object.hasOwn(ALIASES, type) ? ALIASES[type]! : null);
}

/**
 * Parses a body into JSON. A pure function with its own limits, so that it can run in any thread. Throws
 * `json_malformed`, `yaml_malformed`, and `request_invalid` for values that are too deep or too large, for archives
 * that are not packs, and for JSON whose values would change.
 */
export async function parseBody(type: DocumentType, bytes: Uint8Array): Promise<ParsedBody> {
  if (type === 'application/json') return { value: parseJsonBody(bytes), warnings: [] };
  const ambiguities = new Ambiguities();
  const isArchive = type === 'application/zip';
  const value = isArchive ? await readPackArchive(bytes, ambiguities) : parseYamlBody(bytes, ambiguities);
  return { value, warnings: ambiguities.warnings() };
}

function parseYamlBody(bytes: Uint8Array, ambiguities: Ambiguities): Json {
  const text = decodeText(bytes, 'yaml_malformed');
  try {
    return parseYaml(text, undefined, ambiguities);
  } catch (cause) {
    if (!(cause instanceof YamlMalformed)) throw cause;
    throw new AppError('yaml_malformed', `the body is not valid YAML: ${cause.message}`, { cause });
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
    throw new AppError('json_malformed', `the body is not valid JSON: ${(cause as Error).message}`, { cause });
  }
  checkExtent(value, [], { left: MAX_ENTRIES });
  return value;
}

/** Throws `request_invalid` with a pointer to where a value exceeds the limits of depth or of keys and entries. */
function checkExtent(value: Json, path: (string | number)[], allowance: { left: number }): void {
  if (typeof value !== 'object' || value === null) return;
  if (path.length >= MAX_DEPTH) throw tooMuch('too_deep', path, `must not be nested deeper than ${MAX_DEPTH} levels`);
  const visit = (key: string | number, entry: Json): void => {
    allowance.left -= 1;
    path.push(key);
    if (allowance.left < 0) {
      throw tooMuch('too_large', path, `exceeds the limit of ${MAX_ENTRIES} keys and entries in a body`);
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

/** Decodes UTF-8 without a byte order mark. Throws the given code for other bytes. */
export function decodeText(bytes: Uint8Array, code: 'json_malformed' | 'yaml_malformed' | 'request_invalid'): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new AppError(code, 'the body is not valid UTF-8', { cause });
  }
}

/** Decodes a form to its text. Throws `request_invalid` for bytes and percent-escapes that are not UTF-8: they would be taken for others. */
export function decodeForm(bytes: Uint8Array): string {
  const text = decodeText(bytes, 'request_invalid');
  // A percent sign alone is no escape.
  const escapes = text.match(/(?:%[0-9a-f]{2})+/gi) ?? [];
  if (!escapes.some((each) => decodeEscapes(each) === null)) return text;
  throw new AppError('request_invalid', 'the form has a percent-escape that is not UTF-8');
}

/** Decodes text by a charset, or as UTF-8 without one. Throws `request_invalid` for an unknown charset, and for bytes that it does not have. */
export function decodePlainText(bytes: Uint8Array, charset: string | null): string {
  if (charset === null) return decodeText(bytes, 'request_invalid');
  const text = decodeCharset(bytes, charset);
  if (text !== null) return text;
  throw new AppError('request_invalid', `the body cannot be decoded as ${boundedText(charset, 40)}`);
}
