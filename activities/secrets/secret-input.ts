import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { SecretTexts } from '../../model/secret-texts.ts';
import { ActionError } from '../action.ts';

/** Returns the value of a secret of a tenant; null if there is none. */
export type SecretOf = (tenant: string, name: string) => Promise<string | null>;

/**
 * Returns an input with its secrets filled in, and their values by name. Throws an ActionError (`secret_missing`) for a
 * secret that does not exist.
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
          const message = `secret "${piece.secret}" not found: create it with PUT /api/v1/secrets/${piece.secret}`;
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
