import { readBytes } from '../../egress/answer.ts';
import { type HttpInput, HttpInputSchema } from '../../model/http-input.ts';
import { type JsonObject, jsonSize } from '../../model/json.ts';
import { JsonRefused } from '../../model/json-reader.ts';
import { MAX_PAYLOAD_BYTES } from '../../model/run-input.ts';
import { type Action, ActionError, changedOutput, retryAfterOf } from '../action.ts';
import { timer } from '../attempt.ts';
import { type ReadBody, readBody } from './body.ts';
import { requestOf, urlOf } from './request.ts';

/**
 * `core.http`: `{ status_code, headers, encoding, body, duration_ms }`. Fails with `http_error` on an
 * unexpected status (code `HTTP_503`) and when no answer came (the system's own code, as `ECONNREFUSED`), with
 * `timeout` after `timeout` seconds, with `egress_denied` where the address may not be reached, with `too_large` on an
 * answer beyond what a payload may hold.
 */
export const httpAction: Action<HttpInput> = {
  input: HttpInputSchema,
  async run(input, { signal, fetch, encoded, decoded }) {
    const started = performance.now();
    const limit = input.timeout === undefined ? undefined : timer(input.timeout);
    let answered: number | null = null;
    try {
      const response = await fetch(urlOf(input), {
        ...requestOf(input, { encoded, decoded }),
        signal: limit === undefined ? signal : AbortSignal.any([signal, limit]),
      });
      const { status } = response;
      answered = status;
      const expected = isExpected(status, input.expect);
      const headers = headersOfAnswer(response.headers);
      const bytes = await readBytes(response);
      const read = bodyOfAnswer(bytes, response.headers.get('content-type') ?? '', input, expected);
      if (read.encoding === 'base64') encoded(bytes);
      if (!expected) {
        throw new ActionError('http_error', `${input.method} ${placeOf(input)} answered ${status}`, {
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
      const what = answered === null ? 'did not answer' : `answered ${answered}, and its body cannot be read`;
      throw new ActionError('http_error', `${input.method} ${placeOf(input)} ${what}: ${reasonOf(error)}`, {
        code: codeOf(error),
        cause: error,
      });
    }
  },
};

/** The URL of a request as a failure names it: without its query, which may let somebody in. */
function placeOf({ url }: HttpInput): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
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
    if (expected) throw changedOutput(`${placeOf(input)} answered JSON in which`, error);
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
  const { cause, code } = error as { cause?: { code?: unknown }; code?: unknown };
  const found = cause?.code ?? code;
  return typeof found === 'string' ? found : 'HTTP_FAILED';
}

function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  if (cause instanceof Error && cause.message !== '') return cause.message;
  return error instanceof Error ? error.message : String(error);
}
