import { z } from 'zod';
import { Base64Schema, FILE_CONTENT, hasOneContent, ONE_CONTENT } from './base64.ts';
import { type Issue, jsonPointer } from './issue.ts';
import { isJsonObject, type Json } from './json.ts';
import { JsonValueSchema } from './json-value.ts';

const HttpMethod = z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const Scalar = z.union([z.string(), z.number(), z.boolean()]);
const Fields = z.record(z.string(), z.union([Scalar, z.array(Scalar)]));

/** Headers that frame a message or concern one connection only: the HTTP client sets them. */
const CLIENT_HEADERS = new Set([
  ...['connection', 'content-length', 'expect', 'host', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

/** Returns why a request cannot have a header with a name; null when it can. */
function nameProblem(name: string): string | null {
  const lower = name.toLowerCase();
  if (CLIENT_HEADERS.has(lower) || lower.startsWith('proxy-')) return 'is set by the HTTP client and must not be given';
  return /^[\w!#$%&'*+.^`|~-]+$/.test(name) ? null : 'is not a valid header name';
}

/** The fields of which one is the content of a request. */
const CONTENTS = ['body', 'form', 'multipart'] as const;

/** Returns what is wrong with the content of a request; `method` is null while it is not known. */
function contentProblems(
  method: string | null,
  given: Partial<Record<(typeof CONTENTS)[number], unknown>>,
): { name: string; message: string }[] {
  const [content, second] = CONTENTS.filter((name) => given[name] !== undefined);
  const isSent = method !== 'GET' && method !== 'HEAD';
  return [
    ...(second === undefined ? [] : [{ name: second, message: `cannot be combined with "${content}"` }]),
    ...(content === undefined || isSent ? [] : [{ name: content, message: `cannot be sent with ${method}` }]),
  ];
}

/** How an integer beyond 2^53, which a JSON number cannot represent exactly, is read. */
export const BigNumbers = z
  .literal('text')
  .optional()
  .describe(
    '`text`: integers of 2^53 and above are returned as text. By default the task fails on them (`NUMBER_INEXACT`).',
  );

/** A file of a form, or a plain value. */
const FileSchema = z
  .strictObject({
    filename: z.string().min(1).max(1000),
    content_type: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[\t\x20-\x7e]+$/, 'must be one line of ASCII')
      .meta({ 'x-expected': 'one line of ASCII' })
      .optional(),
    ...FILE_CONTENT,
  })
  .refine(hasOneContent, ONE_CONTENT);
const MultipartFieldSchema = z.union([Scalar, FileSchema]);

/** A field of multipart/form-data. */
export type MultipartField = z.infer<typeof MultipartFieldSchema>;

const pem = (what: string) =>
  z
    .string()
    .max(200_000)
    .refine(
      (text) => new RegExp(`-----BEGIN [A-Z0-9 ]*${what}-----`).test(text),
      `must be a ${what.toLowerCase()} in PEM`,
    );

/** The TLS settings of a request; certificates are always verified. */
const TlsSchema = z
  .strictObject({
    ca: pem('CERTIFICATE')
      .optional()
      .describe('PEM certificates of the authorities that are trusted instead of the public ones.'),
    certificate: pem('CERTIFICATE').optional().describe('PEM certificate chain of this client.'),
    // The encryption of a key decides how long decrypting it would block the worker.
    key: pem('PRIVATE KEY')
      .refine(
        (text) => !/\bENCRYPTED\b/.test(text),
        'must not be encrypted: decrypt the key; secrets are sealed at rest',
      )
      .optional()
      .describe('The unencrypted PEM private key of this client, from a secret.'),
    server_name: z
      .string()
      .min(1)
      .max(253)
      .optional()
      .describe('The name in the certificate of the server. Defaults to the host of the URL.'),
  })
  .refine(
    ({ certificate, key }) => (certificate === undefined) === (key === undefined),
    'needs "certificate" and "key" together',
  );

/** The input of `core.http`. */
export const HttpInputSchema = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).describe('Absolute URL, http or https.'),
    method: HttpMethod.default('GET'),
    headers: z.record(z.string(), z.string()).default({}),
    query: Fields.default({}).describe('Parameters that are added to the query of the URL; a list repeats the name.'),
    body: JsonValueSchema.optional().describe('The body; a string is sent unchanged, any other value as JSON.'),
    encoding: z.literal('base64').optional().describe('`base64`: the body is base64 and is decoded before it is sent.'),
    form: Fields.optional().describe('Fields that are sent URL-encoded; a list repeats the name.'),
    multipart: z
      .record(z.string(), z.union([MultipartFieldSchema, z.array(MultipartFieldSchema)]))
      .optional()
      .describe('Values and files that are sent as multipart/form-data; a list repeats the name.'),
    tls: TlsSchema.optional(),
    timeout: z.number().positive().optional().describe('Seconds for the request, within the timeout of the task.'),
    follow_redirects: z.boolean().default(true),
    big_numbers: BigNumbers,
    expect: z
      .array(z.union([z.int(), z.string().regex(/^[1-5]\d\d(-[1-5]\d\d)?$/)]))
      .default(['200-299'])
      .describe('Status codes, or ranges of them, that count as success.'),
    auth: z
      .union([z.strictObject({ username: z.string(), password: z.string() }), z.strictObject({ bearer: z.string() })])
      .optional(),
  })
  .superRefine(({ url, method, headers, body, form, multipart, encoding, tls }, context) => {
    const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const [name, value] of Object.entries(headers)) {
      const problem = nameProblem(name);
      if (problem !== null) refuse(['headers', name], problem);
      else if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
        refuse(['headers', name], 'must be one line of Latin-1 characters');
      }
    }
    if (/^https?:\/\/[^/?#]*@/i.test(url)) refuse(['url'], 'cannot contain credentials: use "auth"');
    if (multipart !== undefined) {
      const named = Object.keys(headers).find((name) => name.toLowerCase() === 'content-type');
      if (named !== undefined) refuse(['headers', named], 'cannot be combined with "multipart", which sets it');
    }
    for (const { name, message } of contentProblems(method, { body, form, multipart })) refuse([name], message);
    if (encoding !== undefined && !Base64Schema.safeParse(body).success)
      refuse(['body'], 'must be base64 with padding');
    if (tls !== undefined && !/^https:/i.test(url)) refuse(['tls'], 'needs an https URL');
  });

/** The input of `core.http`, defaults applied. */
export type HttpInput = z.infer<typeof HttpInputSchema>;

/**
 * Finds what is wrong with an input of `core.http`, whatever its templates render to: headers that it cannot have, and content next to
 * other content or to a method without any. `isTemplate` reports what is not known yet.
 */
export function httpInputIssues(input: Json, base: string, isTemplate: (value: Json | undefined) => boolean): Issue[] {
  if (!isJsonObject(input)) return [];
  const { headers = {}, method = 'GET' } = input;
  const names = isJsonObject(headers) ? Object.keys(headers) : [];
  const ofHeaders = names.flatMap((name) => {
    const message = nameProblem(name);
    return message === null ? [] : [{ path: jsonPointer(['headers', name]), message }];
  });
  const sent = typeof method === 'string' && !isTemplate(method) ? method : null;
  const ofContent = contentProblems(sent, input).map(({ name, message }) => ({ path: jsonPointer([name]), message }));
  return [...ofHeaders, ...ofContent].map(({ path, message }) => ({
    code: 'input_invalid',
    path: `${base}${path}`,
    message,
  }));
}
