import { z } from 'zod';
import { type Issue, jsonPointer } from './issue.ts';
import { isJsonObject, type Json } from './json.ts';
import { JsonValueSchema } from './json-value.ts';

const HttpMethod = z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const Scalar = z.union([z.string(), z.number(), z.boolean()]);
const Fields = z.record(z.string(), z.union([Scalar, z.array(Scalar)]));

/** Headers that frame a message or concern one connection only: the HTTP client sets them. */
const CLIENT_HEADERS = new Set([
  ...['connection', 'content-length', 'expect', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

/** Says why a request cannot have a header of this name; null when it can. */
function nameProblem(name: string): string | null {
  const lower = name.toLowerCase();
  if (CLIENT_HEADERS.has(lower) || lower.startsWith('proxy-')) return 'is set by the HTTP client and cannot be given';
  return /^[\w!#$%&'*+.^`|~-]+$/.test(name) ? null : 'is not a valid header name';
}

/** What becomes of an integer beyond 2^53, which a JSON number cannot represent exactly. */
export const BigNumbers = z
  .literal('text')
  .optional()
  .describe('`text`: integers from 2^53 on are given as text. Without it the task fails (`NUMBER_INEXACT`).');

/** The input of `core.http`. */
export const HttpInputSchema = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).describe('Absolute URL, http or https.'),
    method: HttpMethod.default('GET'),
    headers: z.record(z.string(), z.string()).default({}),
    query: Fields.default({}).describe('Added to the query of the URL; a list as the same name several times.'),
    body: JsonValueSchema.optional().describe('Sent as it is when it is text, else as JSON.'),
    form: Fields.optional().describe('Sent URL-encoded; a list as the same name several times.'),
    timeout: z.number().positive().optional().describe('Seconds for this request, within the timeout of the task.'),
    follow_redirects: z.boolean().default(true),
    big_numbers: BigNumbers,
    expect: z
      .array(z.union([z.int(), z.string().regex(/^[1-5]\d\d(-[1-5]\d\d)?$/)]))
      .default(['200-299'])
      .describe('Status codes or ranges that count as success.'),
    auth: z
      .union([z.strictObject({ username: z.string(), password: z.string() }), z.strictObject({ bearer: z.string() })])
      .optional(),
  })
  .superRefine(({ url, method, headers, body, form }, context) => {
    const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const [name, value] of Object.entries(headers)) {
      const problem = nameProblem(name);
      if (problem !== null) refuse(['headers', name], problem);
      else if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
        refuse(['headers', name], 'must be one line of Latin-1 characters');
      }
    }
    if (/^https?:\/\/[^/?#]*@/i.test(url)) refuse(['url'], 'cannot contain credentials: use "auth"');
    if (body !== undefined && form !== undefined) refuse(['form'], 'cannot be combined with "body"');
    if ((method === 'GET' || method === 'HEAD') && (body !== undefined || form !== undefined)) {
      refuse([body === undefined ? 'form' : 'body'], `cannot be sent with ${method}`);
    }
  });

/** The input of `core.http`, defaults applied. */
export type HttpInput = z.infer<typeof HttpInputSchema>;

/** Finds the headers that an input of `core.http` cannot have, whatever its templates render to. */
export function headerIssues(input: Json, base: string): Issue[] {
  const headers = isJsonObject(input) ? input.headers : undefined;
  if (!isJsonObject(headers)) return [];
  return Object.keys(headers).flatMap((name) => {
    const message = nameProblem(name);
    return message === null
      ? []
      : [{ code: 'input_invalid', path: `${base}${jsonPointer(['headers', name])}`, message }];
  });
}
