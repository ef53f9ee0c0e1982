import type { Context } from 'hono';
import { AppError } from '../../model/app-error.ts';
import type { Json } from '../../model/json.ts';
import { parseMediaType } from '../../model/media-type.ts';
import { refusal } from '../../model/refusal.ts';
import { parseJsonFor } from '../http/body.ts';
import { decodeForm, decodePlainText } from '../http/body-parser.ts';
import type { ApiEnv } from '../http/environment.ts';

/** The most fields of a form. */
const MAX_FIELDS = 1_000;

/**
 * Parses the body of a request to a webhook of a tenant: JSON; a form, as an object of texts, or as the JSON in its only field
 * `payload`; text; null for an empty body. Throws `unsupported_media_type`, `json_malformed`, `request_invalid`, `work_exceeded` and
 * `busy`.
 */
export async function parseHookBody(context: Context<ApiEnv>, tenant: string, bytes: Uint8Array): Promise<Json> {
  const { req } = context;
  const encoding = req.header('content-encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') throw unsupported('the body must not be compressed');
  if (bytes.length === 0) return null;
  const { type, charset } = parseMediaType(req.header('content-type') ?? '');
  if (type === 'application/json' || type.endsWith('+json')) return parseJsonFor(context, tenant, bytes);
  if (type === 'application/x-www-form-urlencoded') return parseForm(context, tenant, bytes);
  if (type.startsWith('text/')) return decodePlainText(bytes, charset);
  throw unsupported(`the content type must be JSON, a form or text, not ${type || 'missing'}`);
}

async function parseForm(context: Context<ApiEnv>, tenant: string, bytes: Uint8Array): Promise<Json> {
  const text = decodeForm(bytes);
  if (text.split('&', MAX_FIELDS + 1).length > MAX_FIELDS) {
    throw new AppError('request_invalid', `the form must not have more than ${MAX_FIELDS} fields`);
  }
  const fields = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(text)) fields.set(name, [...(fields.get(name) ?? []), value]);
  // As JSON refuses it.
  if (fields.has('__proto__')) {
    throw refusal('request_invalid', [{ code: 'key_reserved', path: '/__proto__', message: 'is a reserved key' }]);
  }
  const [payload, ...others] = fields.get('payload') ?? [];
  if (payload !== undefined && fields.size === 1 && others.length === 0) {
    return parseJsonFor(context, tenant, new TextEncoder().encode(payload));
  }
  return Object.fromEntries([...fields].map(([name, values]) => [name, values.length === 1 ? values[0]! : values]));
}

function unsupported(message: string): AppError {
  return new AppError('unsupported_media_type', message);
}
