import { readBytes } from '../egress/answer.ts';
import { type HttpInput, HttpInputSchema } from '../model/http-input.ts';
import { type JsonObject, jsonSize } from '../model/json.ts';
import { JsonRefused } from '../model/json-reader.ts';
import { MAX_PAYLOAD_BYTES } from '../model/run-input.ts';
import { type Action, type ActionContext, ActionError, basic, changedOutput, retryAfterOf } from './action.ts';
import { timer } from './attempt.ts';
import { type ReadBody, readBody } from './http-body.ts';

/**
 * `core.http`: `{ status_code, headers, encoding, body, duration_ms }`. Fails with `http_error` on an
 * unexpected status (code `HTTP_503`) and when no answer came (the system's own code, as `ECONNREFUSED`), with
 * `timeout` after `timeout` seconds, with `egress_denied` where the address may not be reached, with `too_large` on an
 * answer beyond what a payload may hold.
 */
export const httpAction: Action<HttpInput> = {
  input: HttpInputSchema,
  async run(input, { signal, fetch, encoded }) {
    const started = performance.now();
    const limit = input.timeout === undefined ? undefined : timer(input.timeout);
    try {
      const response = await fetch(urlOf(input), {
        method: input.method,
        headers: headersOf(input, encoded),
        redirect: input.follow_redirects ? 'follow' : 'manual',
        signal: limit === undefined ? signal : AbortSignal.any([signal, limit]),
        ...sentBody(input, encoded),
      });
      const { status } = response;
      const expected = isExpected(status, input.expect);
      const headers = headersOfAnswer(response.headers);
      const bytes = await readBytes(response);
      const read = bodyOfAnswer(bytes, response.headers.get('content-type') ?? '', input, expected);
      if (read.encoding === 'base64') encoded(bytes);
      if (!expected) {
        throw new ActionError('http_error', `${input.method} ${urlOf(input).origin} answered ${status}`, {
          code: `HTTP_${status}`,
          details: fitting({ status_code: status, headers, ...read }),
          retryAfter: retryAfterOf(response.headers),
        });
      }
      return { status_code: status, headers, ...read, duration_ms: Math.round(performance.now() - started) };
    } catch (error) {
      if (error instanceof ActionError || signal.aborted) throw error;
      if (limit?.aborted)
        throw new ActionError('timeout', `no answer within ${input.timeout} seconds`, { cause: error });
      throw new ActionError('http_error', `${urlOf(input).origin} did not answer: ${reasonOf(error)}`, {
        code: codeOf(error),
        cause: error,
      });
    }
  },
};

/** The URL with the query behind what it has itself, which stays as it is: it may be signed. */
function urlOf({ url, query }: HttpInput): URL {
  const result = new URL(url);
  const more = parametersOf(query).toString();
  if (more !== '') result.search = result.search.length > 1 ? `${result.search}&${more}` : more;
  return result;
}

/** Fields of a query or a form; one with several values stands there as often. */
function parametersOf(fields: HttpInput['query']): URLSearchParams {
  return new URLSearchParams(
    Object.entries(fields).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((each): [string, string] => [name, String(each)]),
    ),
  );
}

function headersOf(
  { headers, body, form, auth }: HttpInput,
  encoded: ActionContext['encoded'],
): Record<string, string> {
  const result = new Headers(headers);
  if (form === undefined && body !== undefined && typeof body !== 'string' && !result.has('content-type')) {
    result.set('content-type', 'application/json');
  }
  if (auth !== undefined) {
    result.set(
      'authorization',
      'bearer' in auth ? `Bearer ${auth.bearer}` : basic(auth.username, auth.password, encoded),
    );
  }
  return Object.fromEntries(result);
}

function sentBody({ body, form }: HttpInput, encoded: ActionContext['encoded']): { body?: string | URLSearchParams } {
  if (form !== undefined) {
    const params = parametersOf(form);
    encoded(params.toString());
    return { body: params };
  }
  if (body === undefined) return {};
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  // Systems that give a request back have its body in base64.
  encoded(text);
  return { body: text };
}

/** Headers of an answer, those that come several times joined by commas; cookies, whose commas mean something else, as a list. */
function headersOfAnswer(headers: Headers): Record<string, string | string[]> {
  const found: Record<string, string | string[]> = Object.fromEntries(headers);
  const cookies = headers.getSetCookie();
  return cookies.length === 0 ? found : { ...found, 'set-cookie': cookies };
}

/** Reads the body of an answer; that of an unexpected one, which fails anyway, without refusing it. */
function bodyOfAnswer(bytes: Buffer, contentType: string, input: HttpInput, expected: boolean): ReadBody {
  try {
    return readBody(bytes, contentType, { bigIntegers: expected ? input.big_numbers : 'text' });
  } catch (error) {
    if (!(error instanceof JsonRefused)) throw error;
    if (expected) throw changedOutput(`${urlOf(input).origin} answered JSON in which`, error);
    return { encoding: 'text', body: bytes.toString('utf8') };
  }
}

/** The details of an unexpected answer; without its body where that is too large as JSON. */
function fitting(details: JsonObject): JsonObject {
  return jsonSize(details) <= MAX_PAYLOAD_BYTES
    ? details
    : { ...details, encoding: 'none', body: null, truncated: true };
}

function isExpected(status: number, expected: HttpInput['expect']): boolean {
  return expected.some((entry) => {
    const [from, to] = String(entry).split('-').map(Number);
    return status >= from! && status <= (to ?? from!);
  });
}

function codeOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown } };
  return typeof cause?.code === 'string' ? cause.code : 'HTTP_FAILED';
}

function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  if (cause instanceof Error && cause.message !== '') return cause.message;
  return error instanceof Error ? error.message : String(error);
}
