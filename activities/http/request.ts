import { randomBytes } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { EgressInit, TlsSettings } from '../../egress/egress.ts';
import type { HttpInput, MultipartField } from '../../model/http-input.ts';
import { type ActionContext, ActionError, basic } from '../action.ts';

/** Appends the query to a URL; its own query stays unchanged, since it may be signed. */
export function buildUrl({ url, query }: HttpInput): URL {
  const result = new URL(url);
  const more = parametersOf(query).toString();
  if (more !== '') result.search = result.search.length > 1 ? `${result.search}&${more}` : more;
  return result;
}

/** Returns the fields of a query or form; a field with several values is repeated. */
function parametersOf(fields: HttpInput['query']): URLSearchParams {
  return new URLSearchParams(
    Object.entries(fields).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((each): [string, string] => [name, String(each)]),
    ),
  );
}

/** Must be called with everything that a request encodes and decodes, so that secrets in it are masked. */
type Encodings = Pick<ActionContext, 'encoded' | 'decoded'>;

/**
 * Builds the request for an input, without URL and signal. Throws `input_invalid` for invalid certificates and keys.
 */
export function buildRequest(input: HttpInput, context: Encodings): EgressInit {
  const { encoded, decoded } = context;
  const { method, auth, follow_redirects } = input;
  for (const base64 of base64In(input)) decoded(base64);
  const { body, type } = bodyOf(input);
  // Systems that echo requests return their bodies as base64.
  if (body !== null) encoded(body);
  const headers = new Headers(input.headers);
  if (type !== null && !headers.has('content-type')) headers.set('content-type', type);
  if (auth !== undefined) {
    const value = 'bearer' in auth ? `Bearer ${auth.bearer}` : basic(auth.username, auth.password, encoded);
    headers.set('authorization', value);
  }
  return {
    method,
    headers: Object.fromEntries(headers),
    redirect: follow_redirects ? 'follow' : 'manual',
    ...(body === null ? {} : { body }),
    ...(input.tls === undefined ? {} : { tls: tlsOf(input.tls) }),
  };
}

/** Returns the body of a request and its default content type. */
function bodyOf({ body, form, multipart, encoding }: HttpInput): { body: string | Buffer | null; type: string | null } {
  if (form !== undefined)
    return { body: parametersOf(form).toString(), type: 'application/x-www-form-urlencoded;charset=UTF-8' };
  if (multipart !== undefined) return multipartOf(multipart);
  if (body === undefined) return { body: null, type: null };
  if (typeof body !== 'string') return { body: JSON.stringify(body), type: 'application/json' };
  if (encoding === 'base64') return { body: Buffer.from(body, 'base64'), type: 'application/octet-stream' };
  return { body, type: 'text/plain;charset=UTF-8' };
}

/** Returns the base64 texts whose bytes a request sends. */
function base64In({ body, encoding, multipart = {} }: HttpInput): string[] {
  const files = Object.values(multipart)
    .flat()
    .flatMap((field) => (typeof field === 'object' ? (field.base64 ?? []) : []));
  return typeof body === 'string' && encoding === 'base64' ? [...files, body] : files;
}

/** Builds a multipart/form-data body (RFC 7578); names are escaped as in browsers. */
function multipartOf(fields: Record<string, MultipartField | MultipartField[]>): { body: Buffer; type: string } {
  const boundary = `fermata-${randomBytes(18).toString('hex')}`;
  const parts = Object.entries(fields).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).flatMap((field) => [
      Buffer.from(`--${boundary}\r\n${partHeaders(name, field)}\r\n\r\n`),
      contentOf(field),
      Buffer.from('\r\n'),
    ]),
  );
  const body = Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
  return { body, type: `multipart/form-data; boundary=${boundary}` };
}

function partHeaders(name: string, field: MultipartField): string {
  const disposition = `Content-Disposition: form-data; name="${quoted(name)}"`;
  if (typeof field !== 'object') return disposition;
  const type =
    field.content_type ?? (field.text === undefined ? 'application/octet-stream' : 'text/plain;charset=UTF-8');
  return `${disposition}; filename="${quoted(field.filename)}"\r\nContent-Type: ${type}`;
}

function quoted(name: string): string {
  return name.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22');
}

function contentOf(field: MultipartField): Buffer {
  if (typeof field !== 'object') return Buffer.from(String(field));
  return field.base64 === undefined ? Buffer.from(field.text ?? '') : Buffer.from(field.base64, 'base64');
}

function tlsOf({ ca, certificate: cert, key, server_name: servername }: NonNullable<HttpInput['tls']>): TlsSettings {
  const settings: TlsSettings = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
  };
  try {
    createSecureContext(settings);
  } catch (error) {
    const message = `cannot be used: ${error instanceof Error ? error.message : String(error)}`;
    throw new ActionError('input_invalid', `the input is invalid: /tls ${message}`, {
      details: [{ code: 'input_invalid', path: '/tls', message }],
      retryable: false,
      cause: error,
    });
  }
  return settings;
}
