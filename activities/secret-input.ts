import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { SecretTexts } from '../model/secret-texts.ts';
import { ActionError } from './action.ts';

/** Finds what a secret of a tenant is; null: there is none. */
export type SecretOf = (tenant: string, name: string) => Promise<string | null>;

/**
 * An input with its secrets put in, and what they are, by name. Throws an ActionError `secret_missing` for one that is not
 * there.
 */
export async function withSecrets(
  input: Json,
  texts: SecretTexts,
  find: (name: string) => Promise<string | null>,
): Promise<{ input: Json; secrets: JsonObject }> {
  const secrets: JsonObject = {};
  let filled = input;
  for (const [pointer, pieces] of Object.entries(texts)) {
    let text = '';
    for (const piece of pieces) {
      if (typeof piece === 'string') text += piece;
      else {
        const value = await find(piece.secret);
        if (value === null) {
          const message = `there is no secret "${piece.secret}": PUT /api/v1/secrets/${piece.secret} stores it`;
          throw new ActionError('secret_missing', message, { retryable: false });
        }
        secrets[piece.secret] = value;
        text += value;
      }
    }
    filled = replaced(filled, pointer.split('/').slice(1), text);
  }
  return { input: filled, secrets };
}

function replaced(value: Json, path: readonly string[], text: string): Json {
  const [part, ...rest] = path;
  if (part === undefined) return text;
  const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
  if (Array.isArray(value)) {
    return value.map((entry, index) => (index === Number(key) ? replaced(entry, rest, text) : entry));
  }
  return isJsonObject(value) ? { ...value, [key]: replaced(value[key] ?? null, rest, text) } : value;
}
