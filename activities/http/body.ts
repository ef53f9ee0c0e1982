import type { Json } from '../../model/json.ts';
import { JsonRefused, parseJson, type ReadingOptions } from '../../model/json-reader.ts';
import { decodeCharset, parseMediaType } from '../../model/media-type.ts';

/** A response body in JSON: a value, text, bytes as base64, or nothing. */
export type ReadBody =
  | { encoding: 'json'; body: Json }
  | { encoding: 'text' | 'base64'; body: string }
  | { encoding: 'none'; body: null };

/** Text types that do not begin with `text/`. */
const TEXT =
  /^(application\/(xml|yaml|x-yaml|x-ndjson|jsonl|javascript|graphql|sql|x-www-form-urlencoded)|[\w.-]+\/[\w.-]+\+(xml|yaml))$/;

const JSON_TYPE = /^([\w.-]+\/json|[\w.-]+\/[\w.-]+\+json)$/;

/**
 * Reads a body by its content type: JSON as a value, text by its charset, and everything else, or what cannot be
 * decoded, as base64. Invalid JSON is returned as text. Throws JsonRefused for JSON whose values would change
 * (`parseJson`).
 */
export function readBody(bytes: Buffer, contentType: string, options: ReadingOptions): ReadBody {
  if (bytes.length === 0) return { encoding: 'none', body: null };
  const { type, charset } = parseMediaType(contentType);
  const isJson = JSON_TYPE.test(type);
  // A body without a type is text if it can be decoded.
  const isText = isJson || charset !== null || type === '' || type.startsWith('text/') || TEXT.test(type);
  const text = isText ? decodeCharset(bytes, isJson ? 'utf-8' : (charset ?? 'utf-8')) : null;
  if (text === null) return { encoding: 'base64', body: bytes.toString('base64') };
  if (!isJson) return { encoding: 'text', body: text };
  try {
    return { encoding: 'json', body: parseJson(text, options) };
  } catch (error) {
    if (error instanceof JsonRefused) throw error;
    return { encoding: 'text', body: text };
  }
}
