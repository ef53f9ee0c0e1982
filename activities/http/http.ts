import { readBytes } from '../../egress/answer.ts';
import { type HttpInput, HttpInputSchema } from '../../model/http-input.ts';
import { type JsonObject, jsonSize } from '../../model/json.ts';
import { JsonRefused } from '../../model/json-reader.ts';
import { MAX_PAYLOAD_BYTES } from '../../model/run-input.ts';
import { createSignalScope } from '../../model/signals.ts';
import { type Action, ActionError, changedOutput, readRetryAfter } from '../action.ts';
import { type ReadBody, readBody } from './body.ts';
import { buildRequest, buildUrl } from './request.ts';

/**
 * `core.http`: returns `{ status_code, headers, encoding, body, duration_ms }`. Fails with `http_error` for an
 * unexpected status (code such as `HTTP_503`) or if there is no response (code of the operating system, such as
 * `ECONNREFUSED`), with `timeout` after `timeout` seconds, with `egress_denied` if the address is not allowed, and with
 * `too_large` for a response that exceeds the payload limit.
 */
export const httpAction: Action<HttpInput> = {
  input: HttpInputSchema,
  async run(input, { signal, fetch, encoded, decoded }) {
    const started = performance.now();
    const scope = createSignalScope();
    const limit = input.timeout === undefined ? undefined : scope.timeLimit(input.timeout * 1000);
    let answered: number | null = null;
    try {
      const response = await fetch(buildUrl(input), {
        ...buildRequest(input, { encoded, decoded }),
        signal: limit === undefined ? signal : scope.eitherOf([signal, limit]),
      });
      const { status } = response;
      answered = status;
      const expected = isExpected(status, input.expect);
      const headers = headersOfAnswer(response.headers);
      const bytes = await readBytes(response);
      const read = bodyOfAnswer(bytes, response.headers.get('content-type') ?? '', input, expected);
      if (read.encoding === 'base64') encoded(bytes);
      if (!expected) {
        throw new ActionError('http_error', `${input.method} ${placeOf(input)} responded with status ${status}`, {
          code: `HTTP_${status}`,
          details: fitting({ status_code: status, headers, ...read }),
          retryAfter: readRetryAfter(response.headers),
        });
      }
      return { status_code: status, headers, ...read, duration_ms: Math.round(performance.now() - started) };
    } catch (error) {
      if (error instanceof ActionError || signal.aborted) throw error;
      if (limit?.aborted)
        throw new ActionError('timeout', `did not respond within ${input.timeout} seconds`, { cause: error });
      const what =
        answered === null ? 'did not respond' : `responded with status ${answered}, but the body cannot be read`;
      throw new ActionError('http_error', `${input.method} ${placeOf(input)} ${what}: ${reasonOf(error)}`, {
        code: codeOf(error),
        cause: error,
      });
    } finally {
      scope.end();
    }
  },
};

/** Returns the URL of a request for failures, without the query, which may contain credentials. */
function placeOf({ url }: HttpInput): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/**
 * Returns the headers of a response: repeated ones joined by commas, but cookies, which may contain commas, as a list.
 */
function headersOfAnswer(headers: Headers): Record<string, string | string[]> {
  const found: Record<string, string | string[]> = Object.fromEntries(headers);
  const cookies = headers.getSetCookie();
  return cookies.length === 0 ? found : { ...found, 'set-cookie': cookies };
}

/** Reads the body of a response; does not throw for an unexpected response, which fails anyway. */
function bodyOfAnswer(bytes: Buffer, contentType: string, input: HttpInput, expected: boolean): ReadBody {
  try {
    return readBody(bytes, contentType, { bigIntegers: expected ? input.big_numbers : 'text' });
  } catch (error) {
    if (!(error instanceof JsonRefused)) throw error;
    if (expected) throw changedOutput(`${placeOf(input)} responded with JSON in which`, error);
    return { encoding: 'text', body: bytes.toString('utf8') };
  }
}

/** Returns the details of an unexpected response, without the body if it is too large as JSON. */
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
