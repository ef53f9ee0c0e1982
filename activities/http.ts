import { readText } from '../egress/answer.ts';
import { type HttpInput, HttpInputSchema } from '../model/http-input.ts';
import { type Json, type JsonObject, jsonSize } from '../model/json.ts';
import { MAX_PAYLOAD_BYTES } from '../model/run-input.ts';
import { type Action, type ActionContext, ActionError, basic } from './action.ts';
import { timer } from './attempt.ts';

/**
 * `core.http` (design/shapes.md, Actions): `{ status_code, headers, body, duration_ms }`. Fails with `http_error` on an
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
        ...bodyOf(input, encoded),
      });
      const headers = Object.fromEntries(response.headers);
      const body = parseBody(await readText(response), headers['content-type']);
      const { status } = response;
      if (!isExpected(status, input.expect)) {
        throw new ActionError('http_error', `${input.method} ${urlOf(input).origin} answered ${status}`, {
          code: `HTTP_${status}`,
          details: fitting({ status_code: status, headers, body }),
        });
      }
      return { status_code: status, headers, body, duration_ms: Math.round(performance.now() - started) };
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

function urlOf({ url, query }: HttpInput): URL {
  const result = new URL(url);
  for (const [name, value] of Object.entries(query)) result.searchParams.set(name, String(value));
  return result;
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

function bodyOf({ body, form }: HttpInput, encoded: ActionContext['encoded']): { body?: string | URLSearchParams } {
  if (form !== undefined) {
    const fields = Object.entries(form).map(([name, value]) => [name, String(value)] as [string, string]);
    const params = new URLSearchParams(fields);
    encoded(params.toString());
    return { body: params };
  }
  if (body === undefined) return {};
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  // Systems that give a request back have its body in base64.
  encoded(text);
  return { body: text };
}

function parseBody(text: string, contentType: string | undefined): Json {
  if (text === '') return null;
  if (!/[/+]json\b/i.test(contentType ?? '')) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text; // what claims to be JSON and is not stays readable as text
  }
}

/** The details of an unexpected answer; without its body where that is too large as JSON. */
function fitting(details: JsonObject): JsonObject {
  return jsonSize(details) <= MAX_PAYLOAD_BYTES ? details : { ...details, body: null, truncated: true };
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
