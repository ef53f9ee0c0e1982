import type { Json } from '../../model/json.ts';
import { JsonRefused, parseJson, type ReadingOptions } from '../../model/json-reader.ts';

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
  const [name = '', ...parameters] = contentType.toLowerCase().split(';');
  const type = name.trim();
  const charset = parameters.map((each) => /^\s*charset\s*=\s*"?([^"\s]+)"?\s*$/.exec(each)?.[1]).find((each) => each);
  const isJson = JSON_TYPE.test(type);
  // A body without a type is text if it can be decoded.
  const isText = isJson || charset !== undefined || type === '' || type.startsWith('text/') || TEXT.test(type);
  const text = isText ? decode(bytes, isJson ? 'utf-8' : (charset ?? 'utf-8')) : null;
  if (text === null) return { encoding: 'base64', body: bytes.toString('base64') };
  if (!isJson) return { encoding: 'text', body: text };
  try {
    return { encoding: 'json', body: parseJson(text, options) };
  } catch (error) {
    if (error instanceof JsonRefused) throw error;
    return { encoding: 'text', body: text };
  }
}

/** Decodes text without a byte order mark; null for an unknown charset or invalid bytes. */
function decode(bytes: Buffer, charset: string): string | null {
  try {
    const decoder = new TextDecoder(charset, { fatal: true });
    // Node decodes windows-1252, the meaning of Latin-1 on the web, as ISO 8859-1: https://github.com/nodejs/node/issues/56542
    if (decoder.encoding !== 'windows-1252') return decoder.decode(bytes);
    return bytes
      .toString('latin1')
      .replace(/[\x80-\x9f]/g, (character) => WINDOWS_1252[character.charCodeAt(0) - 0x80]!);
  } catch {
    return null;
  }
}

/** The characters of windows-1252 from 0x80 to 0x9F. */
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';
